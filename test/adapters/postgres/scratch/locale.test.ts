import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStandInsUsed } from '../../../../adapters/postgres/scratch/server/collations.ts';
import { languageTag, localeChoices } from '../../../../adapters/postgres/scratch/server/locale.ts';
import type { ScratchServer } from '../../../../adapters/postgres/scratch/server/server.ts';
import { makePlace, type Place } from './support.ts';

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(async () => {
  await place.clear();
});

const startWith = (encoding: string, collation: string): Promise<ScratchServer> =>
  place.start({ locale: { encoding, collation } });

const ask = async (server: ScratchServer, sql: string) => {
  const client = await server.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows[0];
  } finally {
    await client.end();
  }
};

/** What a tenant of a database with a language's locale may have, and a server with C would refuse or change. */
const OF_LANGUAGE = `
  CREATE TABLE people (name text CHECK (name ~ '^[[:alpha:]]+$' AND name = initcap(name)),
    folded text GENERATED ALWAYS AS (lower(name)) STORED,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name || ' — don’t 10€')) STORED);
  CREATE TABLE halves (word text) PARTITION BY RANGE (word);
  CREATE TABLE half PARTITION OF halves FOR VALUES FROM ('a') TO ('Z');
  INSERT INTO people VALUES ('Ärger');
  INSERT INTO halves VALUES ('Übung'), ('ende');`;

describe('a backup of a database with a language', () => {
  it('is restored with its letters and its order, even if this system does not have them', async () => {
    const server = await startWith('UTF8', 'en_US.UTF-8');
    await ask(server, `DO $do$ BEGIN ${OF_LANGUAGE} END $do$`);
    const people = 'SELECT folded, words::text FROM people';
    expect(await ask(server, people)).toEqual({
      folded: 'ärger',
      words: "'10':4 'don':2 't':3 'ärger':1",
    });
    const provider = 'SELECT datlocprovider AS by FROM pg_database';
    const notes =
      (await ask(server, provider))?.by === 'c'
        ? []
        : [expect.stringMatching(/"en_US.UTF-8".*en-US/)];
    expect(server.notes).toEqual(notes);
  });

  it('may name collations of its system, which get stand-ins and are reported', async () => {
    const server = await startWith('UTF8', 'C.UTF-8');
    expect(server.notes).toEqual([]);
    const client = await server.connect();
    expect(await readStandInsUsed(client)).toEqual([]);
    await client.query(`
      CREATE TABLE t (a text COLLATE "de_DE", b text COLLATE pg_catalog."sv_SE.utf8", c text COLLATE "de-x-icu", d text COLLATE "C");
      CREATE INDEX ON t (a COLLATE "zh_TW.UTF-8")`);
    const { rows } = await client.query(
      `SELECT string_agg(w, '' ORDER BY w COLLATE "de_DE") AS german, string_agg(w, '' ORDER BY w COLLATE "sv_SE.utf8") AS swedish,
         string_agg(w, '' ORDER BY w) AS bytes FROM unnest('{z,ä,b}'::text[]) w`,
    );
    expect(rows[0]).toEqual({ german: 'äbz', swedish: 'bzä', bytes: 'bzä' });
    const used = await readStandInsUsed(client);
    expect(used).toEqual(['de_DE', 'sv_SE.utf8', 'zh_TW.UTF-8']);
    await client.end();
  });

  it('keeps an encoding that is not UTF-8', async () => {
    const server = await startWith('LATIN1', 'de_DE.ISO-8859-1');
    const row = await ask(
      server,
      `SELECT current_setting('server_encoding') AS encoding, octet_length(convert_to('ä', 'LATIN1')) AS bytes, upper('ä') AS upper, 'ä' < 'B' AS order`,
    );
    expect(row).toEqual({ encoding: 'LATIN1', bytes: 1, upper: 'Ä', order: true });
    await expect(ask(server, "SELECT '✓'")).rejects.toMatchObject({ code: '22P05' });
  });

  it('that no machine has is restored by bytes, which is reported', async () => {
    const server = await startWith('SQL_ASCII', 'en_US.UTF-8');
    expect(server.notes).toEqual([expect.stringMatching(/"en_US.UTF-8" with encoding SQL_ASCII/)]);
    const hostile = await startWith('UTF8', "C'; DROP\n--$(id)");
    expect(hostile.notes).toEqual([expect.stringContaining('by its bytes')]);
    expect(await ask(hostile, 'SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('in an encoding that PostgreSQL does not have is reported', async () => {
    await expect(startWith('KLINGON', 'C')).rejects.toMatchObject({
      name: 'ScratchFailed',
      message: expect.stringContaining('"KLINGON" is not a valid server encoding name'),
    });
  });
});

describe('the options of initdb', () => {
  it('are those that its major knows', () => {
    const all = (major: number, collation: string) =>
      localeChoices(major, { encoding: 'UTF8', collation })
        .flatMap(({ flags }) => flags)
        .join(' ');
    expect(all(14, 'de_DE.UTF-8')).not.toMatch(/provider|icu/);
    expect(all(15, 'de_DE.UTF-8')).toContain('--icu-locale=de-DE');
    expect(all(16, 'C.UTF-8')).not.toContain('builtin');
    expect(all(17, 'C.UTF-8')).toContain('--builtin-locale=C.UTF-8');
    expect(all(18, 'C')).toBe('--encoding=UTF8 --locale=C');
  });

  it("are ICU's name of a language, if there is one", () => {
    const tags = [
      'de_DE.UTF-8',
      'en_US',
      'sr_RS@latin',
      'xx_YY.utf8',
      'C.UTF-8',
      'German_Germany.1252',
      '',
    ];
    expect(tags.map(languageTag)).toEqual([
      'de-DE',
      'en-US',
      'sr-RS',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
