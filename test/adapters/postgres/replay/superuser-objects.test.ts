import { describe, expect, it } from 'vitest';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  OWNER,
  placesOf,
  restore,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** Objects of a tenant's schema that a superuser owns, or that only a superuser may create, restored by the role of docs/roles.md. */
const on = serversOf(15, 18);

const OWNED = `
  CREATE SCHEMA acme; CREATE TABLE acme.own (id int PRIMARY KEY); INSERT INTO acme.own VALUES (1);
  RESET ROLE; CREATE TABLE acme.t (id int PRIMARY KEY, v int CHECK (v > 0), own int REFERENCES acme.own); INSERT INTO acme.t VALUES (1, 1, 1);
  CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; GRANT SELECT ON acme.t TO ${OWNER};
  CREATE VIEW acme.v AS SELECT * FROM acme.t; CREATE MATERIALIZED VIEW acme.m AS SELECT * FROM acme.t;
  CREATE TYPE acme.e AS ENUM ('a'); CREATE DOMAIN acme.d AS int; CREATE SEQUENCE acme.s; SET ROLE ${OWNER}`;

const CREATED = `
  CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY, word text); INSERT INTO acme.t VALUES (1, 'a');
  RESET ROLE;
  CREATE FUNCTION acme.c(oid) RETURNS int LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
  CREATE FUNCTION acme.i(text) RETURNS int LANGUAGE internal IMMUTABLE AS 'textlen'; COMMENT ON FUNCTION acme.i(text) IS 'length';
  CREATE FUNCTION acme.l(text) RETURNS int LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT length($1)';
  CREATE OPERATOR CLASS acme.of_text FOR TYPE text USING hash AS OPERATOR 1 =, FUNCTION 1 hashtext(text);
  CREATE VIEW acme.lengths AS SELECT id, acme.i(word) AS n FROM acme.t;
  CREATE INDEX by_class ON acme.t USING hash (word acme.of_text);
  ALTER FUNCTION acme.c(oid) OWNER TO ${OWNER}; ALTER FUNCTION acme.i(text) OWNER TO ${OWNER}; ALTER FUNCTION acme.l(text) OWNER TO ${OWNER};
  ALTER VIEW acme.lengths OWNER TO ${OWNER}; GRANT EXECUTE ON FUNCTION acme.i(text) TO PUBLIC;
  ALTER OPERATOR CLASS acme.of_text USING hash OWNER TO ${OWNER}; ALTER OPERATOR FAMILY acme.of_text USING hash OWNER TO ${OWNER};
  SET ROLE ${OWNER}`;

const OWNERS = `
  SELECT DISTINCT o.owner::regrole::text AS owner FROM (
    SELECT relowner FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'acme_restored'::regnamespace
    UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'acme_restored'::regnamespace) AS o (owner)`;

describe.each([15, 18])('PostgreSQL %i, objects that a superuser owns', (major) => {
  it("become the schema owner's beside, and are reported; a swap is refused, without advice to give away a superuser", async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, OWNED);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    const { warnings, problems } = await surveyOf(target, stored);
    expect(problems).toEqual([]);
    expect(warnings.join()).toMatch(/"postgres" is a superuser and owns objects of the backup/);
    const { leftOut, rows, unfinished } = await restore(target, stored, { onConflict: 'report' });
    expect({ rows, unfinished }).toEqual({ rows: 2, unfinished: [] });
    const all = leftOut.map(({ what, why }) => `${what}: ${why}`).join('\n');
    expect(all).toMatch(/SECURITY DEFINER of function "acme\.f"/);
    expect(all).toMatch(
      /the owner of table "acme\.t".*the restore role is not a member of "postgres"/,
    );
    expect((await postgres.sql(OWNERS, database)).rows).toEqual([{ owner: OWNER }]);
    const refused = await surveyOf(target, stored, { mode: 'swap' });
    expect(refused.problems.join()).toMatch(/ALTER \.\.\. OWNER TO a role that it is a member of/);
    await expect(
      restore(target, stored, { mode: 'swap', places: placesOf(stored, '_swap') }),
    ).rejects.toThrow(/no member of "postgres"/);
    await postgres.sql('ALTER SCHEMA acme OWNER TO postgres', database);
    for (const mode of ['swap', 'beside'] as const)
      expect((await surveyOf(target, stored, { mode })).problems.join()).not.toMatch(
        /GRANT "postgres"/,
      );
  });
});

describe.each([15, 18])('PostgreSQL %i, objects that only a superuser may create', (major) => {
  it('are reported with their statements, and so is what needs them; each statement runs as a superuser', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, CREATED);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    await expect(restore(target, stored)).rejects.toMatchObject({ name: 'PermissionMissing' });
    const { unfinished, rows } = await restore(target, stored, {
      onConflict: 'report',
      places: placesOf(stored),
    });
    expect(rows).toBe(1);
    const objects = unfinished.filter(({ object }) => !/^the (owner|statement)/.test(object));
    expect(objects.map(({ object, state }) => [object, state])).toEqual([
      ['function "acme.c"', 'missing'],
      ['function "acme.i"', 'missing'],
      ['function "acme.l"', 'missing'],
      ['operator family "acme.of_text"', 'missing'],
      ['operator class "acme.of_text"', 'missing'],
      ['view "acme.lengths"', 'missing'],
      ['index "acme.t: by_class"', 'missing'],
    ]);
    await postgres.sql(unfinished.map(({ sql }) => sql).join(';\n'), database);
    const { rows: lengths } = await postgres.sql('SELECT n FROM acme_restored.lengths', database);
    expect(lengths).toEqual([{ n: 1 }]);
  });
});

/** A domain that calls a function makes every definition with a value one that may run code. */
const beside = (schema: string): string => `
  CREATE FUNCTION ${schema}.ok(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'; CREATE DOMAIN ${schema}.d AS text CHECK (${schema}.ok(VALUE));
  CREATE FUNCTION ${schema}.i(text) RETURNS int LANGUAGE internal IMMUTABLE AS 'textlen'; CREATE FUNCTION ${schema}.l(text) RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1';
  CREATE TABLE ${schema}.t (v ${schema}.d[] DEFAULT '{a}'); INSERT INTO ${schema}.t DEFAULT VALUES`;

it.each([
  [15, 'public'],
  [18, 'public'],
  [18, 'acme'],
] as const)(
  'PostgreSQL %i, schema %s: a superuser that accepts the code restores them beside domains with functions',
  async (major, schema) => {
    const postgres = on(major);
    const made = schema === 'public' ? '' : `CREATE SCHEMA ${schema};`;
    const database = await newDatabase(
      postgres,
      `${made} RESET ROLE; ${beside(schema)}; SET ROLE ${OWNER}`,
    );
    const target = { postgres, database, user: 'postgres' };
    const stored = await takeBackup(postgres, database, [schema]);
    await expect(restore(target, stored)).rejects.toThrow(/acceptOwnCode/);
    const { rows, warnings, unfinished } = await restore(target, stored, { acceptOwnCode: true });
    expect({ rows, unfinished }).toEqual({ rows: 1, unfinished: [] });
    expect(warnings.join()).toMatch(/a superuser, as requested: function/);
  },
);
