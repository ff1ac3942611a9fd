import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefinitions } from '../../../../adapters/postgres/inventory/definitions.ts';
import { formOf } from '../../../../adapters/postgres/inventory/expression-form.ts';
import { clientPrograms, PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { restoreFile, runFile } from '../../../support/restore.ts';
import { openedOn } from '../../../support/servers.ts';

const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

/** Expressions as frameworks make them, some of which a server writes back otherwise once they were dumped and restored. */
const COMMON = `
CREATE SCHEMA common;
SET search_path = common;
CREATE TABLE a (
  id serial PRIMARY KEY,
  s varchar(10) DEFAULT 'a'::varchar CHECK (s IN ('a', 'b')),
  at timestamptz DEFAULT (now() AT TIME ZONE 'utc'),
  n numeric(10, 2) DEFAULT 0 CHECK (n BETWEEN 0 AND 10),
  i smallint DEFAULT -1 CHECK (i = ANY ('{1,2}') OR i IN (-1, 7)),
  c char(3) CHECK (c NOT IN ('x', 'y')),
  d date DEFAULT CURRENT_DATE CHECK (d > '2020-01-01'),
  e text CHECK (e ~* '^[a-z]+$' AND length(e) > 3 OR e LIKE 'x%'),
  v interval DEFAULT '1 day', u uuid DEFAULT gen_random_uuid(), r text[] DEFAULT '{}', j jsonb DEFAULT '{}',
  k varchar[] CHECK (k <@ ARRAY['q', 'w']::varchar[])
);
CREATE VIEW seen AS
  SELECT a.id, b.s, CASE a.s WHEN 'a' THEN 1 ELSE 2 END AS x, a.n::int, row_number() OVER (PARTITION BY a.s ORDER BY a.id DESC) AS r
  FROM a JOIN a b USING (id, s) LEFT JOIN LATERAL (SELECT max(n) FROM a WHERE id IN (1, 2)) m ON true
  WHERE a.s IN ('a', 'b') AND a.d BETWEEN '2020-01-01' AND now() AND EXTRACT(year FROM a.at) > 2000
  GROUP BY a.id, b.s, a.s, a.n HAVING count(*) > 1 ORDER BY 1 LIMIT 5;
CREATE INDEX some_of_a ON a (lower(s)) WHERE s IN ('a', 'b') AND n > 0;
CREATE UNIQUE INDEX once ON a (COALESCE(s, ''), (n + 1));
ALTER TABLE a RENAME COLUMN u TO uu;
ALTER TABLE a ADD COLUMN late text;
CREATE POLICY by_setting ON a USING (s = ANY (string_to_array(current_setting('x.y', true), ',')::varchar[]));
CREATE FUNCTION twice(n int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON a FOR EACH ROW WHEN (OLD.s IS DISTINCT FROM NEW.s AND NEW.s IN ('a', 'b')) EXECUTE FUNCTION touch();
CREATE TABLE parted (at timestamptz, k text) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE child (a_id int CONSTRAINT of_a REFERENCES a ON DELETE CASCADE);
CREATE SEQUENCE counter;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE granted (a int, b int);
GRANT SELECT, INSERT ON granted TO stranger; GRANT UPDATE (a, b) ON granted TO stranger; REVOKE ALL ON granted FROM postgres;
GRANT USAGE ON SCHEMA common TO stranger;
CREATE FUNCTION closed() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION closed() FROM PUBLIC;
CREATE SEQUENCE lent; GRANT USAGE ON lent TO stranger WITH GRANT OPTION; SET ROLE stranger; GRANT USAGE ON lent TO pg_monitor; RESET ROLE;
ALTER DEFAULT PRIVILEGES IN SCHEMA common GRANT SELECT ON TABLES TO stranger;
CREATE TABLE later (id int); ALTER TABLE later OWNER TO stranger;
`;
const SCHEMAS = ['common', 'formed', 'exo', 'Awk.ward "schema" *é'];
const MAJORS = [15, 17, 18];
/** Those that a major knows. */
const expressions = (major: number): readonly string[] =>
  [
    'expressions.sql',
    'expressions-more.sql',
    'rare.sql',
    'expressions-17.sql',
    'expressions-18.sql',
  ]
    .filter((name) => major >= Number(/\d+/.exec(name) ?? 0))
    .map((name) => path.join(import.meta.dirname, name));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-definitions-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const definitionsIn = async (postgres: Postgres, database: string) => {
  const client = await postgres.session(database);
  try {
    await client.query("SET search_path = ''");
    const { rows } = await client.query<{ oid: string }>(
      'SELECT oid::text FROM pg_namespace WHERE nspname = ANY ($1)',
      [SCHEMAS],
    );
    const found = await readDefinitions(
      client,
      rows.map(({ oid }) => oid),
    );
    return new Map(
      found.map(({ kind, name, digest, access }) => [`${kind} ${name}`, `${digest} ${access}`]),
    );
  } finally {
    await client.end();
  }
};
type Definitions = Awaited<ReturnType<typeof definitionsIn>>;

const differing = (before: Definitions, after: Definitions): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .sort();

const dump = async (postgres: Postgres, database: string): Promise<string> => {
  const file = path.join(folder, `${postgres.major}.dump`);
  const programs = (await clientPrograms()).clients.find(({ major }) => major === postgres.major);
  const schemas = SCHEMAS.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`);
  const login = ['-h', '127.0.0.1', '-p', String(postgres.port), '-U', 'postgres', '-d', database];
  const flags = ['-Fc', ...schemas, '--extension=hstore', '-f', file];
  await promisify(execFile)(programs?.pgDump ?? '', [...login, ...flags], {
    env: { PGPASSWORD: PASSWORD },
  });
  return file;
};

const on = openedOn(MAJORS, async (postgres) => {
  const source = await postgres.database();
  await runFile(postgres, source, fixture('awkward-outside.sql'));
  await runFile(postgres, source, fixture('awkward.sql'));
  await postgres.sql('CREATE ROLE stranger', source);
  await postgres.sql(COMMON, source);
  for (const file of expressions(postgres.major)) await runFile(postgres, source, file);
  // What a CREATE INDEX CONCURRENTLY leaves that fails: pg_dump does not take it.
  await postgres.sql('INSERT INTO common.child VALUES (NULL), (NULL)', source);
  const broken = 'CREATE UNIQUE INDEX CONCURRENTLY broken ON common.child ((a_id IS NULL))';
  await postgres.sql(broken, source).catch(() => undefined);
  return { postgres, source, before: await definitionsIn(postgres, source) };
});

describe('definitions', () => {
  it.each(MAJORS)(
    'on PostgreSQL %i are the same once all was dumped and restored',
    async (major) => {
      const { postgres, source, before } = on(major);
      const file = await dump(postgres, source);
      const copy = await postgres.database();
      await runFile(postgres, copy, fixture('awkward-outside.sql'));
      await restoreFile(postgres, copy, file);
      expect(before.size).toBeGreaterThan(410);
      expect(differing(before, await definitionsIn(postgres, copy))).toEqual([]);
    },
  );

  it.each<[string, string[]]>([
    ['DROP INDEX common.some_of_a', ['index common.some_of_a']],
    ['ALTER TABLE common.a DROP CONSTRAINT a_n_check', ['constraint a_n_check on common.a']],
    [
      'ALTER TABLE common.child DROP CONSTRAINT of_a; ALTER TABLE common.child ADD CONSTRAINT of_a FOREIGN KEY (a_id) REFERENCES common.a ON DELETE CASCADE NOT VALID',
      ['constraint of_a on common.child'],
    ],
    [
      'ALTER TABLE common.child DROP CONSTRAINT of_a; ALTER TABLE common.child ADD CONSTRAINT of_a FOREIGN KEY (a_id) REFERENCES common.a ON DELETE SET NULL',
      ['constraint of_a on common.child'],
    ],
    ['DROP TRIGGER touched ON common.a', ['trigger touched on common.a']],
    ['ALTER TABLE common.a DISABLE TRIGGER touched', ['trigger touched on common.a']],
    ['DROP POLICY by_setting ON common.a', ['policy by_setting on common.a']],
    ['ALTER TABLE common.a ENABLE ROW LEVEL SECURITY', ['table common.a']],
    ['DROP VIEW common.seen', ['view common.seen']],
    ["ALTER TABLE common.a ALTER s SET DEFAULT 'b'", ['table common.a']],
    [
      'ALTER TABLE common.a ALTER at TYPE timestamp',
      ['constraint', 'table common.a', 'view common.seen'],
    ],
    ['ALTER TABLE common.a ALTER id DROP DEFAULT', ['table common.a']],
    ['ALTER TABLE common.a ALTER n SET NOT NULL', ['table common.a']],
    [
      "CREATE OR REPLACE FUNCTION common.twice(n int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 3'",
      ['function common.twice(integer)'],
    ],
    ['ALTER FUNCTION common.twice(int) SECURITY DEFINER', ['function common.twice(integer)']],
    ['DROP FUNCTION common.twice(int)', ['function common.twice(integer)']],
    ["ALTER TYPE common.mood ADD VALUE 'great'", ['type common.mood']],
    [
      'ALTER DOMAIN common.email DROP CONSTRAINT email_check',
      ['constraint email_check on common.email'],
    ],
    ['ALTER SEQUENCE common.counter INCREMENT 2', ['sequence common.counter']],
    ['ALTER TABLE common.parted DETACH PARTITION common.part', ['table common.part']],
    ["COMMENT ON COLUMN common.a.s IS 'a comment'", ['table common.a']],
    ["COMMENT ON SCHEMA common IS 'a comment'", ['schema common']],
    ['CREATE TABLE common.more ()', ['table common.more']],
    // What is in few schemas.
    [
      'ALTER TEXT SEARCH CONFIGURATION formed.search ALTER MAPPING FOR word WITH formed.stems, formed.plain, pg_catalog.simple',
      ['text search configuration formed.search'],
    ],
    [
      'ALTER TEXT SEARCH CONFIGURATION formed.search DROP MAPPING FOR url',
      ['text search configuration formed.search'],
    ],
    [
      'ALTER TEXT SEARCH DICTIONARY formed.plain (ACCEPT = true)',
      ['text search dictionary formed.plain'],
    ],
    [
      "DROP COLLATION formed.nocase; CREATE COLLATION formed.nocase (PROVIDER = icu, LOCALE = 'und-u-ks-level2')",
      ['collation formed.nocase'],
    ],
    [
      "DROP COLLATION formed.numbers; CREATE COLLATION formed.numbers (PROVIDER = icu, LOCALE = 'de-u-kn', DETERMINISTIC = true)",
      ['collation formed.numbers'],
    ],
    [
      "DROP CONVERSION formed.latin; CREATE CONVERSION formed.latin FOR 'LATIN2' TO 'UTF8' FROM iso8859_to_utf8",
      ['conversion formed.latin'],
    ],
    [
      'ALTER OPERATOR formed.~<> (integer, integer) SET (RESTRICT = NONE)',
      ['operator formed.~<>(integer,integer)'],
    ],
    [
      'ALTER OPERATOR FAMILY formed.backwards USING btree DROP FUNCTION 1 (integer, bigint)',
      [
        'operator class formed.backwards USING btree',
        'operator family formed.backwards USING btree',
      ],
    ],
    [
      'DROP OPERATOR FAMILY formed.hashed USING hash; CREATE OPERATOR CLASS formed.hashed FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer)',
      ['operator class formed.hashed USING hash', 'operator family formed.hashed USING hash'],
    ],
    [
      'DROP AGGREGATE formed.least_of(integer); CREATE AGGREGATE formed.least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = >)',
      ['function formed.least_of(integer)'],
    ],
    // Whose it is, and who may do what.
    ['ALTER TABLE common.a OWNER TO stranger', ['sequence common.a_id_seq', 'table common.a']],
    ['ALTER SCHEMA common OWNER TO stranger', ['schema common']],
    ['ALTER TYPE common.mood OWNER TO stranger', ['type common.mood']],
    ['ALTER FUNCTION common.touch() OWNER TO stranger', ['function common.touch()']],
    ['ALTER STATISTICS formed.st OWNER TO stranger', ['statistics formed.st']],
    ['ALTER COLLATION formed.nocase OWNER TO stranger', ['collation formed.nocase']],
    ['GRANT SELECT ON common.a TO stranger', ['table common.a']],
    ['GRANT SELECT ON common.granted TO stranger WITH GRANT OPTION', ['table common.granted']],
    ['REVOKE INSERT ON common.granted FROM stranger', ['table common.granted']],
    ['REVOKE UPDATE (a) ON common.granted FROM stranger', ['table common.granted']],
    ['GRANT SELECT (s) ON common.seen TO PUBLIC', ['view common.seen']],
    ['GRANT USAGE ON SEQUENCE common.counter TO stranger', ['sequence common.counter']],
    ['GRANT EXECUTE ON FUNCTION common.closed() TO PUBLIC', ['function common.closed()']],
    ['REVOKE USAGE ON TYPE common.mood FROM PUBLIC', ['type common.mood']],
    ['GRANT CREATE ON SCHEMA common TO stranger', ['schema common']],
    [
      'ALTER DEFAULT PRIVILEGES IN SCHEMA common REVOKE SELECT ON TABLES FROM stranger',
      ['schema common'],
    ],
    // The same words in another order.
    ['ALTER TABLE formed.t ALTER d1 SET DEFAULT (1 - 3 - 2)', ['table formed.t']],
    ['ALTER TABLE formed.t ALTER d1 SET DEFAULT (1 - (2 - 3))', ['table formed.t']],
    [
      `ALTER TABLE formed.virtual DROP v; ALTER TABLE formed.virtual ADD v integer GENERATED ALWAYS AS (b - a);
      ALTER TABLE formed.virtual DROP w; ALTER TABLE formed.virtual ADD w boolean GENERATED ALWAYS AS (s IN ('a', 'b') AND a BETWEEN 1 AND 2)`,
      ['table formed.virtual'],
    ],
    ['DROP INDEX formed.i1; CREATE INDEX i1 ON formed.t (b, a)', ['index formed.i1']],
    ['DROP INDEX formed.i3; CREATE INDEX i3 ON formed.t ((b - a), lower(s))', ['index formed.i3']],
    [
      "DROP INDEX formed.i4; CREATE INDEX i4 ON formed.t (a) WHERE s IN ('b', 'a') AND a BETWEEN 1 AND 2",
      ['index formed.i4'],
    ],
    [
      "DROP INDEX formed.i4; CREATE INDEX i4 ON formed.t (a) WHERE s IN ('a', 'b') AND a BETWEEN 2 AND 1",
      ['index formed.i4'],
    ],
    [
      'ALTER TABLE formed.ref DROP CONSTRAINT away; ALTER TABLE formed.k DROP CONSTRAINT k_pkey; ALTER TABLE formed.k ADD PRIMARY KEY (x, y); ALTER TABLE formed.ref ADD CONSTRAINT away FOREIGN KEY (y, x) REFERENCES formed.k (y, x) ON DELETE SET NULL (x) DEFERRABLE INITIALLY DEFERRED',
      ['constraint k_pkey on formed.k', 'index formed.k_pkey'],
    ],
    [
      'ALTER TABLE formed.ref DROP CONSTRAINT away; ALTER TABLE formed.ref ADD CONSTRAINT away FOREIGN KEY (x, y) REFERENCES formed.k (y, x) ON DELETE SET NULL (x) DEFERRABLE INITIALLY DEFERRED',
      ['constraint away on formed.ref'],
    ],
    [
      'ALTER TABLE formed.t DROP CONSTRAINT c8; ALTER TABLE formed.t ADD CONSTRAINT c8 CHECK (b BETWEEN 1 AND 2 AND a > 3)',
      ['constraint c8 on formed.t'],
    ],
    [
      'ALTER TABLE formed.t DROP CONSTRAINT c28; ALTER TABLE formed.t ADD CONSTRAINT c28 CHECK ((a = 1 OR b = 2) AND (b = 3 OR c = 4 AND a > 0))',
      ['constraint c28 on formed.t'],
    ],
    [
      "ALTER TABLE formed.t DROP CONSTRAINT c54; ALTER TABLE formed.t ADD CONSTRAINT c54 CHECK (s::varchar(2) = 'abc' AND n::int = a AND a::numeric(4, 1) = 1 AND x::char(3) = 'ab' AND x::\"char\" = 'a')",
      ['constraint c54 on formed.t'],
    ],
    [
      "ALTER POLICY p1 ON formed.t USING (s = ANY (string_to_array(current_setting('x.y', true), ',')::varchar[]) AND b - a > 0)",
      ['policy p1 on formed.t'],
    ],
    [
      "CREATE OR REPLACE TRIGGER g1 BEFORE UPDATE OF a, b ON formed.t FOR EACH ROW WHEN (OLD.s IS DISTINCT FROM NEW.s AND NEW.s IN ('a', 'b') AND NEW.a BETWEEN 1 AND 2 AND NEW.a - OLD.a > 0) EXECUTE FUNCTION formed.touch('x', 'it''s', 'b\\s')",
      ['trigger g1 on formed.t'],
    ],
    [
      'CREATE OR REPLACE VIEW formed.v4 AS SELECT b AS a FROM formed.t WHERE a > 1 UNION (SELECT a FROM formed.t EXCEPT SELECT c FROM formed.t) UNION ALL (SELECT 1 INTERSECT SELECT 2 ORDER BY 1 LIMIT 1) ORDER BY 1',
      ['view formed.v4'],
    ],
    [
      "CREATE OR REPLACE RULE r3 AS ON DELETE TO formed.ref WHERE OLD.w IN ('a', 'b') DO ALSO SELECT OLD.y - OLD.x",
      ['rule r3 on formed.ref'],
    ],
    [
      "CREATE OR REPLACE PROCEDURE formed.f3(INOUT a integer, b text[] DEFAULT '{}') LANGUAGE sql BEGIN ATOMIC SELECT 1 - a; END",
      ['function formed.f3(integer,pg_catalog.text[])'],
    ],
    [
      'DROP STATISTICS formed.st2; CREATE STATISTICS formed.st2 (dependencies) ON b, c FROM formed.t',
      ['statistics formed.st2'],
    ],
    [
      "ALTER TABLE formed.pl DETACH PARTITION formed.pl1; ALTER TABLE formed.pl ATTACH PARTITION formed.pl1 FOR VALUES IN ('b', 'a', NULL)",
      ['table formed.pl1'],
    ],
  ])('differ after %s', async (change, expected) => {
    const { postgres, source, before } = on(18);
    const client = await postgres.session(source);
    try {
      await client.query("BEGIN; SET search_path = ''");
      if (change.includes(' TYPE timestamp')) await client.query('DROP VIEW common.seen');
      await client.query(change);
      const { rows } = await client.query<{ oid: string }>(
        'SELECT oid::text FROM pg_namespace WHERE nspname = ANY ($1)',
        [SCHEMAS],
      );
      const found = await readDefinitions(
        client,
        rows.map(({ oid }) => oid),
      );
      const after = new Map(
        found.map(({ kind, name, digest, access }) => [`${kind} ${name}`, `${digest} ${access}`]),
      );
      // PostgreSQL 18 has a constraint for each NOT NULL.
      const names = differing(before, after).filter((name) => !/not_null/.test(name));
      expect(names).toEqual(expected.filter((name) => name !== 'constraint'));
    } finally {
      await client.query('ROLLBACK');
      await client.end();
    }
  });
});

/** As a server wrote them, and wrote them again once they had been dumped and restored. */
describe('the form of an expression', () => {
  it.each([
    [
      "(((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
      "(((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
    ],
    [
      "((ARRAY[ARRAY[s, 'b'::character varying], ARRAY[x.s2, f(1, 2)]])::character varying(5)[])",
      "(ARRAY[ARRAY[(s)::character varying(5), ('b'::character varying)::character varying(5)], ARRAY[(x.s2)::character varying(5), (f(1, 2))::character varying(5)]])",
    ],
    [
      '(((a >= 1) AND (a <= 2)) AND (b > 3) AND ((c = 1) OR (c = 2)))',
      '((a >= 1) AND (a <= 2) AND (b > 3) AND ((c = 1) OR (c = 2)))',
    ],
  ])('is the same in %s and %s', (written, writtenBack) => {
    expect(formOf(writtenBack)).toEqual(formOf(written));
  });

  it.each([
    ["s = 'a'", "s = 'b'"],
    ["s = 'a'", "t = 'a'"],
    ['n > 1', 'n < 1'],
    ['n > 1', 'n > 11'],
    ['"A" = 1', 'a = 1'],
    ["s = 'it''s'", "s = 'its'"],
    ["s = 'a  b'", "s = 'a b'"],
    ['(a - b)', '(b - a)'],
    ['((a - b) - c)', '(a - (b - c))'],
    ['((a AND b) OR c)', '(a AND (b OR c))'],
    ['(NOT (a AND b))', '((NOT a) AND b)'],
    ['(a = ANY (ARRAY[1, 2]))', '(a = ANY (ARRAY[2, 1]))'],
    ["('a'::text)::character(1)", "('a'::character(1))::text"],
    ['(x)::numeric(5,2)', '(x)::numeric(5,1)'],
    ['(ARRAY[a, b])::text[]', '(ARRAY[a, b])::bytea[]'],
    ['ARRAY[]::text[]', 'ARRAY[]::integer[]'],
    ['(a)::timestamp(3) without time zone', '(a)::timestamp(3) with time zone'],
    ['GROUPING SETS ((a, b))', 'GROUPING SETS (a, b)'],
    ["E'\\'' = x", "E'\\\\' = x"],
    ["B'101'", "X'101'"],
  ])('differs between %s and %s', (one, other) => {
    expect(formOf(other)).not.toEqual(formOf(one));
  });

  it('leaves nothing of a text out, whatever it is', () => {
    const odd = '((a ]) \'unended €{} $1 ; \\ é "x';
    expect(JSON.stringify(formOf(odd))).toBe(JSON.stringify(odd));
    expect(formOf('a {b} ? ;')).toEqual(['a', '{', 'b', '}', '?', ';']);
  });
});
