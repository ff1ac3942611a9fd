import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import type { UnfinishedObject } from '../../../../core/restore.ts';
import type { Loaded } from '../../../../core/restore-ports.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import {
  type LoadWishes,
  newDatabase,
  placesOf,
  restore,
  type Stored,
  schemasIn,
  sealed,
  serverOf,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/**
 * A backup whose rows and definitions do not fit together: with `report` every row is restored, and each object that can't be restored
 * unchanged is reported with the statement that finishes it; with `stop` nothing is restored, and the error names the alternative.
 */
const TENANT = `
  CREATE SCHEMA acme;
  CREATE TABLE acme.customers (id int PRIMARY KEY, name text);
  CREATE TABLE acme.orders (id int PRIMARY KEY, customer int, amount int, CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES acme.customers);
  CREATE VIEW acme.totals AS SELECT c.id, c.name, count(*) AS n FROM acme.customers c GROUP BY c.id;
  CREATE TABLE acme.codes (code text, note text);
  CREATE UNIQUE INDEX codes_code ON acme.codes (code);
  CREATE TABLE acme.twice (id int CONSTRAINT twice_pkey PRIMARY KEY, v text);
  CREATE TABLE acme.of_twice (twice int CONSTRAINT of_twice_key REFERENCES acme.twice, n int);
  CREATE VIEW acme.by_twice AS SELECT t.id, t.v FROM acme.twice t GROUP BY t.id;
  COMMENT ON CONSTRAINT twice_pkey ON acme.twice IS 'first';
  CREATE TABLE acme.parts (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE acme.parts_1 PARTITION OF acme.parts FOR VALUES FROM (0) TO (10);
  CREATE TABLE acme.parts_2 PARTITION OF acme.parts FOR VALUES FROM (10) TO (20);
  CREATE TABLE acme.part_keys (id int, customer int CONSTRAINT part_customer REFERENCES acme.customers) PARTITION BY LIST (id);
  CREATE TABLE acme.part_keys_1 PARTITION OF acme.part_keys FOR VALUES IN (1);
  CREATE TABLE acme.part_keys_2 PARTITION OF acme.part_keys FOR VALUES IN (2);
  CREATE FUNCTION acme.norm(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';
  CREATE TABLE acme.normed (v text);
  CREATE INDEX normed_v ON acme.normed (acme.norm(v));
  CREATE INDEX normed_plain ON acme.normed (v);
  CREATE TABLE acme.rooms (room int, during int4range, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&));
  CREATE TABLE acme.divisors (n int);
  CREATE MATERIALIZED VIEW acme.quotient AS SELECT 10 / (SELECT count(*) FROM acme.divisors) AS q WITH NO DATA;
  CREATE MATERIALIZED VIEW acme.of_quotient AS SELECT q + 1 AS q FROM acme.quotient WITH NO DATA;
  CREATE MATERIALIZED VIEW acme.by_setting AS SELECT current_setting('app.region') AS region WITH NO DATA;
  CREATE MATERIALIZED VIEW acme.fine AS SELECT count(*) FROM acme.customers;
  INSERT INTO acme.customers VALUES (1, 'a'), (2, 'b');
  INSERT INTO acme.orders VALUES (1, 1, 5), (2, 2, 6);
  INSERT INTO acme.parts VALUES (1, 1), (2, 11);
  INSERT INTO acme.part_keys VALUES (1, 1), (2, 2);
  INSERT INTO acme.normed VALUES ('A'), ('B');
  INSERT INTO acme.twice VALUES (1, 'x');
  INSERT INTO acme.of_twice VALUES (1, 1)`;

/** What a superuser can do to a source that no check sees. */
const BREAK = `
  SET app.region = 'eu'; REFRESH MATERIALIZED VIEW acme.by_setting;
  INSERT INTO acme.divisors VALUES (1); REFRESH MATERIALIZED VIEW acme.quotient; REFRESH MATERIALIZED VIEW acme.of_quotient; DELETE FROM acme.divisors;
  SET session_replication_role = replica;
  INSERT INTO acme.orders VALUES (3, 99, 7);
  INSERT INTO acme.part_keys VALUES (2, 77);
  UPDATE pg_index SET indisready = false WHERE indexrelid IN ('acme.codes_code'::regclass, 'acme.twice_pkey'::regclass, 'acme.parts_2_pkey'::regclass, 'acme.no_overlap'::regclass)`;
const BROKEN_ROWS = `
  INSERT INTO acme.codes VALUES ('x', '1'), ('x', '2');
  INSERT INTO acme.twice VALUES (1, 'y');
  INSERT INTO acme.parts VALUES (2, 11);
  INSERT INTO acme.rooms VALUES (1, '[1,5)'), (1, '[2,3)');
  UPDATE pg_index SET indisready = true WHERE NOT indisready;
  CREATE OR REPLACE FUNCTION acme.norm(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''no more''; END'`;

/** Checks that rows violate, or satisfy only once all rows exist. */
const CHECKED = `
  CREATE SCHEMA beta;
  CREATE TABLE beta.zz_limits (most int);
  CREATE FUNCTION beta.most() RETURNS int STABLE LANGUAGE sql AS 'SELECT max(most) FROM beta.zz_limits';
  CREATE TABLE beta.base (id int, amount int CONSTRAINT small CHECK (amount < 100));
  COMMENT ON CONSTRAINT small ON beta.base IS 'not too much';
  CREATE TABLE beta.heir (more int, CONSTRAINT small CHECK (amount < 100)) INHERITS (beta.base);
  CREATE TABLE beta.later (amount int CONSTRAINT within CHECK (coalesce(amount <= beta.most(), false)));
  CREATE TABLE beta.dated (due timestamptz CONSTRAINT in_future CHECK (due > now()));
  CREATE DOMAIN beta.positive AS int CONSTRAINT above CHECK (VALUE > 0);
  CREATE TABLE beta.counted (n beta.positive, v int GENERATED ALWAYS AS (1) STORED);
  CREATE TABLE beta.divided (id int, amount int, CONSTRAINT odd CHECK (amount % 2 = 1)) PARTITION BY LIST (id);
  CREATE TABLE beta.divided_1 PARTITION OF beta.divided FOR VALUES IN (1);
  INSERT INTO beta.zz_limits VALUES (10);
  INSERT INTO beta.later VALUES (5);
  INSERT INTO beta.base VALUES (1, 1); INSERT INTO beta.heir VALUES (2, 2, 2);
  INSERT INTO beta.divided VALUES (1, 1);
  INSERT INTO beta.counted VALUES (1)`;
const CHECKS_BROKEN = `
  ALTER TABLE beta.dated DROP CONSTRAINT in_future; INSERT INTO beta.dated VALUES ('2001-01-01');
  ALTER TABLE beta.dated ADD CONSTRAINT in_future CHECK (due > now()) NOT VALID;
  UPDATE pg_constraint SET convalidated = true WHERE conname = 'in_future'`;
const DOMAIN_BROKEN = `
  ALTER DOMAIN beta.positive DROP CONSTRAINT above; INSERT INTO beta.counted VALUES (-1);
  ALTER DOMAIN beta.positive ADD CONSTRAINT above CHECK (VALUE > 0) NOT VALID;
  UPDATE pg_constraint SET convalidated = true WHERE conname = 'above'`;

/** As a worker does: again, without the objects that the error allows to remove. */
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

const byObject = (all: readonly UnfinishedObject[]): Record<string, UnfinishedObject> =>
  Object.fromEntries(all.map((one) => [one.object, one]));

describe.each([15, 18])('PostgreSQL %i', (major) => {
  let postgres: Postgres;
  let database: string;
  let stored: Stored;
  let checked: Stored;
  beforeAll(async () => {
    postgres = await startPostgres(major);
    database = await newDatabase(postgres, `${TENANT}; ${CHECKED}`);
    await postgres.sql(BREAK, database);
    await postgres.sql(BROKEN_ROWS, database);
    await postgres.sql(CHECKS_BROKEN, database);
    stored = await takeBackup(postgres, database, ['acme']);
    checked = await takeBackup(postgres, database, ['beta']);
  });
  afterAll(() => postgres.stop());

  const sql = async (text: string) => (await postgres.sql(text, database)).rows;

  it('stops with nothing, and names the alternative', async () => {
    const error = await restore({ postgres, database }, stored).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StatementRefused);
    expect((error as StatementRefused).conflict).toEqual({});
    expect(await schemasIn(postgres, database)).toEqual(['acme', 'beta']);
  });

  it('reports each object with its reason and what finishes it, and restores every row', async () => {
    const loaded = await restore({ postgres, database }, stored, { onConflict: 'report' });
    const objects = byObject(loaded.unfinished);
    expect(
      Object.entries(objects)
        .map(([object, { kind, state }]) => [object, kind, state])
        .sort(),
    ).toEqual([
      ['constraint "no_overlap" of table "acme.rooms"', 'exclusion', 'missing'],
      ['constraint "of_twice_key" of table "acme.of_twice"', 'foreign-key', 'missing'],
      ['constraint "orders_customer" of table "acme.orders"', 'foreign-key', 'not-valid'],
      [
        'constraint "part_customer" of table "acme.part_keys"',
        'foreign-key',
        major < 18 ? 'missing' : 'not-valid',
      ],
      ['constraint "parts_2_pkey" of table "acme.parts_2"', 'primary-key', 'missing'],
      ['constraint "twice_pkey" of table "acme.twice"', 'other', 'missing'],
      ['index "acme.codes: codes_code"', 'index', 'missing'],
      ['index "acme.normed: normed_v"', 'index', 'missing'],
      ['materialized view "acme.by_setting"', 'materialized-view', 'unfilled'],
      ['materialized view "acme.of_quotient"', 'materialized-view', 'unfilled'],
      ['materialized view "acme.quotient"', 'materialized-view', 'unfilled'],
      ['partition "acme.parts_2_pkey" of "acme.parts_pkey"', 'other', 'missing'],
      ['view "acme.by_twice"', 'view', 'missing'],
    ]);
    expect(objects['index "acme.codes: codes_code"']).toMatchObject({
      why: expect.stringContaining('could not create unique index "codes_code" (23505)'),
      sql: 'CREATE UNIQUE INDEX codes_code ON "acme_restored".codes USING btree (code)',
    });
    // Every row exists.
    expect(await sql('SELECT count(*)::int AS n FROM acme_restored.twice')).toEqual([{ n: 2 }]);
    expect(await sql('SELECT count(*)::int AS n FROM acme_restored.orders')).toEqual([{ n: 3 }]);
    // A key that is not valid refuses new rows.
    await expect(sql('INSERT INTO acme_restored.orders VALUES (9, 98)')).rejects.toThrow(
      /orders_customer/,
    );
    await expect(sql('INSERT INTO acme_restored.part_keys VALUES (1, 98)')).rejects.toThrow(
      /part_customer/,
    );
    expect(await sql('SELECT count FROM acme_restored.fine')).toEqual([{ count: '2' }]);
  });

  it('reports what finishes it: once the rows are corrected, each statement runs unchanged', async () => {
    const { unfinished } = await restore({ postgres, database }, stored, {
      onConflict: 'report',
      places: [{ from: 'acme', to: 'Acme "2"' }],
    });
    await sql(`SET search_path = 'Acme "2"'; DELETE FROM orders WHERE id = 3; DELETE FROM codes WHERE note = '2'; DELETE FROM twice WHERE v = 'y';
      DELETE FROM rooms WHERE during = '[2,3)'; DELETE FROM part_keys WHERE customer = 77; INSERT INTO divisors VALUES (1);
      DELETE FROM parts WHERE ctid = (SELECT max(ctid) FROM parts_2) AND tableoid = 'parts_2'::regclass;
      CREATE OR REPLACE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END'`);
    await sql(`SET app.region = 'eu'; ${unfinished.map((one) => one.sql).join(';\n')}`);
    expect(
      await sql(`SELECT count(*)::int AS n FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
        WHERE nspname = 'Acme "2"' AND NOT convalidated`),
    ).toEqual([{ n: 0 }]);
    expect(
      await sql(`SELECT count(*)::int AS n FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE nspname = 'Acme "2"' AND NOT indisvalid`),
    ).toEqual([{ n: 0 }]);
    const definitions = (schema: string) =>
      sql(`SELECT replace(pg_get_constraintdef(k.oid), '"Acme ""2"""', 'acme') AS d, conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
        WHERE nspname = '${schema}' AND contype <> 'n' ORDER BY 2, 1`);
    expect(await definitions('Acme "2"')).toEqual(await definitions('acme'));
    expect(await sql(`SELECT q FROM "Acme ""2""".of_quotient`)).toEqual([{ q: '11' }]);
    await sql(`DROP SCHEMA "Acme ""2""" CASCADE`);
  });

  it('restores rows that satisfy a check only once all exist, and reports a check that they violate', async () => {
    const refused = await restore({ postgres, database }, checked).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StatementRefused);
    expect((refused as StatementRefused).conflict).toEqual({ loosen: 'checks' });
    const restoreId = sealed().restoreId;
    const { unfinished, rows } = await bring({ postgres, database }, checked, { restoreId });
    expect(rows).toBe(7);
    expect(unfinished).toEqual([
      {
        kind: 'check',
        object: 'constraint "in_future" of table "beta.dated"',
        state: 'not-valid',
        why: expect.stringContaining('23514'),
        sql: 'ALTER TABLE "beta_restored"."dated" VALIDATE CONSTRAINT "in_future"',
      },
    ]);
    const found = await serverOf({ postgres, database }).findLoaded(
      sealed(restoreId),
      placesOf(checked),
    );
    expect(found?.unfinished).toEqual(unfinished);
    const definitions = (schema: string) =>
      sql(`SELECT replace(pg_get_constraintdef(k.oid), '${schema}.', '') AS d, conname, conislocal, coninhcount, convalidated,
          obj_description(k.oid, 'pg_constraint') AS comment, conrelid::regclass::text LIKE '%heir' AS heir
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE nspname = '${schema}' AND conname <> 'in_future' ORDER BY 2, 1, 7, 3`);
    expect(await definitions('beta_restored')).toEqual(await definitions('beta'));
    await sql('DROP SCHEMA beta_restored CASCADE');
  });

  it('warns of such checks when the backup is made, and in a dry run', async () => {
    expect(checked.manifest.atRisk).toEqual([
      { name: 'in_future on beta.dated', reason: 'changing' },
      { name: 'within on beta.later', reason: 'reading' },
    ]);
    expect(checked.manifest.warnings.join()).toMatch(
      /in_future on beta\.dated.*onConflict.*within on beta\.later/,
    );
    const { warnings } = await surveyOf({ postgres, database }, checked);
    expect(warnings.join()).toMatch(/"in_future on beta\.dated".*"within on beta\.later"/);
    expect(stored.manifest.atRisk).toBeUndefined();
  });

  it('does the same if the rows violate a domain', async () => {
    await postgres.sql(DOMAIN_BROKEN, database);
    const of = await takeBackup(postgres, database, ['beta'], { format: 'plain' });
    const { unfinished } = await bring({ postgres, database }, of);
    expect(unfinished.map(({ kind, object, sql: finish }) => [kind, object, finish])).toEqual([
      ['check', 'constraint "in_future" of table "beta.dated"', expect.any(String)],
      [
        'domain-check',
        'constraint "above" of domain "beta.positive"',
        'ALTER DOMAIN "beta_restored"."positive" VALIDATE CONSTRAINT "above"',
      ],
    ]);
    expect(await sql('SELECT n FROM beta_restored.counted ORDER BY 1')).toEqual([
      { n: -1 },
      { n: 1 },
    ]);
    await expect(sql('INSERT INTO beta_restored.counted VALUES (-2)')).rejects.toThrow(/above/);
  });
});
