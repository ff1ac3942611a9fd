import { describe, expect, it } from 'vitest';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  OWNER,
  RESTORE_ROLE,
  restore,
  schemasIn,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** Owners and grants, restored by a role that is no superuser. */
const ROLES = `
  RESET ROLE;
  DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  DO $$ BEGIN CREATE ROLE "wri""ter"; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  DO $$ BEGIN CREATE ROLE second_owner; GRANT second_owner TO ${OWNER}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  DO $$ BEGIN CREATE ROLE stranger; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  SET ROLE ${OWNER};`;
const TENANT = `${ROLES}
  CREATE SCHEMA acme;
  CREATE TYPE acme.mood AS ENUM ('ok');
  CREATE TABLE acme.t (id int PRIMARY KEY, m acme.mood);
  INSERT INTO acme.t VALUES (1, 'ok');
  CREATE TABLE acme.closed (id int); INSERT INTO acme.closed VALUES (1), (2);
  CREATE TABLE acme.forced (id int); INSERT INTO acme.forced VALUES (1), (2), (3);
  ALTER TABLE acme.forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY p ON acme.forced TO reader USING (id > 1);
  CREATE SEQUENCE acme.s; SELECT nextval('acme.s');
  CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
  CREATE VIEW acme.v AS SELECT id FROM acme.t;
  CREATE MATERIALIZED VIEW acme.mv AS SELECT id FROM acme.t;
  GRANT USAGE ON SCHEMA acme TO reader, "wri""ter";
  GRANT SELECT ON acme.t, acme.v TO reader WITH GRANT OPTION;
  GRANT SELECT (id), UPDATE (m) ON acme.t TO "wri""ter";
  GRANT USAGE ON SEQUENCE acme.s TO reader;
  REVOKE ALL ON FUNCTION acme.f() FROM PUBLIC; GRANT EXECUTE ON FUNCTION acme.f() TO reader;
  REVOKE ALL ON acme.closed, acme.s FROM ${OWNER};
  ALTER DEFAULT PRIVILEGES IN SCHEMA acme GRANT SELECT ON TABLES TO reader;`;

const FACTS = (schema: string): string => `
  SELECT 'schema' AS what, nspowner::regrole::text AS owner, nspacl::text AS acl FROM pg_namespace WHERE nspname = '${schema}'
  UNION ALL SELECT relname, relowner::regrole::text, relacl::text FROM pg_class WHERE relnamespace = '${schema}'::regnamespace
  UNION ALL SELECT proname, proowner::regrole::text, proacl::text FROM pg_proc WHERE pronamespace = '${schema}'::regnamespace
  UNION ALL SELECT typname, typowner::regrole::text, typacl::text FROM pg_type WHERE typnamespace = '${schema}'::regnamespace
  UNION ALL SELECT 'column ' || attname, NULL, attacl::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = '${schema}'::regnamespace AND attacl IS NOT NULL
  UNION ALL SELECT 'default', defaclrole::regrole::text, defaclacl::text FROM pg_default_acl WHERE defaclnamespace = '${schema}'::regnamespace
  UNION ALL SELECT 'policy ' || polname, polroles::regrole[]::text, NULL FROM pg_policy p JOIN pg_class c ON c.oid = polrelid WHERE relnamespace = '${schema}'::regnamespace
  UNION ALL SELECT 'rls ' || relname, relrowsecurity::text, relforcerowsecurity::text FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r'
  ORDER BY 1, 2, 3`;

const on = serversOf(15, 18);
const superuser = 'postgres';

describe.each([15, 18])('owners and grants on PostgreSQL %i', (major) => {
  it('are restored unchanged', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    expect(await surveyOf({ postgres, database }, stored)).toMatchObject({
      problems: [],
      missingRoles: [],
    });
    const loaded = await restore({ postgres, database }, stored);
    expect(loaded).toMatchObject({ leftOut: [], rows: 6 });
    const was = await postgres.sql(FACTS('acme'), database);
    const is = await postgres.sql(FACTS('acme_restored'), database);
    expect(is.rows).toEqual(was.rows);
    expect(is.rows.length).toBeGreaterThan(20);
  });

  it('are left out and listed by their role if the server does not have it', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    const manifest = { ...stored.manifest, roles: [...stored.manifest.roles, 'gone'] };
    const preflight = await surveyOf({ postgres, database }, { ...stored, manifest });
    expect(preflight.missingRoles).toEqual(['gone']);
    expect(preflight.problems).toEqual([]);
    // A role that nothing can be granted to counts as missing.
    const loaded = await restore({ postgres, database }, stored, { missingRoles: ['reader'] });
    expect(loaded.leftOut).toHaveLength(1);
    expect(loaded.leftOut[0]).toMatchObject({ why: 'there is no role "reader"' });
    expect(loaded.leftOut[0]?.what).toMatch(/rights on schema "acme".*and \d more/);
    const { rows } = await postgres.sql(
      "SELECT has_table_privilege('reader', 'acme_restored.v', 'SELECT') AS may",
      database,
    );
    expect(rows).toEqual([{ may: false }]);
  });

  it('are not applied at all if owners are dropped', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    const loaded = await restore({ postgres, database }, stored, { owners: 'drop' });
    expect(loaded.leftOut.map(({ what }) => what)).toEqual([
      'SECURITY DEFINER of function "acme.f"',
      major < 15 ? 'grants on view "acme.v"' : 'the owner\'s rights of view "acme.v"',
      'all owners and grants',
    ]);
    const definers = await postgres.sql(
      "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'acme_restored'::regnamespace",
      database,
    );
    expect(definers.rows).toEqual([]);
    const { rows } = await postgres.sql(
      "SELECT DISTINCT relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace",
      database,
    );
    expect(rows).toEqual([{ owner: RESTORE_ROLE, acl: null }]);
  });

  it('of a role that the restore role is not a member of are left out; a swap is refused', async () => {
    const postgres = on(major);
    const database = await newDatabase(
      postgres,
      `${TENANT} RESET ROLE; GRANT CREATE, USAGE ON SCHEMA acme TO stranger; CREATE TABLE acme.theirs (id int); ALTER TABLE acme.theirs OWNER TO stranger;
       SET ROLE stranger; GRANT SELECT ON acme.theirs TO reader;`,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    const beside = await surveyOf({ postgres, database }, stored);
    expect(beside.problems).toEqual([]);
    expect(beside.warnings.join()).toContain('not a member of "stranger"');
    const loaded = await restore({ postgres, database }, stored);
    expect(loaded.leftOut).toEqual([
      {
        what: 'the owner of table "acme.theirs"',
        why: 'the restore role is not a member of "stranger"',
      },
    ]);
    const swap = await surveyOf({ postgres, database }, stored, {
      mode: 'swap',
      places: [{ from: 'acme', to: 'other' }],
    });
    expect(swap.problems.join()).toContain('not a member of "stranger"');
    await expect(
      restore({ postgres, database }, stored, {
        mode: 'swap',
        places: [{ from: 'acme', to: 'other' }],
      }),
    ).rejects.toMatchObject({ name: 'RestoreRefused' });
    expect(await schemasIn(postgres, database)).toEqual(['acme', 'acme_restored']);
  });

  it('granted by another role than the owner are restored in its name if we may act as it, and are listed if not', async () => {
    const postgres = on(major);
    const database = await newDatabase(
      postgres,
      `${TENANT} SET ROLE reader; GRANT SELECT ON acme.t TO stranger; RESET ROLE;
       GRANT USAGE ON SCHEMA acme TO second_owner; GRANT SELECT ON acme.v TO second_owner WITH GRANT OPTION;
       SET ROLE second_owner; GRANT SELECT ON acme.v TO stranger; SET ROLE ${OWNER};`,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    const loaded = await restore({ postgres, database }, stored);
    expect(loaded.leftOut).toEqual([
      {
        what: 'rights on table "acme.t"',
        why: '"reader" granted it, and the restore role is not a member of that',
      },
    ]);
    const { rows } = await postgres.sql(
      "SELECT relacl::text AS acl FROM pg_class WHERE oid IN ('acme.v'::regclass, 'acme_restored.v'::regclass)",
      database,
    );
    expect(rows[0]).toEqual(rows[1]);
    expect(rows[0].acl).toContain('stranger=r/second_owner');
  });

  it('of an owner who may not create in the schema are restored, and it still may not', async () => {
    const postgres = on(major);
    const database = await newDatabase(
      postgres,
      `${TENANT} CREATE TABLE acme.second (id int); RESET ROLE; GRANT CREATE ON SCHEMA acme TO second_owner;
       ALTER TABLE acme.second OWNER TO second_owner; REVOKE CREATE ON SCHEMA acme FROM second_owner; SET ROLE ${OWNER};`,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: superuser });
    expect((await restore({ postgres, database }, stored)).leftOut).toEqual([]);
    const was = await postgres.sql(FACTS('acme'), database);
    const is = await postgres.sql(FACTS('acme_restored'), database);
    expect(is.rows).toEqual(was.rows);
  });
});
