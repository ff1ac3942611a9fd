import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countByQuery,
  readHashedColumns,
} from '../../../../adapters/postgres/counting/row-hash.ts';
import { fixText } from '../../../../adapters/postgres/session/text-settings.ts';
import { tableKey } from '../../../../core/manifest.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { runFile } from '../../../support/restore.ts';

const SCHEMA = 'Awk.ward "schema" *é';
const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

let older: Postgres;
let newer: Postgres;
const sessions: pg.Client[] = [];

const session = async (postgres: Postgres, database: string): Promise<pg.Client> => {
  const client = await postgres.session(database);
  sessions.push(client);
  return client;
};

const awkward = async (postgres: Postgres): Promise<pg.Client> => {
  const database = await postgres.database();
  await runFile(postgres, database, fixture('awkward-outside.sql'));
  await runFile(postgres, database, fixture('awkward.sql'));
  return await session(postgres, database);
};

beforeAll(async () => {
  older = await startPostgres(15);
  newer = await startPostgres(18);
});
afterAll(async () => {
  for (const client of sessions) await client.end();
  await older.stop();
  await newer.stop();
});

const hashes = async (client: pg.Client, schema: string): Promise<Map<string, string>> => {
  await client.query('BEGIN');
  await fixText(client);
  const found = new Map<string, string>();
  for (const [key, columns] of await readHashedColumns(client, [schema])) {
    const [, name = ''] = JSON.parse(key);
    const { rows, hash = 'none' } = await countByQuery(client, { schema, name }, columns);
    found.set(name, `${rows} ${hash}`);
  }
  await client.query('COMMIT');
  return found;
};

/** What awkward.sql stores differently on a newer server: E'\\v', the scale of 10 ^ 1000, and objects that only it has. */
const DIFFER_BY_VERSION = ['texts', 'numbers', 'times', 'periods', 'within_periods'];
const ofBoth = (found: Map<string, string>) =>
  Object.fromEntries([...found].filter(([name]) => !DIFFER_BY_VERSION.includes(name)));

describe('the hash of the awkward rows', () => {
  it('is the same on PostgreSQL 15 and 18, in sessions with different output settings', async () => {
    const there = await awkward(older);
    const here = await awkward(newer);
    for (const [client, settings] of [
      [there, { datestyle: 'SQL, DMY', intervalstyle: 'iso_8601', timezone: 'Asia/Kathmandu' }],
      [here, { bytea_output: 'escape', extra_float_digits: '-10', quote_all_identifiers: 'on' }],
    ] as const) {
      for (const [name, value] of Object.entries(settings)) {
        await client.query('SELECT set_config($1, $2, false)', [name, value]);
      }
    }
    const before = ofBoth(await hashes(there, SCHEMA));
    expect(Object.keys(before).length).toBeGreaterThan(35);
    expect(before['no columns']).toMatch(/^5 1:/);
    expect(ofBoth(await hashes(here, SCHEMA))).toEqual(before);
  });
});

describe('the hash of a table', () => {
  const hashOf = async (rows: string, columns = 'id int, a text, b text'): Promise<string> => {
    const client = sessions.at(-1) as pg.Client;
    await client.query(
      `DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; CREATE TABLE s.t (${columns})`,
    );
    if (rows) await client.query(`INSERT INTO s.t ${rows}`);
    return (await hashes(client, 's')).get('t') ?? 'no table';
  };

  it('does not depend on the order of rows or columns', async () => {
    const one = await hashOf("VALUES (1, 'x', 'y'), (2, 'z', NULL)");
    expect(await hashOf("VALUES (2, 'z', NULL), (1, 'x', 'y')")).toBe(one);
    expect(await hashOf("VALUES (NULL, 2, 'z'), ('y', 1, 'x')", 'b text, id int, a text')).toBe(
      one,
    );
  });

  it('leaves out columns that the server computes, and dropped columns', async () => {
    const one = await hashOf("VALUES (1, 'x', 'y')");
    const columns = 'id int, a text, b text, c int GENERATED ALWAYS AS (id * 2) STORED';
    expect(await hashOf("VALUES (1, 'x', 'y')", columns)).toBe(one);
    const client = sessions.at(-1) as pg.Client;
    await client.query('ALTER TABLE s.t DROP COLUMN c, ADD d int');
    await client.query('ALTER TABLE s.t DROP COLUMN d');
    expect((await hashes(client, 's')).get('t')).toBe(one);
  });

  it.each<[string, string, string]>([
    ['a row is there twice', "VALUES (1, 'x', 'y')", "VALUES (1, 'x', 'y'), (1, 'x', 'y')"],
    [
      'another row is there twice',
      "VALUES (1, 'x', 'y'), (1, 'x', 'y'), (2, 'x', 'y')",
      "VALUES (1, 'x', 'y'), (2, 'x', 'y'), (2, 'x', 'y')",
    ],
    ['NULL became an empty text', "VALUES (1, NULL, 'y')", "VALUES (1, '', 'y')"],
    ['two columns changed places', "VALUES (1, 'x', 'y')", "VALUES (1, 'y', 'x')"],
    [
      'two rows exchanged a value',
      "VALUES (1, 'x', 'y'), (2, 'z', 'y')",
      "VALUES (1, 'z', 'y'), (2, 'x', 'y')",
    ],
    ['a blank came to the end', "VALUES (1, 'x', 'y')", "VALUES (1, 'x ', 'y')"],
    ['one bit differs', "VALUES (1, 'x', 'y')", "VALUES (1, 'x', 'x')"],
    ['the text moved to the next column', "VALUES (1, 'xy', '')", "VALUES (1, 'x', 'y')"],
  ])('differs if %s', async (_, before, after) => {
    expect(await hashOf(after)).not.toBe(await hashOf(before));
  });

  it('differs between a composite value that is NULL and one whose fields are all NULL', async () => {
    const client = sessions.at(-1) as pg.Client;
    await client.query(
      'DROP TYPE IF EXISTS public.pair; CREATE TYPE public.pair AS (a int, b int)',
    );
    const one = await hashOf('VALUES (NULL::public.pair)', 'p public.pair');
    expect(await hashOf('VALUES (ROW(NULL, NULL)::public.pair)', 'p public.pair')).not.toBe(one);
  });

  it('uses the text that COPY writes, whatever casts produce', async () => {
    const one = await hashOf("VALUES ('ab')", 'c char(5)');
    const client = sessions.at(-1) as pg.Client;
    const written = await client.query('SELECT concat(c) AS c FROM s.t');
    expect(written.rows[0].c).toBe('ab   ');
    expect(await hashOf("VALUES ('ab')", 'c char(6)')).not.toBe(one);
  });

  it('counts rows of the table alone, not those of its children', async () => {
    const client = sessions.at(-1) as pg.Client;
    const one = await hashOf("VALUES (1, 'x', 'y')");
    await client.query("CREATE TABLE s.u () INHERITS (s.t); INSERT INTO s.u VALUES (2, 'x', 'y')");
    const found = await hashes(client, 's');
    expect(found.get('t')).toBe(one);
    expect(found.get('u')).toMatch(/^1 1:/);
    expect(tableKey('s', 't')).toBe('["s","t"]');
  });

  it('is that of no rows if there are none', async () => {
    expect(await hashOf('')).toBe('0 1:0');
  });
});
