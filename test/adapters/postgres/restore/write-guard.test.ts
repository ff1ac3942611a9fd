import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RestoreWroteOutside } from '../../../../core/errors/restore.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { openedOn } from '../../../support/servers.ts';
import {
  choose,
  newDatabase,
  OWNER,
  placesOf,
  requestOf,
  restore,
  serverOf,
  takeBackup,
} from '../support/restoring.ts';

/**
 * Tenant code that acts while its rows are restored: a table that every role reads says what it does. It may change anything
 * in the restored schema.
 */
const TENANT = `
  CREATE SCHEMA shared; CREATE TABLE shared.todo (sql text); INSERT INTO shared.todo VALUES ('SELECT 1');
  CREATE TABLE shared.accounts (id serial PRIMARY KEY, owner text); INSERT INTO shared.accounts (owner) VALUES ('x');
  CREATE FUNCTION shared.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW shared.v AS SELECT 1 AS a;
  CREATE SEQUENCE shared.numbers; COMMENT ON TABLE shared.accounts IS 'all'; COMMENT ON COLUMN shared.accounts.owner IS 'whose';
  CREATE POLICY own ON shared.accounts; COMMENT ON POLICY own ON shared.accounts IS 'none'; CREATE TYPE shared.mood AS ENUM ('a'); CREATE SCHEMA idle;
  CREATE FUNCTION shared.bound() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION shared.bound() DEPENDS ON EXTENSION plpgsql;
  CREATE TEXT SEARCH CONFIGURATION shared.words (COPY = pg_catalog.simple);
  CREATE SCHEMA acme;
  CREATE FUNCTION acme.does(v text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
    IF session_user = 'larder_restore' THEN
      BEGIN EXECUTE (SELECT sql FROM shared.todo); EXCEPTION WHEN division_by_zero THEN NULL; END;
    END IF;
    RETURN true; END $f$;
  CREATE TABLE acme.t (v text CHECK (acme.does(v))); INSERT INTO acme.t VALUES ('a');
  CREATE TABLE acme.kept (n int); INSERT INTO acme.kept VALUES (1); CREATE SEQUENCE acme.s`;

interface Made {
  readonly postgres: Postgres;
  readonly database: string;
  readonly stored: Awaited<ReturnType<typeof takeBackup>>;
}
const on = openedOn([15, 18], async (postgres): Promise<Made> => {
  const database = await newDatabase(postgres, TENANT);
  await postgres.sql(
    `GRANT SET ON PARAMETER log_statement TO ${OWNER} WITH GRANT OPTION; REVOKE TEMPORARY ON DATABASE ${database} FROM PUBLIC; GRANT TEMPORARY ON DATABASE ${database} TO ${OWNER} WITH GRANT OPTION`,
  );
  return { postgres, database, stored: await takeBackup(postgres, database, ['acme']) };
});

afterAll(async () => {
  for (const major of [15, 18])
    await on(major).postgres.sql(`REVOKE ALL ON PARAMETER log_statement FROM ${OWNER} CASCADE`);
});

const doing = async ({ postgres, database }: Made, sql: string): Promise<void> => {
  const client = await postgres.session(database);
  await client.query('UPDATE shared.todo SET sql = $1', [sql]);
  await client.end();
};
const objectsOf = async (loading: Promise<unknown>): Promise<readonly string[]> => {
  const error = await loading.then(
    () => undefined,
    (thrown: RestoreWroteOutside) => thrown,
  );
  expect(error).toMatchObject({ name: 'RestoreWroteOutside', retryable: false });
  return error?.objects ?? [];
};
/** What a restore must leave unchanged. */
const STATE = `SELECT (SELECT jsonb_agg(a) FROM shared.accounts a) AS accounts, (SELECT count(*)::int FROM acme.kept) AS kept,
  (SELECT array_agg(nspname::text ORDER BY 1) FROM pg_namespace WHERE nspname !~ '^pg_') AS schemas,
  (SELECT array_agg(relname::text ORDER BY 1) FROM pg_class WHERE relnamespace = 'shared'::regnamespace) AS relations,
  (SELECT prosrc FROM pg_proc WHERE oid = 'shared.f()'::regprocedure) AS source, (SELECT count(*)::int FROM pg_largeobject_metadata) AS large`;

const grantOnDatabase =
  "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$";

describe.each([15, 18])('on PostgreSQL %i a restore is rolled back, by name, which', (major) => {
  let made: Made;
  const state = async () => (await made.postgres.sql(STATE, made.database)).rows[0];
  beforeAll(() => {
    made = on(major);
  });

  it.each([
    ['adds rows', "INSERT INTO shared.accounts (owner) VALUES ('y')", 'table shared.accounts'],
    ['changes rows', "UPDATE shared.accounts SET owner = 'y'", 'table shared.accounts'],
    ['removes rows', 'DELETE FROM shared.accounts', 'table shared.accounts'],
    ['empties a table', 'TRUNCATE shared.accounts', 'table shared.accounts'],
    ['takes a number', "SELECT nextval('shared.numbers')", 'sequence shared.numbers'],
    ['takes a number and fails', "SELECT nextval('shared.numbers') / 0", 'sequence shared.numbers'],
    ['sets a sequence', "SELECT setval('shared.numbers', 1)", 'sequence shared.numbers'],
    ['writes a large object', "SELECT lo_from_bytea(0, 'x')", /^large object \d+$/],
    ['makes a table', 'CREATE TABLE shared.spy (v text)', 'table shared.spy'],
    ['makes a schema', 'CREATE SCHEMA spies', 'schema spies'],
    [
      'replaces a function',
      "CREATE OR REPLACE FUNCTION shared.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
      'function shared.f()',
    ],
    ['replaces a view', 'CREATE OR REPLACE VIEW shared.v AS SELECT 2 AS a', 'view shared.v'],
    ['grants rights', 'GRANT ALL ON shared.accounts TO PUBLIC', 'table shared.accounts'],
    ['alters a table', 'ALTER TABLE shared.accounts ADD COLUMN z int', 'table shared.accounts'],
    ['takes a table away', 'ALTER TABLE shared.accounts SET SCHEMA acme', 'table shared.accounts'],
    ['drops a table', 'DROP TABLE shared.accounts', 'table shared.accounts'],
    ['drops a function', 'DROP FUNCTION shared.f()', 'function shared.f()'],
    ['drops a type', 'DROP TYPE shared.mood', 'type shared.mood'],
    ['drops a schema', 'DROP SCHEMA idle', 'schema idle'],
    ['adds a label to a type', "ALTER TYPE shared.mood ADD VALUE 'b'", 'type shared.mood'],
    ['renames a label', "ALTER TYPE shared.mood RENAME VALUE 'a' TO 'c'", 'type shared.mood'],
    [
      'maps words in another way',
      'ALTER TEXT SEARCH CONFIGURATION shared.words ALTER MAPPING FOR word WITH english_stem',
      'text search configuration shared.words',
    ],
    ['adds a comment', "COMMENT ON FUNCTION shared.f() IS 'x'", 'comment on function shared.f()'],
    [
      'changes a comment of a column',
      "COMMENT ON COLUMN shared.accounts.owner IS 'x'",
      'comment on table column shared.accounts.owner',
    ],
    [
      'removes a comment',
      'COMMENT ON TABLE shared.accounts IS NULL',
      'comment on table shared.accounts',
    ],
    [
      'changes a comment of a policy',
      "COMMENT ON POLICY own ON shared.accounts IS 'x'",
      'comment on policy own on shared.accounts',
    ],
    ['changes a comment of a schema', "COMMENT ON SCHEMA idle IS 'x'", 'comment on schema idle'],
    [
      'grants what is made later',
      'ALTER DEFAULT PRIVILEGES IN SCHEMA shared GRANT ALL ON TABLES TO PUBLIC',
      /default acl|default privileges/,
    ],
    [
      'grants rights on a column',
      'GRANT SELECT (owner) ON shared.accounts TO PUBLIC',
      'table column shared.accounts.owner',
    ],
    [
      'lets a function be dropped with an extension',
      'ALTER FUNCTION shared.f() DEPENDS ON EXTENSION plpgsql',
      'dependency on an extension of function shared.f()',
    ],
    [
      'no longer lets a function be dropped with an extension',
      'ALTER FUNCTION shared.bound() NO DEPENDS ON EXTENSION plpgsql',
      'dependency on an extension of function shared.bound()',
    ],
    ['grants a setting', 'GRANT SET ON PARAMETER log_statement TO PUBLIC', 'a right on a setting'],
    ['lets others into the database', grantOnDatabase, /^database /],
    ['gives a role a password', "ALTER ROLE app_owner PASSWORD 'x'", 'a role'],
    ['sets a role', "ALTER ROLE app_owner SET work_mem = '1MB'", /settings of role/],
  ])('%s', async (_, sql, object) => {
    const before = await state();
    await doing(made, sql);
    const objects = await objectsOf(restore(made, made.stored));
    expect(objects).toContainEqual(
      typeof object === 'string' ? object : expect.stringMatching(object),
    );
    expect(await state()).toEqual(before);
  });

  it('writes into another table of the live schema that a table is restored into', async () => {
    await doing(made, 'INSERT INTO acme.kept VALUES (2)');
    await made.postgres.sql(
      'CREATE SCHEMA away; ALTER TABLE acme.t SET SCHEMA away',
      made.database,
    );
    const before = await state();
    const { tables, entries } = await choose(made.stored, ['t']);
    const wishes = {
      mode: 'tables-live',
      tables,
      entries,
      places: placesOf(made.stored, ''),
    } as const;
    expect(await objectsOf(restore(made, made.stored, wishes))).toEqual(['table acme.kept']);
    await doing(made, 'CREATE INDEX ON acme.kept (n)');
    expect(await objectsOf(restore(made, made.stored, wishes))).toContain('table acme.kept');
    await doing(made, "SELECT nextval('acme.s')");
    expect(await objectsOf(restore(made, made.stored, wishes))).toEqual(['sequence acme.s']);
    expect(await state()).toEqual(before);
    await doing(made, 'SELECT 1');
    expect(await restore(made, made.stored, wishes)).toMatchObject({ rows: 1 });
  });

  it('but not one that reads other tables, changes its own rows, and runs while others write', async () => {
    await doing(
      made,
      "SELECT count(*) FROM shared.accounts; UPDATE acme.kept SET n = 5; SELECT setval('acme.s', 1); CREATE INDEX ON acme.kept (n)",
    );
    let report: (error?: unknown) => void = () => undefined;
    const written = new Promise<unknown>((resolve) => {
      report = resolve;
    });
    const others = `CREATE TABLE IF NOT EXISTS shared.late (n int); INSERT INTO shared.accounts (owner) VALUES ('z');
      CREATE OR REPLACE FUNCTION shared.f() RETURNS int LANGUAGE sql AS 'SELECT 3'; SELECT nextval('shared.numbers')`;
    const request = await requestOf(made.stored, {
      places: placesOf(made.stored, '_fine'),
      onTable: () => void made.postgres.sql(others, made.database).then(() => report(), report),
    });
    // The rows of the second table wait until the others have written.
    const text = async function* () {
      for await (const piece of request.text) {
        const at = piece.indexOf('COPY acme.t ');
        if (at > 0) {
          yield piece.subarray(0, at);
          expect(await written).toBeUndefined();
          yield piece.subarray(at);
        } else yield piece;
      }
    };
    const loaded = await serverOf(made).load({ ...request, text: text() });
    expect(loaded.rows).toBe(2);
  });
});

it("what the database's own event triggers write is reported, and kept", async () => {
  const made = on(18);
  await doing(made, 'SELECT 1');
  await made.postgres.sql(
    `CREATE SCHEMA audit; CREATE TABLE audit.commands (id serial PRIMARY KEY, tag text); CREATE SEQUENCE audit.version;
     CREATE FUNCTION audit.write() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN
       INSERT INTO audit.commands (tag) VALUES (tg_tag); EXCEPTION WHEN OTHERS THEN INSERT INTO audit.commands (tag) VALUES ('?'); END $f$;
     CREATE FUNCTION audit.fire() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
       PERFORM audit.write(); PERFORM pg_catalog.nextval('audit.version'); END $f$;
     CREATE EVENT TRIGGER audited ON ddl_command_end EXECUTE FUNCTION audit.fire()`,
    made.database,
  );
  const places = placesOf(made.stored, '_audited');
  const { warnings } = await restore(made, made.stored, { places });
  expect(warnings.join()).toMatch(
    /^Event triggers .* sequence audit.commands_id_seq, sequence audit.version, table audit.commands /,
  );
  await doing(made, "INSERT INTO shared.accounts (owner) VALUES ('y')");
  const again = restore(made, made.stored, { places: placesOf(made.stored, '_again') });
  expect(await objectsOf(again)).toEqual([
    'sequence shared.accounts_id_seq',
    'table shared.accounts',
  ]);
  await made.postgres.sql('DROP EVENT TRIGGER audited', made.database);
});
