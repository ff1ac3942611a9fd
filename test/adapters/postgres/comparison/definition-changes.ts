/** Changes of the schemas of these tests, each with the objects whose definitions differ after it. */
export const CHANGES: readonly (readonly [string, readonly string[]])[] = [
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
  // Objects that few schemas have.
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
    ['operator class formed.backwards USING btree', 'operator family formed.backwards USING btree'],
  ],
  [
    'DROP OPERATOR FAMILY formed.hashed USING hash; CREATE OPERATOR CLASS formed.hashed FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer)',
    ['operator class formed.hashed USING hash', 'operator family formed.hashed USING hash'],
  ],
  [
    'DROP AGGREGATE formed.least_of(integer); CREATE AGGREGATE formed.least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = >)',
    ['function formed.least_of(integer)'],
  ],
  // Owners and grants.
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
];
