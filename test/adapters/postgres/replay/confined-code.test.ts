import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  choose,
  newDatabase,
  placesOf,
  restore,
  schemasIn,
  takeBackup,
} from '../support/restoring.ts';
import { ATTACKING_TENANT } from '../support/tenant-attack.ts';

/** A tenant's code in every place that PostgreSQL evaluates during the restore of a schema. */
const SETUP = `${ATTACKING_TENANT}
  CREATE FUNCTION acme.plain(v text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION acme.same(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.attack(''operator''); END';
  CREATE OPERATOR acme.=== (FUNCTION = acme.same, LEFTARG = text, RIGHTARG = text);`;

/** Each with the place's name in its calls. */
const PLACES = `
  CREATE TABLE acme.checks (v text CHECK (acme.hits('check of ' || v)));
  CREATE TABLE acme.operators (v text CHECK (v OPERATOR(acme.===) 'a'));
  CREATE TABLE acme.xml (v text CHECK (query_to_xml('SELECT acme.attack(''xml'')', true, true, '') IS NOT NULL));
  CREATE DOMAIN acme.d AS text CHECK (acme.hits('domain of ' || VALUE));
  CREATE TABLE acme.domains (v acme.d);
  CREATE TABLE acme.arrays (v acme.d[]);
  CREATE TYPE acme.pair AS (a int, b acme.d); CREATE TABLE acme.pairs (v acme.pair);
  CREATE TYPE acme.span AS RANGE (subtype = acme.d); CREATE TABLE acme.spans (v acme.span);
  CREATE TABLE acme.literals (v text, w acme.d[] DEFAULT '{literal}'::acme.d[]);
  CREATE FUNCTION acme.append(a acme.d, b text) RETURNS acme.d LANGUAGE sql IMMUTABLE AS 'SELECT a';
  CREATE AGGREGATE acme.all_of (text) (SFUNC = acme.append, STYPE = acme.d, INITCOND = 'aggregate');
  CREATE TABLE acme.generated (v text, g boolean GENERATED ALWAYS AS (acme.hits('generated for ' || v)) STORED);
  CREATE TABLE acme.folded (v text, g int GENERATED ALWAYS AS (length(v) + acme.number('generated at once')) STORED);
  CREATE TABLE acme.parts (v text) PARTITION BY LIST (acme.number('partition for ' || v));
  CREATE TABLE acme.parts_1 PARTITION OF acme.parts FOR VALUES IN (1);
  CREATE TABLE acme.keyed (v text) PARTITION BY LIST ((length(v) + acme.number('partition key at once')));
  CREATE TABLE acme.keyed_1 PARTITION OF acme.keyed FOR VALUES IN (2);
  CREATE TABLE acme.attached (v text, CHECK (acme.hits('attached'))) PARTITION BY LIST (v);
  CREATE TABLE acme.attached_1 PARTITION OF acme.attached FOR VALUES IN ('a'); CREATE INDEX ON acme.attached ((v || acme.hits('attached index')::text));
  CREATE TABLE acme.added (v text);
  CREATE FUNCTION acme.loop(t acme.added) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.attack(''added check''); END';
  ALTER TABLE acme.added ADD CHECK (acme.loop(added));
  CREATE TABLE acme.late (v text); ALTER TABLE acme.late ADD CONSTRAINT late CHECK (acme.hits('late check')) NOT VALID;
  CREATE TABLE acme.referred (id text PRIMARY KEY); CREATE INDEX ON acme.referred ((id || acme.hits('index')::text));
  CREATE INDEX ON acme.referred (id) WHERE acme.hits('predicate');
  CREATE STATISTICS acme.statistics ON (id || acme.hits('statistics')::text) FROM acme.referred;
  CREATE TABLE acme.referring (v text REFERENCES acme.referred);
  CREATE TABLE acme_more.queue (v text);
  CREATE FUNCTION acme_more.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM acme.attack(''deferred''); RETURN NULL; END';
  CREATE CONSTRAINT TRIGGER fire AFTER INSERT ON acme_more.queue DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION acme_more.fire();
  CREATE FUNCTION acme.enqueue(v text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
    INSERT INTO acme_more.queue VALUES (v); RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $f$;
  CREATE TABLE acme.queues (v text CHECK (acme.enqueue(v)));
  INSERT INTO acme.checks VALUES ('a'); INSERT INTO acme.operators VALUES ('a'); INSERT INTO acme.xml VALUES ('a');
  INSERT INTO acme.domains VALUES ('a'); INSERT INTO acme.arrays VALUES ('{a,b}'); INSERT INTO acme.pairs VALUES ('(1,a)');
  INSERT INTO acme.spans VALUES ('[a,b]'); INSERT INTO acme.literals (v) VALUES ('a'); INSERT INTO acme.generated VALUES ('a');
  INSERT INTO acme.folded VALUES ('a'); INSERT INTO acme.parts VALUES ('a'); INSERT INTO acme.keyed VALUES ('a');
  INSERT INTO acme.attached VALUES ('a'); INSERT INTO acme.added VALUES ('a'); INSERT INTO acme.late VALUES ('a');
  INSERT INTO acme.referred VALUES ('a'); INSERT INTO acme.referring VALUES ('a'); INSERT INTO acme.queues VALUES ('a')`;

const serverOfMajor = serversOf(15, 18);

const databaseOf = async (on: Postgres, setup: string): Promise<string> => {
  const database = await newDatabase(on, `${SETUP} ${setup}; RESET ROLE`);
  await on.sql('GRANT t_acme, t_beta TO larder_restore', database);
  return database;
};
const secrets = async (on: Postgres, database: string): Promise<string[]> =>
  (await on.sql('SELECT s FROM beta.secrets', database)).rows.map(({ s }: { s: string }) => s);

describe.each([15, 18])("a tenant's code on PostgreSQL %i", (major) => {
  it('gets the rights of no other role in any place that is evaluated, and everything is restored', async () => {
    const on = serverOfMajor(major);
    const database = await databaseOf(on, PLACES);
    const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
    let names: string[] = [];
    const confirm = async () => {
      const { rows } = await on.sql(
        `SELECT application_name AS name FROM pg_stat_activity WHERE usename = 'larder_restore' AND datname = '${database}'`,
      );
      names = rows.map(({ name }: { name: string }) => name);
    };
    const loaded = await restore({ postgres: on, database }, stored, { confirm });
    expect(await secrets(on, database)).toEqual(['secret']);
    expect(loaded.warnings).toEqual([]);
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^larder\//);
    const left = await on.sql(
      `SELECT relname FROM pg_class WHERE relname ~ 'larder_' UNION ALL SELECT proname FROM pg_proc WHERE proname ~ 'larder_'`,
      database,
    );
    expect(left.rows).toEqual([]);
    // What was written to the deferred trigger's table was rolled back too.
    expect((await on.sql('SELECT count(*)::int AS n FROM acme_more.queue', database)).rows).toEqual(
      [{ n: 1 }],
    );
    const live = { mode: 'tables-live', places: placesOf(stored, '') } as const;
    const tables = ['checks', 'folded'].map((name) => ({ schema: 'acme', name }));
    const { entries } = await choose(stored, ['checks', 'folded']);
    await on.sql('DROP TABLE acme.checks, acme.folded', database);
    const back = await restore({ postgres: on, database }, stored, { ...live, tables, entries });
    expect(back.rows).toBe(2);
    expect(await secrets(on, database)).toEqual(['secret']);
  });
});

describe('built-in functions with side effects', () => {
  it.each([
    ['change the role', `set_config('role', 'none', true) IS NOT NULL`],
    [
      'read what others own',
      `lo_from_bytea(0, query_to_xml('SELECT s FROM beta.secrets', true, true, '')::text::bytea) > 0`,
    ],
  ])('end the restore if they %s', async (_, check) => {
    const on = serverOfMajor(18);
    const database = await databaseOf(
      on,
      `CREATE TABLE acme.t (v text CHECK (session_user <> 'larder_restore' OR ${check})); INSERT INTO acme.t VALUES ('a')`,
    );
    const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
    await expect(restore({ postgres: on, database }, stored)).rejects.toMatchObject({
      name: 'StatementRefused',
      message: expect.stringMatching(/security-restricted operation|permission denied/),
    });
    expect(await secrets(on, database)).toEqual(['secret']);
    expect(await schemasIn(on, database)).toEqual(['acme', 'acme_more', 'beta']);
  });
});

/** Tables of every form that call a function, and whose rows must be restored unchanged. */
const FORMS = `
  CREATE FUNCTION acme.ok(v text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE FUNCTION acme.up(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN upper(v); END';
  CREATE DOMAIN acme.short AS varchar(5) CHECK (acme.ok(VALUE)); CREATE DOMAIN acme.fixed AS char(4) CHECK (acme.ok(VALUE));
  CREATE DOMAIN acme.nested AS acme.short; CREATE DOMAIN acme.amount AS numeric(10,2) CHECK (acme.ok(VALUE::text));
  CREATE DOMAIN acme.letters AS "char" CHECK (acme.ok(VALUE::text)); CREATE DOMAIN acme.doc AS xml CHECK (acme.ok('')); CREATE DOMAIN acme.list AS text[] CHECK (acme.ok(''));
  CREATE TYPE acme.pair AS (a int, b acme.short, c text[]); CREATE DOMAIN acme.checked_pair AS acme.pair CHECK (acme.ok((VALUE).b));
  CREATE TYPE acme.span AS RANGE (subtype = acme.amount); CREATE TYPE acme.color AS ENUM ('red', 'it''s "green"');
  CREATE TABLE acme."Quoted ""name" ("Id" int GENERATED ALWAYS AS IDENTITY (START 7), "a b" text CHECK (acme.ok("a b")), "select" int DEFAULT 3, gone int, j jsonb, b bytea);
  ALTER TABLE acme."Quoted ""name" DROP COLUMN gone; INSERT INTO acme."Quoted ""name" ("a b", "select", j, b)
    VALUES (E'a\\tb\\n\\\\.\\n', NULL, '{"a": [1, "\\\\"]}', '\\x00ff'), (NULL, 2, NULL, NULL), ('', 3, '"\\\\N"', ''), ('\\N', 4, 'null', '\\x5c');
  CREATE TABLE acme.types (s acme.short, f acme.fixed, n acme.nested, a acme.amount, l acme.letters, d acme.doc, t acme.list, p acme.pair, q acme.checked_pair,
    r acme.span, aa acme.short[], pp acme.pair[], m acme.span[], c acme.color, g text GENERATED ALWAYS AS (acme.up(s)) STORED);
  INSERT INTO acme.types VALUES ('ab   ', 'ab', 'cd ', 1.50, 'x', '<a>b</a>', '{a,NULL,"b,c"}', '(1,"ab ",{x})', '(,,)', '[1.00,2.50)', '{"a ",NULL}', '{"(1,b,)",NULL}', '{empty}', 'it''s "green"'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('', '', '', 0, '', '', '{}', '(0,"",{})', '(1,x,)', '(,)', '{}', '{}', '{}', 'red');
  CREATE TABLE acme.empty_handed (CHECK (acme.ok('x'))); INSERT INTO acme.empty_handed DEFAULT VALUES; INSERT INTO acme.empty_handed DEFAULT VALUES;
  CREATE TABLE acme.parent (id int, v text CHECK (acme.ok(v))); CREATE TABLE acme.child (w acme.short) INHERITS (acme.parent);
  INSERT INTO acme.parent VALUES (1, 'p'); INSERT INTO acme.child VALUES (2, 'c', 'w');
  CREATE TABLE acme.split (id int, v text, CHECK (acme.ok(v)), UNIQUE (id)) PARTITION BY RANGE (id);
  CREATE TABLE acme.split_1 PARTITION OF acme.split FOR VALUES FROM (0) TO (10); CREATE TABLE acme.split_2 (v text, id int, CONSTRAINT split_v_check CHECK (acme.ok(v)));
  ALTER TABLE acme.split ATTACH PARTITION acme.split_2 FOR VALUES FROM (10) TO (20); INSERT INTO acme.split VALUES (1, 'a'), (11, 'b');
  CREATE TABLE acme.refers (id int REFERENCES acme.split (id), v text CHECK (acme.ok(v))); INSERT INTO acme.refers VALUES (1, 'x'), (NULL, NULL);
  ALTER TABLE acme.refers REPLICA IDENTITY FULL;
  CREATE MATERIALIZED VIEW acme.counted AS SELECT acme.up(v) AS v FROM acme.split; CREATE INDEX ON acme.counted (acme.up(v))`;

describe('tables that evaluate code', () => {
  it.each([15, 18])('are restored row for row on PostgreSQL %i', async (major) => {
    const on = serverOfMajor(major);
    const database = await databaseOf(on, FORMS);
    const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
    const loaded = await restore({ postgres: on, database }, stored);
    expect(loaded.leftOut).toEqual([]);
    for (const { name, kind } of stored.manifest.tables) {
      const rows = async (schema: string) =>
        (
          await on.sql(
            `SELECT t.tableoid::regclass::text AS heir, t::text AS row FROM ${schema}."${name.replaceAll('"', '""')}" t ORDER BY 2, 1`,
            database,
          )
        ).rows.map(({ heir, row }) => [String(heir).replace(`${schema}.`, ''), row]);
      const was = await rows('acme');
      expect(await rows('acme_restored'), name).toEqual(was);
      expect(was.length, `${name}, ${kind}`).toBeGreaterThan(0);
    }
    const keys = async (schema: string) =>
      (
        await on.sql(
          `SELECT conname, convalidated, conislocal, coninhcount, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE connamespace = '${schema}'::regnamespace ORDER BY 1, 5`,
          database,
        )
      ).rows.map((row) => JSON.stringify(row).replaceAll(`${schema}.`, ''));
    expect(await keys('acme_restored')).toEqual(await keys('acme'));
    const rights = await on.sql(
      `SELECT DISTINCT relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class WHERE relnamespace = 'acme_restored'::regnamespace AND relkind IN ('r', 'p', 'm', 'S')`,
      database,
    );
    expect(rights.rows).toEqual([{ owner: 't_acme', acl: null }]);
    const types = await on.sql(
      `SELECT DISTINCT typowner::regrole::text AS owner FROM pg_type WHERE typnamespace = 'acme_restored'::regnamespace`,
      database,
    );
    expect(types.rows).toEqual([{ owner: 't_acme' }]);
  });
});

describe('code that no other role could run as', () => {
  it.each([
    [
      'a built-in in a check',
      `CREATE TABLE acme.t (v text CHECK (set_config('x.y', v, true) IS NOT NULL))`,
      'set_config',
    ],
    [
      'a built-in in a domain',
      `CREATE DOMAIN acme.e AS text CHECK (query_to_xml('SELECT 1', true, true, '') IS NOT NULL); CREATE TABLE acme.t (v acme.e)`,
      'query_to_xml',
    ],
    [
      'an own function while the table is made',
      `CREATE TABLE acme.t (v text, g int GENERATED ALWAYS AS (length(v) + acme.plain('x')) STORED)`,
      'acme.plain',
    ],
    [
      'an own function in an index',
      `CREATE TABLE acme.t (v text); CREATE INDEX ON acme.t ((v || acme.plain('x')::text))`,
      'acme.plain',
    ],
    [
      'an own operator in a late check',
      `CREATE TABLE acme.t (v text); ALTER TABLE acme.t ADD CHECK (v OPERATOR(acme.===) 'a') NOT VALID`,
      'acme.same',
    ],
  ])('is refused before it runs: %s', async (_, setup, name) => {
    const on = serverOfMajor(18);
    const database = await databaseOf(on, `${setup}; INSERT INTO acme.t (v) VALUES ('a')`);
    const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
    const loading = restore({ postgres: on, database }, stored, { owners: 'drop' });
    await expect(loading).rejects.toMatchObject({
      name: 'RestoreRefused',
      message: expect.stringMatching(new RegExp(`"larder_restore".*${name}.*acceptOwnCode`)),
    });
    expect(await secrets(on, database)).toEqual(['secret']);
    const asked = { owners: 'drop', acceptOwnCode: true } as const;
    const { warnings } = await restore({ postgres: on, database }, stored, asked);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`as requested: .*${name}`))]);
  });

  it('runs as the restore role if that owns nothing else', async () => {
    const on = serverOfMajor(18);
    const database = await databaseOf(
      on,
      `CREATE TABLE acme.t (v text CHECK (acme.hits(v))); INSERT INTO acme.t VALUES ('a')`,
    );
    await on.sql('REVOKE t_beta FROM larder_restore');
    const stored = await takeBackup(on, database, ['acme'], { user: 'postgres' });
    const { rows, warnings } = await restore({ postgres: on, database }, stored, {
      owners: 'drop',
    });
    expect([rows, warnings]).toEqual([1, []]);
  });
});
