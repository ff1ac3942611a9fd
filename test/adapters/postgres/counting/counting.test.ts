import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countUnheld,
  holdStatement,
} from '../../../../adapters/postgres/session/relation-locks.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import type { ScratchRestoreResult } from '../../../../core/verification-ports.ts';
import {
  type Bench,
  openBench,
  type Services,
  startServices,
} from '../../../functions/export/support.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { BACKUP_ROLE } from '../../../support/roles.ts';
import { openRehearsals, type Rehearsals, stored } from '../scratch-restore/support.ts';

/**
 * What an export may not run: a function that the planner would call for it fails as soon as the backup role runs it. Functions with
 * unqualified names fail in a session without a search_path.
 */
const SCHEMA = `
CREATE SCHEMA acme; SET search_path = acme;
CREATE FUNCTION acme.spy(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN IF session_user = '${BACKUP_ROLE}' THEN RAISE EXCEPTION 'ran as %', session_user; END IF; RETURN n; END $$;
CREATE FUNCTION acme.inner_one(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n';
CREATE FUNCTION acme.unqualified(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT inner_one(n) + 1';
CREATE FUNCTION acme.spying(a int, b int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.spy(a) = b; END';
CREATE OPERATOR acme.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = acme.spying);
CREATE TYPE acme.mood AS ENUM ('calm', 'wild');

CREATE TABLE acme.by_expression (words text, n int); CREATE INDEX ON acme.by_expression ((n + acme.spy(1)));
CREATE TABLE acme.by_predicate (n int); CREATE INDEX ON acme.by_predicate (n) WHERE n > acme.spy(1);
CREATE TABLE acme.by_operator (n int); CREATE INDEX ON acme.by_operator (n) WHERE n > 0 AND 1 OPERATOR(acme.===) 1;
CREATE TABLE acme.by_exclusion (n int, EXCLUDE USING btree ((n + acme.spy(1)) WITH =));
CREATE TABLE acme.by_statistics (n int, m int); CREATE STATISTICS acme.spied ON (n + acme.spy(1)) FROM acme.by_statistics;
CREATE TABLE acme.by_body (n int); CREATE STATISTICS acme.unread ON (acme.unqualified(n)) FROM acme.by_body;
CREATE TABLE acme.words_only (words text); CREATE INDEX ON acme.words_only ((length(words) + acme.spy(1)));
CREATE TABLE acme.generated (n int GENERATED ALWAYS AS (1) STORED); CREATE INDEX ON acme.generated ((n + acme.spy(1)));
CREATE TABLE acme.parent (n int); CREATE TABLE acme.child (m int) INHERITS (acme.parent);
CREATE INDEX ON acme.parent ((n + acme.spy(1)));
CREATE TABLE acme.whole (n int) PARTITION BY RANGE (n); CREATE TABLE acme.part PARTITION OF acme.whole DEFAULT;
CREATE INDEX ON acme.whole ((n + acme.spy(1)));
CREATE TABLE acme.names (one regclass, more regclass[]); CREATE INDEX ON acme.names ((acme.spy(1)));
CREATE TABLE acme.own_type (n int, mood acme.mood); CREATE INDEX ON acme.own_type (n) WHERE mood = 'calm';
CREATE TABLE acme.built_in (words text); CREATE UNIQUE INDEX ON acme.built_in (lower(words));

INSERT INTO acme.by_expression SELECT 'x', n FROM generate_series(1, 1001) n;
INSERT INTO acme.by_expression VALUES (NULL, NULL), ('a' || E'\\n' || 'b', NULL);
INSERT INTO acme.by_predicate SELECT generate_series(1, 2);
INSERT INTO acme.by_operator SELECT generate_series(1, 3);
INSERT INTO acme.by_exclusion SELECT generate_series(1, 4);
INSERT INTO acme.by_statistics SELECT generate_series(1, 5);
INSERT INTO acme.by_body SELECT generate_series(1, 6);
INSERT INTO acme.words_only SELECT repeat('x', 10000) FROM generate_series(1, 7);
INSERT INTO acme.generated SELECT FROM generate_series(1, 8);
INSERT INTO acme.parent SELECT generate_series(1, 9); INSERT INTO acme.child SELECT generate_series(1, 10);
INSERT INTO acme.whole SELECT generate_series(1, 11);
CREATE SCHEMA other; CREATE TABLE other.one (); CREATE TABLE other.two (); CREATE TABLE other.three ();
INSERT INTO acme.names VALUES ('other.one', ARRAY['other.two', NULL, 'other.three']::regclass[]), (NULL, NULL), ('acme.part', '{}');
INSERT INTO acme.own_type SELECT generate_series(1, 12), 'calm'; INSERT INTO acme.built_in SELECT generate_series(1, 13);
CREATE MATERIALIZED VIEW acme.shown AS SELECT n FROM acme.by_expression; CREATE INDEX ON acme.shown ((n + acme.spy(1)));
CREATE MATERIALIZED VIEW acme.plain AS SELECT n FROM acme.by_predicate;
`;

const COUNTS = {
  built_in: 13,
  by_body: 6,
  by_exclusion: 4,
  by_expression: 1003,
  by_operator: 3,
  by_predicate: 2,
  by_statistics: 5,
  child: 10,
  generated: 8,
  names: 3,
  own_type: 12,
  parent: 9,
  part: 11,
  plain: 2,
  whole: null,
  words_only: 7,
};

/** Those that a query may count, as far as the planner knows. */
const QUERIED = ['built_in', 'child', 'own_type'];

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => {
  await services.stop();
});

const SIMPLE = `CREATE SCHEMA acme;
CREATE FUNCTION acme.spy(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN IF session_user = '${BACKUP_ROLE}' THEN RAISE EXCEPTION 'ran as %', session_user; END IF; RETURN n; END $$;
CREATE TABLE acme.t AS SELECT generate_series(1, 3) AS n; CREATE SEQUENCE acme.s START 7;
CREATE MATERIALIZED VIEW acme.shown AS SELECT n FROM acme.t;`;

describe.each([15, 18])("what an export reads on PostgreSQL %i: a tenant's functions", (major) => {
  let postgres: Postgres;
  let scratchRestores: Rehearsals;
  const tenant = async (): Promise<{ database: string; bench: Bench }> => {
    const database = await postgres.database();
    await postgres.sql(SIMPLE, database);
    const source = { schemas: ['acme'] };
    return { database, bench: await openBench(services, postgres, { database, source }) };
  };
  let manifest: Manifest;
  let restored: ScratchRestoreResult;
  beforeAll(async () => {
    postgres = await startPostgres(major);
    scratchRestores = await openRehearsals(major);
    const database = await postgres.database();
    await postgres.sql(SCHEMA, database);
    const bench = await openBench(services, postgres, {
      database,
      source: { schemas: ['acme'] },
      settings: { compare: 'rows' },
    });
    const backup = await stored(services, bench, 'acme');
    manifest = backup.manifest;
    restored = await scratchRestores.rehearseQuickly(backup, 'rows');
  });
  afterAll(async () => {
    await scratchRestores.end();
    await postgres.stop();
  });

  it('are not called by an export, which counts all rows that its dump holds', () => {
    const { shown, ...counts } = Object.fromEntries(
      manifest.tables.map(({ name, rows }) => [name, rows]),
    );
    expect(counts).toEqual(COUNTS);
    expect(shown).toBe(major < 18 ? null : 1003);
  });

  it('leave the rows of other tables to be counted and hashed as before', () => {
    const hashed = manifest.tables.filter(({ rowHash }) => rowHash !== undefined);
    expect(hashed.map(({ name }) => name).sort()).toEqual(QUERIED);
    expect(manifest.warnings.join('\n')).toMatch(
      /counted and not hashed.*"by_exclusion".* and 6 more/,
    );
  });

  it('do not hide what values of type regclass name', () => {
    const named = manifest.standIns?.filter(({ schema }) => schema === 'other');
    expect(named?.map(({ name }) => name).sort()).toEqual([
      'other.one',
      'other.three',
      'other.two',
    ]);
  });

  it('prevent the verification of no backup', () => {
    expect(restored.differences).toEqual([]);
    expect(restored.checked).toMatchObject({
      hashedTables: QUERIED.length,
      materializedViews: 2,
    });
  });

  it('are reported if a materialized view cannot be counted because of them', () => {
    const uncounted = manifest.tables.filter((table) => table.uncounted).map(({ name }) => name);
    expect(uncounted).toEqual(major < 18 ? ['shown'] : []);
    const told = manifest.warnings.filter((line) => line.includes('not counted'));
    expect(told).toEqual(major < 18 ? [expect.stringContaining('"shown"')] : []);
    const notes = restored.notChecked.filter((line) => line.includes('counted neither at'));
    expect(notes).toEqual(major < 18 ? [expect.stringContaining('"acme"."shown"')] : []);
  });

  it('are not called by a view that replaces a materialized view before it is counted', async () => {
    const { database, bench } = await tenant();
    const backup = await bench.request('acme');
    const { snapshots } = bench.ports;
    // On 15 the inventory, which is read meanwhile, locks the materialized view once its definition was read: then nothing replaces it.
    let replaced = true;
    const open: typeof snapshots.open = async (request) => {
      const snapshot = await snapshots.open(request);
      await postgres
        .sql(
          `BEGIN; SET LOCAL lock_timeout = '2s'; ALTER MATERIALIZED VIEW acme.shown RENAME TO was;
           CREATE VIEW acme.shown AS SELECT n FROM acme.was WHERE acme.spy(n) > 0; COMMIT`,
          database,
        )
        .catch((error: { code?: string }) => {
          if (major === 18 || error.code !== '55P03') throw error;
          replaced = false;
        });
      return snapshot;
    };
    await bench.run(backup, 900_000, { snapshots: { ...snapshots, open } });
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(
      replaced ? ['pending', 'SchemaInMotion'] : ['completed', undefined],
    );
  });

  it('are not called by a view that replaces a sequence while its lock is waited for', async () => {
    const { database, bench } = await tenant();
    const backup = await bench.request('acme');
    const other = await postgres.session(database);
    await other.query(
      `BEGIN; ALTER SEQUENCE acme.s RENAME TO was; CREATE VIEW acme.s AS SELECT acme.spy(1)::bigint AS last_value, true AS is_called`,
    );
    const running = bench.run(backup);
    const waits = `SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessShareLock'`;
    while (!(await postgres.sql(waits)).rowCount) await sleep(10);
    await other.query('COMMIT');
    await other.end();
    await running;
    const row = await bench.row(backup);
    expect([row.status, row.error]).toEqual(['completed', undefined]);
  });

  it('are not called by a built-in function that opens their table', async () => {
    const { database, bench } = await tenant();
    await postgres.sql(
      `CREATE TABLE acme.hashed (n int) PARTITION BY HASH ((n + acme.spy(1))); CREATE TABLE acme.opening AS SELECT generate_series(1, 4) AS n;
       DO $$ BEGIN EXECUTE format('CREATE INDEX ON acme.opening (n) WHERE satisfies_hash_partition(%s::oid, 1, 0, 1)', 'acme.hashed'::regclass::oid); END $$`,
      database,
    );
    const { manifest: own } = await stored(services, bench, 'acme');
    expect(own.tables.find(({ name }) => name === 'opening')).toMatchObject({ rows: 4 });
  });

  it('are not reached by a name whose relation is locked only through its replacement', async () => {
    const { database } = await tenant();
    const find = `SELECT c.oid::text AS oid, 'acme' AS schema, relname AS name FROM pg_class c WHERE relnamespace = 'acme'::regnamespace AND relname IN ('s', 'shown') ORDER BY 3`;
    const { rows: relations } = await postgres.sql(find, database);
    const client = await postgres.session(database);
    await client.query(`BEGIN; ${holdStatement(relations)}`);
    expect(await countUnheld(client, relations)).toBe(0);
    await client.query('ROLLBACK; BEGIN');
    expect(await countUnheld(client, relations)).toBe(2);
    await postgres.sql(
      'ALTER MATERIALIZED VIEW acme.shown RENAME TO was; CREATE VIEW acme.shown AS SELECT FROM acme.was',
      database,
    );
    await client.query(holdStatement(relations));
    expect(await countUnheld(client, relations)).toBe(1);
    await client.end();
  });

  describe('what belongs to an extension', () => {
    /** An extension's tables and sequence, as pg_cron's are: `job` holds its user's rows. */
    const belonging = (schema: string): string => `
      CREATE SEQUENCE ${schema}.jobs; CREATE TABLE ${schema}.job (id bigint DEFAULT nextval('${schema}.jobs') PRIMARY KEY, command text);
      CREATE TABLE ${schema}.runs AS SELECT 1 AS id; INSERT INTO ${schema}.job (command) SELECT 'x' FROM generate_series(1, 5);
      ALTER EXTENSION unaccent ADD TABLE ${schema}.job; ALTER EXTENSION unaccent ADD TABLE ${schema}.runs;
      ALTER EXTENSION unaccent ADD SEQUENCE ${schema}.jobs;
      UPDATE pg_extension SET extconfig = ARRAY['${schema}.job'::regclass::oid, '${schema}.jobs'::regclass::oid], extcondition = ARRAY['', '']
      WHERE extname = 'unaccent';`;
    const OWN = `CREATE SCHEMA cron; ALTER EXTENSION unaccent ADD SCHEMA cron; ${belonging('cron')}`;

    const backUp = async (schema: string, sql: string) => {
      const database = await postgres.database();
      await postgres.sql(
        `CREATE SCHEMA ext; CREATE EXTENSION unaccent SCHEMA ext; ${sql}`,
        database,
      );
      const source = { schemas: [schema] };
      const bench = await openBench(services, postgres, { database, source });
      const backup = await stored(services, bench, schema);
      return { ...backup, restored: await scratchRestores.rehearseQuickly(backup) };
    };

    it("is missing with all its rows in an extension's own schema, with a warning", async () => {
      const { manifest, restored } = await backUp('cron', OWN);
      expect([manifest.tables, manifest.outside]).toEqual([[], []]);
      expect(manifest.warnings).toEqual([
        expect.stringContaining('Schema "cron" belongs to extension "unaccent"'),
        expect.stringMatching(/neither with their definition nor with their rows: "job", "runs"/),
      ]);
      expect(restored.differences).toEqual([]);
    });

    it('prevents the verification of no tenant table in such a schema', async () => {
      const { manifest, restored } = await backUp(
        'cron',
        `${OWN} CREATE TABLE cron.mine AS SELECT 1 AS n`,
      );
      expect(manifest.outside).toMatchObject([{ kind: 'extension', name: 'unaccent' }]);
      expect(restored).toMatchObject({ differences: [], checked: { tables: 1, rows: 1 } });
    });

    it('is reported if its rows are in the backup, and does not make an intact one count as damaged', async () => {
      const { manifest, restored } = await backUp(
        'public',
        `CREATE TABLE public.t AS SELECT 1 AS n; ${belonging('public')}`,
      );
      expect(manifest.extensionRows).toMatchObject([{ name: 'job' }, { name: 'jobs' }]);
      expect(manifest.extensions).toMatchObject([{ name: 'unaccent', schema: 'ext' }]);
      expect(manifest.warnings).toEqual([
        expect.stringMatching(/adds the rows to those that are there: "job", "jobs"/),
        expect.stringMatching(/neither with their definition nor with their rows: "runs"/),
      ]);
      expect(restored).toMatchObject({ differences: [], checked: { tables: 1, rows: 1 } });
      expect(restored.notChecked.filter((line) => line.includes('"unaccent"'))).toHaveLength(2);
    });
  });
});
