import { describe, expect, it } from 'vitest';
import { serversOf } from '../../../support/servers.ts';
import {
  choose,
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
    ).rejects.toThrow(/not a member of "postgres"/);
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
    const refused = restore(target, stored);
    await expect(refused).rejects.toMatchObject({ name: 'PermissionMissing' });
    await expect(refused).rejects.toThrow(/function "acme\.c" .*"onConflict": "report"/);
    expect(stored.manifest.superuserObjects).toEqual(
      [
        ['function', 'c'],
        ['function', 'i'],
        ['function', 'l'],
        ['operator class', 'of_text'],
        ['operator family', 'of_text'],
      ].map(([kind, name]) => ({ kind, schema: 'acme', name })),
    );
    const dry = await surveyOf(target, stored);
    expect(dry.problems).toEqual([
      expect.stringMatching(/^Only a superuser may create function "acme\.c".*"report"/),
    ]);
    const told = await surveyOf(target, stored, { onConflict: 'report' });
    expect([told.problems, told.warnings.join()]).toEqual([
      [],
      expect.stringContaining('Only a superuser may create function "acme.c", function "acme.i"'),
    ]);
    const asSuperuser = await surveyOf({ ...target, user: 'postgres' }, stored);
    expect(asSuperuser.problems.join()).not.toContain('Only a superuser');
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

const BASED = `
  CREATE SCHEMA acme; CREATE TABLE acme.kept (id int PRIMARY KEY, v text); INSERT INTO acme.kept VALUES (1, 'a'), (2, 'b'); CREATE VIEW acme.texts AS SELECT v FROM acme.kept;
  CREATE TABLE acme.partners (id int PRIMARY KEY); CREATE SCHEMA shared; CREATE TABLE shared.all (id int PRIMARY KEY);
  RESET ROLE; CREATE TYPE acme.code; CREATE FUNCTION acme.code_in(cstring) RETURNS acme.code LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
  CREATE FUNCTION acme.code_out(acme.code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'; CREATE TYPE acme.code (INPUT = acme.code_in, OUTPUT = acme.code_out, LIKE = int4);
  ALTER TYPE acme.code OWNER TO ${OWNER}; ALTER FUNCTION acme.code_in OWNER TO ${OWNER}; ALTER FUNCTION acme.code_out OWNER TO ${OWNER};
  SET ROLE ${OWNER}; CREATE DOMAIN acme.codes AS acme.code[]; CREATE TYPE acme.pair AS (a acme.code, b int);
  CREATE TABLE acme.coded (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c acme.code, elsewhere int REFERENCES shared.all); INSERT INTO acme.coded (c) VALUES ('7');
  CREATE TABLE acme.many (c acme.codes); CREATE TABLE acme.paired (p acme.pair); CREATE INDEX ON acme.coded (elsewhere);
  CREATE VIEW acme.of_coded AS SELECT id FROM acme.coded; CREATE TABLE acme.refers (coded int REFERENCES acme.coded, v int); INSERT INTO acme.refers VALUES (1, 5);
  CREATE FUNCTION acme.count() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM acme.coded); GRANT SELECT ON acme.coded TO PUBLIC`;

describe.each([15, 18])('PostgreSQL %i, tables with columns of base types', (major) => {
  it('are foretold, left out beside with what needs them, and never lost by a swap or a choice', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, BASED);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    const { superuserObjects = [] } = stored.manifest;
    expect(superuserObjects.find(({ kind }) => kind === 'type')).toEqual({
      ...{ kind: 'type', schema: 'acme', name: 'code' },
      tables: ['coded', 'many', 'paired'].map((name) => ({ schema: 'acme', name })),
    });
    const named = 'tables have columns of such types: "acme.coded", "acme.many", "acme.paired".';
    const report = { onConflict: 'report' } as const;
    const chosen = await choose(stored, ['coded']);
    for (const more of [
      {},
      { ...report, mode: 'swap' as const },
      { ...report, tables: chosen.tables, chosen },
    ])
      expect((await surveyOf(target, stored, more)).problems.join()).toMatch(
        /tables have columns of such types.*a superuser, into a database of its own/,
      );
    const dry = await surveyOf(target, stored, report);
    expect(dry.problems).toEqual([]);
    expect(dry.warnings.join()).toContain(named);

    await expect(restore(target, stored)).rejects.toThrow(/type "acme\.code".*"report"/);
    const whole = { ...report, mode: 'swap' as const, places: placesOf(stored, '_swap') };
    await expect(restore(target, stored, whole)).rejects.toThrow(/type "acme\.code"/);

    const done = await restore(target, stored, report);
    expect(done).toMatchObject({ tables: 3, rows: 3, foreignKeys: [] });
    expect(done.leftOut.map(({ what }) => what).filter((one) => /rows/.test(one))).toEqual([
      'table "acme.coded" and its rows',
      'table "acme.many" and its rows',
      'table "acme.paired" and its rows',
    ]);
    const objects = done.unfinished.map(({ object }) => object);
    for (const object of [
      'type "acme.code"',
      'function "acme.code_in"',
      'table "acme.coded"',
      'view "acme.of_coded"',
      'constraint "refers_coded_fkey" of table "acme.refers"',
    ])
      expect(objects).toContain(object);
    const { rows } = await postgres.sql(
      'SELECT (SELECT count(*)::int FROM acme_restored.texts) AS texts, (SELECT count(*)::int FROM acme_restored.refers) AS refers',
      database,
    );
    expect(rows).toEqual([{ texts: 2, refers: 1 }]);
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
