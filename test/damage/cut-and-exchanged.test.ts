import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { numbers, SEED } from './chance.ts';
import { type Deposit, FORMATS, type Place, placeForAll, resealed } from './place.ts';

let place: Place;
placeForAll((made) => {
  place = made;
});

/** The size shows it, whatever the format. */
const CUTS = 5;
/** Restored into a server. What is compressed, or in pg_dump's own format, can't be read to its end. */
const RESEALED = 8;
const LONG_MS = 300_000;

describe.each(FORMATS)(
  `a cut in format %s, compression %s (DAMAGE_SEED=${SEED})`,
  (format, compression) => {
    let whole: Deposit;
    beforeAll(async () => {
      whole = await place.deposit({ format, compression });
    });

    it('in the vault is found, wherever it is', { timeout: LONG_MS }, async () => {
      for (const at of numbers(`${format} ${compression} stored`, CUTS, whole.bytes.length)) {
        const { verdict, differences } = await place.read({
          ...whole,
          bytes: whole.bytes.subarray(0, at),
        });
        expect({ at, verdict }).toEqual({ at, verdict: 'failed' });
        expect(differences[0]).toContain(`it has ${at} bytes, and had ${whole.bytes.length}`);
      }
    });

    it('from before the upload is found by the restored schema, wherever it is', {
      timeout: LONG_MS,
    }, async () => {
      const missed: unknown[] = [];
      for (const at of numbers(`${format} ${compression} uploaded`, RESEALED, whole.bytes.length)) {
        const { verdict } = await place.verify(
          resealed(whole, whole.bytes.subarray(0, at)),
          'counts',
        );
        if (verdict === 'failed') continue;
        // A tar archive ends with empty blocks.
        const differing = verdict === 'verified' ? await place.trulyDiffers() : [verdict];
        if (differing.length) missed.push({ at, differing });
      }
      expect(missed).toEqual([]);
    });
  },
);

describe('an object in the wrong place', () => {
  let one: Deposit;
  let other: Deposit;
  beforeAll(async () => {
    one = await place.deposit({ format: 'custom', compression: 'zstd' });
    await place.postgres.sql("UPDATE acme.people SET name = 'other' WHERE id = 1", place.database);
    other = await place.deposit({ format: 'custom', compression: 'zstd' });
  });

  it('two objects exchanged are both found', async () => {
    expect((await place.verify({ ...one, bytes: other.bytes })).verdict).toBe('failed');
    expect((await place.verify({ ...other, bytes: one.bytes })).verdict).toBe('failed');
    // Even if both have as many bytes.
    const length = Math.min(one.bytes.length, other.bytes.length);
    const cut = resealed(one, one.bytes.subarray(0, length));
    const { verdict, differences } = await place.read({
      ...cut,
      bytes: other.bytes.subarray(0, length),
    });
    expect({ verdict, differences }).toEqual({
      verdict: 'failed',
      differences: expect.arrayContaining([expect.stringContaining('its SHA-256 has changed')]),
    });
  });

  it('two objects exchanged with their manifests are both found', async () => {
    const { verdict, differences } = await place.verify({
      ...one,
      manifest: other.manifest,
      bytes: other.bytes,
    });
    expect({ verdict, differences }).toEqual({
      verdict: 'failed',
      differences: [expect.stringContaining('the manifest beside it names another backup')],
    });
  });

  it('a manifest of another backup is found', async () => {
    expect(await place.verify({ ...one, manifest: other.manifest })).toMatchObject({
      verdict: 'failed',
      differences: [expect.stringContaining('names another backup')],
    });
  });

  it("a manifest of another backup, edited to have this one's names, is found", async () => {
    const forged = { ...other.manifest, backup: one.manifest.backup, object: one.manifest.object };
    const { verdict, differences } = await place.verify({ ...one, manifest: forged }, 'rows');
    expect({ verdict, differences }).toEqual({
      verdict: 'failed',
      differences: ['table "acme"."people" has its 40 rows, but the contents of some have changed'],
    });
  });

  it('an object that is gone, and a manifest that is gone, are found', async () => {
    expect(await place.verify({ ...one, bytes: undefined })).toMatchObject({
      verdict: 'failed',
      differences: [expect.stringContaining('has no object')],
    });
    expect(await place.verify({ ...one, manifest: undefined })).toMatchObject({
      verdict: 'failed',
      differences: [expect.stringContaining('has no object')],
    });
  });
});

describe('a plain backup with a missing part, whose digests match', () => {
  let whole: Deposit;
  let text: string;
  beforeAll(async () => {
    whole = await place.deposit({ format: 'plain', compression: 'none' });
    text = whole.bytes.toString();
  });

  const without = (part: RegExp): Buffer => {
    const left = text.replace(part, '');
    expect(left.length).toBeLessThan(text.length);
    return Buffer.from(left);
  };

  it.each<[string, RegExp, string]>([
    ['a row', /^7\t\\\\x.*\n/m, 'table "acme"."letters" has 39 rows, and had 40'],
    [
      'a foreign key',
      /^ALTER TABLE ONLY acme\.letters\n[^;]*FOREIGN KEY[^;]*;\n/m,
      'constraint letters_sender_fkey on acme.letters is missing',
    ],
    [
      'a comment',
      /^COMMENT ON TABLE[^;]*;\n/m,
      'table acme.people is defined otherwise than at the source',
    ],
    ['an index', /^CREATE INDEX by_name [^;]*;\n/m, 'index acme.by_name is missing'],
    ['a trigger', /^CREATE TRIGGER touched [^;]*;\n/m, 'trigger touched on acme.people is missing'],
    ['a policy', /^CREATE POLICY own [^;]*;\n/m, 'policy own on acme.people is missing'],
    [
      'a view',
      /^CREATE VIEW acme\.adults[\s\S]*? OWNER TO [^;]*;\n/m,
      'view acme.adults is missing',
    ],
    [
      'row security',
      /^ALTER TABLE acme\.people ENABLE ROW LEVEL SECURITY;\n/m,
      'table acme.people is defined otherwise than at the source',
    ],
    [
      "the sequence's value",
      /^SELECT pg_catalog\.setval[^;]*;\n/m,
      'sequence "acme"."people_id_seq" is at 1 (not given out yet), and was at 40',
    ],
    [
      'the refresh of a materialized view',
      /^REFRESH MATERIALIZED VIEW [^;]*;\n/m,
      'materialized view "acme"."ages" was not filled',
    ],
  ])('%s', async (_, part, line) => {
    const { verdict, differences } = await place.verify(resealed(whole, without(part)), 'rows');
    expect(verdict).toBe('failed');
    expect(differences).toContain(line);
  });

  it.each<[string, string, string, string]>([
    [
      'a function says something else',
      'SELECT n * 2',
      'SELECT n * 3',
      'function acme.twice(integer) is defined otherwise than at the source',
    ],
    [
      'a key is not validated',
      'ON DELETE CASCADE;',
      'ON DELETE CASCADE NOT VALID;',
      'constraint letters_sender_fkey on acme.letters is defined otherwise than at the source',
    ],
    [
      'a key leads to a table that is elsewhere',
      'REFERENCES acme.people(id)',
      'REFERENCES beme.people(id)',
      'constraint letters_sender_fkey on acme.letters is missing',
    ],
    [
      'a default is another',
      "DEFAULT 'nobody'::text",
      "DEFAULT 'somebody'::text",
      'table acme.people is defined otherwise than at the source',
    ],
    [
      'a table is there too',
      'CREATE VIEW acme.adults',
      'CREATE TABLE acme.more ();\nCREATE VIEW acme.adults',
      'table acme.more exists, but not at the source',
    ],
  ])('%s', async (_, before, after, line) => {
    expect(text).toContain(before);
    const changed = Buffer.from(text.replace(before, after));
    const { verdict, differences } = await place.verify(resealed(whole, changed), 'rows');
    expect(verdict).toBe('failed');
    expect(differences).toContain(line);
  });

  it('a backup of only the first half of its statements is found', async () => {
    const half = `${text.slice(0, text.indexOf('CREATE INDEX'))}\n--\n-- PostgreSQL database dump complete\n--\n\n`;
    const { verdict, differenceCount } = await place.verify(
      resealed(whole, Buffer.from(half)),
      'counts',
    );
    expect(verdict).toBe('failed');
    expect(differenceCount).toBeGreaterThan(4);
  });

  it('a compressed backup with data after its end is found', async () => {
    const gzip = await place.deposit({ format: 'plain', compression: 'gzip' });
    const more = Buffer.concat([gzip.bytes, gzipSync('DROP SCHEMA acme CASCADE;\n')]);
    expect((await place.verify(resealed(gzip, more))).verdict).toBe('failed');
  });
});

describe('a backup of a pg_dump that exited 0 and dumped only a part', () => {
  it.each<[string, string[], string]>([
    [
      "without a table's rows",
      ['--exclude-table-data=acme.letters'],
      'table "acme"."letters" has 0 rows, and had 40',
    ],
    ['without a table', ['--exclude-table=acme.letters'], 'table acme.letters is missing'],
    [
      'without indexes, keys and triggers',
      ['--section=pre-data', '--section=data'],
      'constraint letters_sender_fkey on acme.letters is missing',
    ],
  ])('%s is found', async (_, flags, line) => {
    const { verdict, differences } = await place.verify(await place.depositWith(...flags));
    expect(verdict).toBe('failed');
    expect(differences).toContain(line);
  });
});
