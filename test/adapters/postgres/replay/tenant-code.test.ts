import { beforeAll, describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import { newDatabase, restore, schemasIn, takeBackup } from '../support/restoring.ts';

/** Tenants with their own owners, one restore role that is a member of all, and code that attacks it. */
const SETUP = `RESET ROLE;
  DO $$ BEGIN CREATE ROLE t_acme; CREATE ROLE t_beta; CREATE ROLE t_part;
  EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  CREATE SCHEMA acme AUTHORIZATION t_acme; CREATE SCHEMA beta AUTHORIZATION t_beta;
  SET ROLE t_beta; CREATE TABLE beta.secrets (s text); INSERT INTO beta.secrets VALUES ('secret');
  SET ROLE t_acme;
  CREATE FUNCTION acme.waits(v text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$
  BEGIN
    IF session_user = 'larder_restore' THEN EXECUTE 'UPDATE beta.secrets SET s = ''taken'''; END IF;
    RETURN true;
  END $f$;
  CREATE FUNCTION acme.tells(v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT current_user::text';`;

const serverOfMajor = serversOf(15, 18);
let postgres: Postgres;
beforeAll(() => {
  postgres = serverOfMajor(18);
});

const databaseOf = async (on: Postgres, setup: string): Promise<string> => {
  const database = await newDatabase(on, `${SETUP} ${setup}; RESET ROLE`);
  await on.sql('GRANT t_acme, t_beta TO larder_restore', database);
  return database;
};
const secrets = async (database: string) =>
  (await postgres.sql('SELECT s FROM beta.secrets', database)).rows;

describe("a tenant's own code", () => {
  it.each([
    ['a check constraint', 'CREATE TABLE acme.t (v text CHECK (acme.waits(v)))'],
    [
      'a domain',
      'CREATE DOMAIN acme.d AS text CHECK (acme.waits(VALUE)); CREATE TABLE acme.t (v acme.d)',
    ],
    [
      'a generated column',
      'CREATE TABLE acme.t (v text, g boolean GENERATED ALWAYS AS (acme.waits(v)) STORED)',
    ],
    [
      'a check that is added to rows',
      'CREATE TABLE acme.t (v text); CREATE FUNCTION acme.loop(t acme.t) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT acme.waits(t.v) $$; ALTER TABLE acme.t ADD CHECK (acme.loop(t))',
    ],
    ['an index', 'CREATE TABLE acme.t (v text); CREATE INDEX ON acme.t (acme.waits(v))'],
    [
      'a materialized view',
      'CREATE TABLE acme.t (v text); CREATE MATERIALIZED VIEW acme.m AS SELECT acme.waits(v) FROM acme.t',
    ],
  ])("in %s can't write to another tenant's tables", async (_, setup) => {
    const database = await databaseOf(postgres, `${setup}; INSERT INTO acme.t (v) VALUES ('a')`);
    const stored = await takeBackup(postgres, database, ['acme']);
    await expect(restore({ postgres, database }, stored)).rejects.toMatchObject({
      message: expect.stringContaining('permission denied'),
    });
    expect(await secrets(database)).toEqual([{ s: 'secret' }]);
    expect(await schemasIn(postgres, database)).toEqual(['acme', 'beta']);
  });

  it("runs as its table's owner", async () => {
    const database = await databaseOf(
      postgres,
      "CREATE TABLE acme.t (v text, g text GENERATED ALWAYS AS (acme.tells(v)) STORED); INSERT INTO acme.t VALUES ('a')",
    );
    const stored = await takeBackup(postgres, database, ['acme']);
    const loaded = await restore({ postgres, database }, stored);
    const { rows } = await postgres.sql('SELECT g FROM acme_restored.t', database);
    expect(rows).toEqual([{ g: 't_acme' }]);
    expect(loaded.warnings).toEqual([]);
  });

  it('cannot reset its role, as docs/roles.md says, and leaves no setting behind', async () => {
    const database = await databaseOf(
      postgres,
      `CREATE FUNCTION acme.resets(v text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
         IF session_user = 'larder_restore' THEN
           SET search_path = acme; SET standard_conforming_strings = off;
           BEGIN RESET ROLE; UPDATE beta.secrets SET s = current_user; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
         END IF; RETURN true; END $f$;
       CREATE TABLE acme.t (v text CHECK (acme.resets(v))); INSERT INTO acme.t VALUES ('a');
       CREATE INDEX i ON acme.t (v); COMMENT ON INDEX acme.i IS 'a\\b'`,
    );
    const stored = await takeBackup(postgres, database, ['acme']);
    expect((await restore({ postgres, database }, stored)).warnings).toEqual([]);
    expect(await secrets(database)).toEqual([{ s: 'secret' }]);
    const { rows } = await postgres.sql(
      "SELECT obj_description('acme_restored.i'::regclass) AS c",
      database,
    );
    expect(rows).toEqual([{ c: 'a\\b' }]);
  });

  it("that creates types in its session's temporary schema is not called by later statements", async () => {
    const database = await databaseOf(
      postgres,
      `CREATE FUNCTION acme.takes(v text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
         UPDATE beta.secrets SET s = current_user; RETURN true; END $f$;
       CREATE FUNCTION acme.shadows(v text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
         IF session_user = 'larder_restore' THEN
           BEGIN
             CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (acme.takes(VALUE));
             CREATE DOMAIN pg_temp.int4 AS pg_catalog.int4 CHECK (acme.takes(NULL));
           EXCEPTION WHEN insufficient_privilege THEN NULL; END;
         END IF; RETURN true; END $f$;
       CREATE TABLE acme.t (v text CHECK (acme.shadows(v))); INSERT INTO acme.t VALUES ('a')`,
    );
    const stored = await takeBackup(postgres, database, ['acme']);
    await restore({ postgres, database }, stored);
    expect(await secrets(database)).toEqual([{ s: 'secret' }]);
    const { rows } = await postgres.sql('SELECT v FROM acme_restored.t', database);
    expect(rows).toEqual([{ v: 'a' }]);
  });

  it('of an owner who may not use the schema before its grants are applied is restored', async () => {
    const database = await databaseOf(
      postgres,
      `RESET ROLE; DO $$ BEGIN CREATE ROLE t_second; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
       GRANT t_second TO larder_restore; GRANT CREATE, USAGE ON SCHEMA acme TO t_second; SET ROLE t_second;
       CREATE TABLE acme.t (v text, g text GENERATED ALWAYS AS (acme.tells(v)) STORED); INSERT INTO acme.t VALUES ('a')`,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
    expect((await restore({ postgres, database }, stored)).leftOut).toEqual([]);
    const { rows } = await postgres.sql('SELECT g FROM acme_restored.t', database);
    expect(rows).toEqual([{ g: 't_second' }]);
  });
});

describe('what runs with the rights of an owner that it cannot be given to', () => {
  const PARTS = `RESET ROLE; GRANT USAGE, CREATE ON SCHEMA acme TO t_part; SET ROLE t_part;
    CREATE FUNCTION acme.spy() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN RETURN current_user; END $f$;
    CREATE VIEW acme.v AS SELECT 1 AS a; GRANT SELECT ON acme.v TO PUBLIC;
    CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a;
    CREATE TABLE acme.t (v text); CREATE TABLE acme.log (v text); INSERT INTO acme.t VALUES ('a');
    CREATE RULE r AS ON INSERT TO acme.t DO ALSO INSERT INTO acme.log VALUES (new.v)`;

  it.each([15, 18])(
    'has the rights of its caller on PostgreSQL %i, and nothing stays with the restore role',
    async (major) => {
      const on = serverOfMajor(major);
      const database = await databaseOf(on, PARTS);
      const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
      const loaded = await restore({ postgres: on, database }, stored);
      expect(loaded.leftOut.map(({ what }) => what)).toEqual([
        'SECURITY DEFINER of function "acme.spy"',
        'the owner\'s rights of view "acme.v"',
        expect.stringContaining('the owner of function "acme.spy"'),
      ]);
      const owners = await on.sql(
        `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace
         UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'acme_restored'::regnamespace`,
        database,
      );
      expect(owners.rows).toEqual([{ owner: 't_acme' }]);
      const caller = await on.session(database);
      await caller.query('SET ROLE t_part');
      expect((await caller.query('SELECT acme_restored.spy() AS who')).rows).toEqual([
        { who: 't_part' },
      ]);
      await caller.end();
    },
  );

  it('has them too if owners are dropped', async () => {
    const database = await databaseOf(postgres, PARTS);
    const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
    const loaded = await restore({ postgres, database }, stored, { owners: 'drop' });
    expect(loaded.leftOut.map(({ what }) => what)).toEqual([
      'SECURITY DEFINER of function "acme.spy"',
      'grants on table "acme.t"',
      'the owner\'s rights of view "acme.v"',
      'all owners and grants',
    ]);
  });

  it('and on a table with a rule that stays with the restore role no other role has rights', async () => {
    const database = await databaseOf(
      postgres,
      `${PARTS}; GRANT INSERT, SELECT ON acme.t TO PUBLIC; GRANT UPDATE (v) ON acme.t TO t_acme`,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
    await postgres.sql('REVOKE t_acme FROM larder_restore');
    // The live schema is away: a role that is no member of its owner could not rename it.
    await postgres.sql('ALTER SCHEMA acme RENAME TO acme_away', database);
    const loaded = await restore({ postgres, database }, stored);
    await postgres.sql('GRANT t_acme TO larder_restore');
    expect(loaded.leftOut.map(({ what }) => what)).toContain('grants on table "acme.t"');
    const { rows } = await postgres.sql(
      `SELECT grantee::regrole::text FROM pg_class c, aclexplode(relacl) WHERE oid = 'acme_restored.t'::regclass
       UNION SELECT 'column' FROM pg_attribute, aclexplode(attacl) WHERE attrelid = 'acme_restored.t'::regclass`,
      database,
    );
    expect(rows).toEqual([{ grantee: 'larder_restore' }]);
  });
});

describe('a database in which backslashes escape', () => {
  it('is restored', async () => {
    const database = await databaseOf(
      postgres,
      String.raw`CREATE TABLE acme.t (v text DEFAULT E'a\\b''c'); INSERT INTO acme.t DEFAULT VALUES; COMMENT ON TABLE acme.t IS E'\\'';'`,
    );
    await postgres.sql(`ALTER DATABASE "${database}" SET standard_conforming_strings = off`);
    const stored = await takeBackup(postgres, database, ['acme'], {
      format: 'plain',
      compression: 'none',
    });
    expect(stored.bytes.toString()).toContain('standard_conforming_strings = off');
    await restore({ postgres, database }, stored);
    const { rows } = await postgres.sql(
      "SELECT v, column_default AS d FROM acme_restored.t, information_schema.columns WHERE table_schema = 'acme_restored'",
      database,
    );
    expect(rows[0]?.v).toBe("a\\b'c");
  });
});
