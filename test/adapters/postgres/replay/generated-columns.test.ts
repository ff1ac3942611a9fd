import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import type { Loaded } from '../../../../core/restore-ports.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { openRehearsals } from '../scratch-restore/support.ts';
import {
  type LoadWishes,
  newDatabase,
  OWNER,
  RESTORE_ROLE,
  restore,
  type Stored,
  schemasIn,
  takeBackup,
} from '../support/restoring.ts';

/**
 * Generated columns that can no longer be computed for existing rows: a function that has changed since, or a superuser's change. With
 * `report` every row is restored, columns that can be computed are, and the others are reported with the statements that create them again.
 */
const VIRTUAL = `
  CREATE TABLE acme.seen (id int, n int, v int GENERATED ALWAYS AS (n) VIRTUAL NOT NULL);
  INSERT INTO acme.seen VALUES (1, 0)`;
const TENANT = `
  CREATE SCHEMA acme;
  CREATE FUNCTION acme.share(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n; END';
  CREATE FUNCTION acme.tag(n int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN ''t'' || n; END';
  CREATE TABLE acme.shares (id int PRIMARY KEY, n int, share int GENERATED ALWAYS AS (acme.share(n)) STORED NOT NULL,
    tag text COLLATE "C" GENERATED ALWAYS AS (acme.tag(n)) STORED, double int GENERATED ALWAYS AS (n * 2) STORED);
  CREATE UNIQUE INDEX shares_double ON acme.shares (double);
  CREATE VIEW acme.tags AS SELECT id, tag FROM acme.shares;
  INSERT INTO acme.shares VALUES (1, 5), (2, 0);
  CREATE FUNCTION acme.share(n int, m int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n; END';
  CREATE OPERATOR acme./% (LEFTARG = int, RIGHTARG = int, FUNCTION = acme.share);
  CREATE TABLE acme.bound (id int, n int, share int GENERATED ALWAYS AS (n OPERATOR(acme./%) 1) STORED);
  INSERT INTO acme.bound VALUES (1, 0);
  CREATE TABLE acme.fine (id int, n int, share int GENERATED ALWAYS AS (acme.share(n)) STORED);
  INSERT INTO acme.fine VALUES (1, 5);
  CREATE TABLE acme.parts (id int, n int, share int GENERATED ALWAYS AS (acme.share(n)) STORED NOT NULL) PARTITION BY LIST (id);
  CREATE TABLE acme.parts_1 PARTITION OF acme.parts FOR VALUES IN (1);
  CREATE TABLE acme.parts_2 PARTITION OF acme.parts FOR VALUES IN (2);
  CREATE INDEX parts_share ON acme.parts (share);
  INSERT INTO acme.parts VALUES (1, 5), (2, 0);
  CREATE DOMAIN acme.sure AS numeric(6,1) NOT NULL; CREATE DOMAIN acme.surer AS acme.sure;
  CREATE TABLE acme.strict (id int, n int, s acme.surer GENERATED ALWAYS AS (acme.share(n)) STORED); INSERT INTO acme.strict VALUES (1, 0), (2, 5);
  CREATE TABLE acme.plain (id int, n int, v int GENERATED ALWAYS AS (n) STORED);
  CREATE TABLE acme.divided (id int, n int, v int GENERATED ALWAYS AS (10 / n) STORED);
  INSERT INTO acme.plain VALUES (1, 0), (2, 1)`;
const BREAK = `
  CREATE OR REPLACE FUNCTION acme.share(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 100 / n; END';
  CREATE OR REPLACE FUNCTION acme.share(n int, m int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 100 / n; END'`;
const SWAP_EXPRESSION = (table: string): string => `
  UPDATE pg_attrdef SET adbin = (SELECT adbin FROM pg_attrdef WHERE adrelid = 'acme.divided'::regclass) WHERE adrelid = '${table}'::regclass`;

const bring = async (
  target: Parameters<typeof restore>[0],
  stored: Stored,
  wishes: LoadWishes = {},
): Promise<Loaded> => {
  try {
    return await restore(target, stored, { onConflict: 'report', ...wishes });
  } catch (error) {
    const loosen = error instanceof StatementRefused ? error.conflict?.loosen : undefined;
    if (loosen === undefined) throw error;
    return await bring(target, stored, { ...wishes, loosen });
  }
};

describe.each([15, 18])('PostgreSQL %i', (major) => {
  let postgres: Postgres;
  let database: string;
  let stored: Stored;
  const sql = async (text: string) => (await postgres.sql(text, database)).rows;
  const hasVirtual = major >= 18;
  beforeAll(async () => {
    postgres = await startPostgres(major);
    database = await newDatabase(postgres, hasVirtual ? `${TENANT}; ${VIRTUAL}` : TENANT);
    await sql(BREAK);
    await sql(SWAP_EXPRESSION('acme.plain'));
    if (hasVirtual) await sql(SWAP_EXPRESSION('acme.seen'));
    stored = await takeBackup(postgres, database, ['acme'], { compare: 'rows' });
  });
  afterAll(() => postgres.stop());

  it('stop a restore that was not asked to report them, after checks were tried', async () => {
    const error = await restore({ postgres, database }, stored, {
      onConflict: 'report',
      loosen: 'checks-and-domains',
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StatementRefused);
    expect((error as StatementRefused).conflict).toEqual({ loosen: 'generated-columns' });
    expect(await schemasIn(postgres, database)).toEqual(['acme']);
  });

  it('are reported one by one, with every row and all that can be computed, and can be created again', async () => {
    const { unfinished, rows } = await bring({ postgres, database }, stored);
    expect(rows).toBe(hasVirtual ? 11 : 10);
    const told = unfinished.map(({ kind, object, state, why }) => [
      kind,
      object,
      state,
      /22012/.test(why),
    ]);
    const parts = 'generated column "share" of table "acme.parts_2"';
    expect(told).toEqual([
      ['generated-column', 'generated column "share" of table "acme.bound"', 'not-computed', true],
      ['generated-column', parts, 'not-computed', true],
      ['generated-column', 'generated column "v" of table "acme.plain"', 'not-computed', true],
      ...(hasVirtual
        ? [['not-null', 'generated column "v" of table "acme.seen"', 'missing', true]]
        : []),
      ['generated-column', 'generated column "share" of table "acme.shares"', 'not-computed', true],
      ['generated-column', 'generated column "s" of table "acme.strict"', 'not-computed', true],
    ]);
    expect(await sql('SELECT id, share, tag, double FROM acme_restored.shares ORDER BY 1')).toEqual(
      [
        { id: 1, share: null, tag: 't5', double: 10 },
        { id: 2, share: null, tag: 't0', double: 0 },
      ],
    );
    expect(await sql('SELECT s FROM acme_restored.strict')).toEqual([{ s: null }, { s: null }]);
    expect(await sql('SELECT share FROM acme_restored.fine')).toEqual([{ share: 20 }]);
    expect(await sql('SELECT id, share FROM acme_restored.parts ORDER BY 1')).toEqual([
      { id: 1, share: 20 },
      { id: 2, share: null },
    ]);
    // Nothing of the staging is left, and altered objects still belong to their owner.
    expect(
      await sql(`SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace
        UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'acme_restored'::regnamespace`),
    ).toEqual([{ owner: OWNER }]);

    // The restored function still has its old text; the rows are corrected, and each statement runs unchanged.
    await sql(`UPDATE acme_restored.shares SET n = 1 WHERE n = 0; UPDATE acme_restored.bound SET n = 1; UPDATE acme_restored.strict SET n = 1 WHERE n = 0; UPDATE acme_restored.parts SET n = 1 WHERE n = 0; UPDATE acme_restored.plain SET n = 2 WHERE n = 0;
      ${hasVirtual ? 'UPDATE acme_restored.seen SET n = 1;' : ''} ${unfinished.map((one) => one.sql).join(';\n')}`);
    expect(await sql('SELECT share FROM acme_restored.parts ORDER BY 1')).toEqual([
      { share: 20 },
      { share: 100 },
    ]);
    expect(await sql('SELECT id, share FROM acme_restored.shares ORDER BY 1')).toEqual([
      { id: 1, share: 20 },
      { id: 2, share: 100 },
    ]);
    expect(await sql('SELECT s FROM acme_restored.strict ORDER BY 1')).toEqual([
      { s: '20.0' },
      { s: '100.0' },
    ]);
    const columns = (schema: string) =>
      sql(`SELECT attrelid::regclass::text ~ 'parts_?' AS parts, replace(attrelid::regclass::text, '${schema}.', '') AS t, attname, attgenerated, attnotnull, attcollation, replace(format_type(atttypid, atttypmod), '${schema}.', '') AS type,
          replace(pg_get_expr(adbin, adrelid), '${schema}.', '') AS e
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND adnum = attnum
        WHERE c.relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped ORDER BY 2, 3`);
    expect(await columns('acme_restored')).toEqual(await columns('acme'));
    await sql('DROP SCHEMA acme_restored CASCADE');
  });

  it('do not count as damage in a verification, which compares everything else', async () => {
    const rehearsals = await openRehearsals(major);
    try {
      const found = await rehearsals.rehearseQuickly(stored, 'rows');
      expect(found).toMatchObject({ differences: [], checked: { rows: hasVirtual ? 11 : 10 } });
      expect(found.unfinished).toHaveLength(hasVirtual ? 6 : 5);
      const tables = stored.manifest.tables.map((table) =>
        table.name === 'shares' ? { ...table, rowHash: '1:7' } : table,
      );
      const damaged = await rehearsals.rehearseQuickly(
        { ...stored, manifest: { ...stored.manifest, tables } },
        'rows',
      );
      expect(damaged.differences).toEqual([
        'table "acme"."shares" has its 2 rows, but the contents of some have changed',
      ]);
    } finally {
      await rehearsals.end();
    }
  });

  it('are reported the same if owners are dropped', async () => {
    const { unfinished } = await bring({ postgres, database }, stored, {
      owners: 'drop',
      acceptOwnCode: true,
    });
    expect(unfinished).toHaveLength(hasVirtual ? 6 : 5);
    expect(
      await sql(
        `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace`,
      ),
    ).toEqual([{ owner: RESTORE_ROLE }]);
    await sql('DROP SCHEMA acme_restored CASCADE');
  });
});
