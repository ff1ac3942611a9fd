import { beforeAll, describe, expect, it } from 'vitest';
import { flipped, numbers, SEED } from './chance.ts';
import { type Deposit, FORMATS, type Place, placeForAll, resealed } from './place.ts';

/** Which of them the digest finds does not depend on the format. */
const PLACES = 10;
/**
 * Each is restored into a server, so fewer of them where the compression has a checksum of its own, which finds it
 * before the server does. pg_dump's zstd has none.
 */
const RESEALED = { none: 20, zstd: 15, gzip: 4, bzip2: 4 } as const;
const LONG_MS = 300_000;

let place: Place;
placeForAll((made) => {
  place = made;
});

describe.each(FORMATS)(
  `a flipped bit in format %s, compression %s (DAMAGE_SEED=${SEED})`,
  (format, compression) => {
    let whole: Deposit;
    beforeAll(async () => {
      whole = await place.deposit({ format, compression });
    });
    const bits = (name: string, count: number): number[] =>
      numbers(`${format} ${compression} ${name}`, count, whole.bytes.length * 8);

    it('is nowhere, and the backup is verified', async () => {
      const { verdict, why, differences, checked } = await place.verify(whole, 'rows');
      expect({ verdict, why, differences }).toEqual({
        verdict: 'verified',
        why: undefined,
        differences: [],
      });
      expect(checked).toMatchObject({
        tables: 2,
        rows: 80,
        hashedTables: 2,
        foreignKeys: 1,
        materializedViews: 1,
        sequences: 1,
      });
      expect(await place.trulyDiffers()).toEqual([]);
    });

    it('in the vault is found, wherever it is', { timeout: LONG_MS }, async () => {
      const verified: number[] = [];
      for (const bit of bits('stored', PLACES)) {
        const { verdict } = await place.read({ ...whole, bytes: flipped(whole.bytes, bit) });
        if (verdict !== 'failed') verified.push(bit);
      }
      expect(verified).toEqual([]);
    });

    // Digests do not show it: the restored schema must. A bit that changes nothing there, such as one in a comment, may stay.
    it('from before the upload is found, unless everything is restored unchanged', {
      timeout: LONG_MS,
    }, async () => {
      const missed: unknown[] = [];
      for (const bit of bits('uploaded', RESEALED[compression])) {
        const { verdict, notChecked } = await place.verify(
          resealed(whole, flipped(whole.bytes, bit)),
          'rows',
        );
        if (verdict !== 'verified') continue;
        const differing = await place.trulyDiffers();
        if (differing.length) missed.push({ bit, differing, notChecked });
      }
      expect(missed).toEqual([]);
    });
  },
);

describe('a flipped bit in a value', () => {
  let whole: Deposit;
  let damaged: Buffer;
  beforeAll(async () => {
    whole = await place.deposit({ format: 'plain', compression: 'none' });
    const at = whole.bytes.indexOf('Person 7\t');
    expect(at).toBeGreaterThan(0);
    damaged = flipped(whole.bytes, at * 8);
  });

  it('in the vault is found by the digest of the bytes, even if the number of rows is the same', async () => {
    const { verdict, differences } = await place.verify({ ...whole, bytes: damaged });
    expect(verdict).toBe('failed');
    expect(differences).toEqual([expect.stringContaining('its SHA-256 has changed')]);
  });

  it.each([
    ['a name in an index', 'lower(name)', 'lower(nane)'],
    ['a constant in an index', 'age > 20', 'age > 2p'],
  ])('from before the upload in %s is damage, whatever the rows', async (_, was, is) => {
    const at = whole.bytes.indexOf(was, whole.bytes.indexOf('CREATE INDEX by_name'));
    expect(at).toBeGreaterThan(0);
    const bytes = Buffer.from(whole.bytes);
    bytes.write(is, at);
    const { verdict, differences } = await place.verify(resealed(whole, bytes), 'counts');
    expect(verdict).toBe('failed');
    expect(differences[0]).toContain('by_name');
  });

  it('from before the upload is found by the hash of the rows, and not by their number', async () => {
    const lying = resealed(whole, damaged);
    expect((await place.verify(lying, 'counts')).verdict).toBe('verified');
    const { verdict, differences } = await place.verify(lying, 'rows');
    expect(verdict).toBe('failed');
    expect(differences).toEqual([
      'table "acme"."people" has its 40 rows, but the contents of some have changed',
    ]);
  });
});
