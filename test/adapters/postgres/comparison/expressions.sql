-- Expressions of all kinds, many of which a server writes otherwise once they were dumped and restored.
CREATE SCHEMA formed;
SET search_path = formed;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x integer, y text);
CREATE DOMAIN short AS varchar(20) CHECK (VALUE IN ('a', 'b') OR VALUE LIKE 'x%');
CREATE DOMAIN percent AS numeric(5, 2) DEFAULT 0 CHECK (VALUE BETWEEN 0 AND 100 AND VALUE <> 13);
CREATE TABLE t (
  id integer PRIMARY KEY, a integer, b integer, c integer, big bigint, small smallint, n numeric(10, 2), f double precision, r real,
  s varchar(20), s2 varchar, bp char(3), x text, d date, at timestamptz, ts timestamp, tm time, iv interval, m mood, sh short, pc percent,
  ar integer[], va varchar[], ta text[], j jsonb, p pair, bits bit(4), vb bit varying(8), u uuid, by bytea, inet inet, rg int4range,
  g1 integer GENERATED ALWAYS AS (a - b) STORED, g2 text GENERATED ALWAYS AS ((s)::text || (s2)::text || 'x') STORED,
  g3 numeric GENERATED ALWAYS AS ((n - 1) * 2 - (n - (1 - n))) STORED, g4 boolean GENERATED ALWAYS AS (s IN ('a', 'b') AND a BETWEEN 1 AND 2) STORED,
  d1 integer DEFAULT (1 - 2 - 3), d2 integer DEFAULT (1 - (2 - 3)), d3 numeric DEFAULT -1.5, d4 bigint DEFAULT -9223372036854775808,
  d5 varchar(5) DEFAULT 'abc', d6 timestamptz DEFAULT now() - interval '1 day', d7 interval day DEFAULT interval '1' day, d8 text DEFAULT E'tab\t \\ ''q''',
  d9 varchar[] DEFAULT ARRAY['a', 'b'], d10 text[] DEFAULT ARRAY['a'::varchar, 'b'], d11 numeric[] DEFAULT ARRAY[1, 2], d12 mood DEFAULT 'ok',
  d13 bit(4) DEFAULT B'1010', d14 jsonb DEFAULT '{"a": [1, 2]}', d15 date DEFAULT CURRENT_DATE + 1, d16 interval(3) DEFAULT '1.5 seconds',
  d17 time(3) with time zone DEFAULT CURRENT_TIME, d18 double precision DEFAULT 1e100, d19 numeric DEFAULT 100000000000000000000, d20 oid DEFAULT 't'::regclass,
  d21 char DEFAULT 'x', d22 "char" DEFAULT 'x', d23 real DEFAULT 0.1, d24 bigint[] DEFAULT ARRAY[[1, 2], [3, 4]], d25 varchar(3)[] DEFAULT ARRAY['a'::text]
);
ALTER TABLE t
  ADD CONSTRAINT c1 CHECK (s IN ('a', 'b')), ADD CONSTRAINT c2 CHECK (s NOT IN ('a', 'b')), ADD CONSTRAINT c3 CHECK (s = ANY (ARRAY['a', s2])),
  ADD CONSTRAINT c4 CHECK (bp IN ('x', 'y')), ADD CONSTRAINT c5 CHECK (m IN ('sad', 'ok')), ADD CONSTRAINT c6 CHECK (sh IN ('a', 'b')),
  ADD CONSTRAINT c7 CHECK (pc IN (1, 2.5)), ADD CONSTRAINT c8 CHECK (a BETWEEN 1 AND 2 AND b > 3), ADD CONSTRAINT c9 CHECK (b > 3 AND a BETWEEN 1 AND 2),
  ADD CONSTRAINT c10 CHECK (a NOT BETWEEN 1 AND 2 OR b > 3), ADD CONSTRAINT c11 CHECK (a BETWEEN SYMMETRIC b AND c OR c > 3),
  ADD CONSTRAINT c12 CHECK ((a, b) = (c, id) AND c > 0), ADD CONSTRAINT c13 CHECK ((a, b) < (c, id)), ADD CONSTRAINT c14 CHECK (a IN (1, 2, b) OR c = 1),
  ADD CONSTRAINT c15 CHECK (a NOT IN (1, 2, b) AND c = 1), ADD CONSTRAINT c16 CHECK (n = ANY (ARRAY[1, 2])), ADD CONSTRAINT c17 CHECK (n IN (1, 2)),
  ADD CONSTRAINT c18 CHECK (big IN (1, 2)), ADD CONSTRAINT c19 CHECK (small IN (1, 70000)), ADD CONSTRAINT c20 CHECK (f IN (1, 0.5)),
  ADD CONSTRAINT c21 CHECK (d > '2020-01-01' AND d < now()), ADD CONSTRAINT c22 CHECK (at > '2020-01-01 12:00+02'), ADD CONSTRAINT c23 CHECK (iv < '1 mon 2 days 03:04:05.6'),
  ADD CONSTRAINT c24 CHECK (va <@ ARRAY['q', 'w']::varchar[]), ADD CONSTRAINT c25 CHECK (ta && ARRAY[s, s2]::text[]), ADD CONSTRAINT c26 CHECK (va = ARRAY[s, 'x']),
  ADD CONSTRAINT c27 CHECK (NOT (a = 1 AND (b = 2 OR c = 3)) OR a IS NULL), ADD CONSTRAINT c28 CHECK ((a = 1 OR b = 2) AND (b = 3 OR c = 4) AND a > 0),
  ADD CONSTRAINT c29 CHECK (a = 1 AND (b = 2 AND c = 3)), ADD CONSTRAINT c30 CHECK ((a IS NULL) <> (b IS NULL) AND num_nonnulls(a, b, c) = 1),
  ADD CONSTRAINT c31 CHECK (x ~* '^[a-z\\d]+$' AND length(x) > 3), ADD CONSTRAINT c32 CHECK (x LIKE 'a\_%' ESCAPE '\' OR x SIMILAR TO '%(b|d)%'),
  ADD CONSTRAINT c33 CHECK (CASE s WHEN 'a' THEN a WHEN 'b' THEN b - a ELSE -1 END > 0), ADD CONSTRAINT c34 CHECK (CASE WHEN s IN ('a', 'b') THEN true ELSE s2 = 'x' END),
  ADD CONSTRAINT c35 CHECK (COALESCE(s, 'none') <> ALL ('{a,b}')), ADD CONSTRAINT c36 CHECK (j ->> 'a' = 'x' AND (j -> 'b' ->> 'c')::int > 1 AND j @> '{"a": 1}'),
  ADD CONSTRAINT c37 CHECK (EXTRACT(year FROM at AT TIME ZONE 'utc') >= 2000), ADD CONSTRAINT c38 CHECK ((p).x > 1 AND (p).y <> ''), ADD CONSTRAINT c39 CHECK (p = ROW(1, 'a')::pair),
  ADD CONSTRAINT c40 CHECK (ar[1] > 0 AND (ARRAY[1, 2, 3])[a] = 2 AND ar[1:2] = '{1,2}'), ADD CONSTRAINT c41 CHECK (array_length(ar, 1) IS NULL OR cardinality(ar) < 3),
  ADD CONSTRAINT c42 CHECK (bits & B'0011' <> B'0000' AND vb = B'1'), ADD CONSTRAINT c43 CHECK (by <> '\xdead'), ADD CONSTRAINT c44 CHECK (inet << '10.0.0.0/8' OR inet IS NULL),
  ADD CONSTRAINT c45 CHECK (rg @> 5 AND NOT isempty(rg)), ADD CONSTRAINT c46 CHECK (s COLLATE "C" > 'a'), ADD CONSTRAINT c47 CHECK (substring(x FROM 2 FOR 3) = trim(both ' ' FROM x)),
  ADD CONSTRAINT c48 CHECK (position('a' IN x) = 1 OR overlay(x PLACING 'b' FROM 1) = 'c'), ADD CONSTRAINT c49 CHECK (GREATEST(a, b, 0) = LEAST(c, 1)),
  ADD CONSTRAINT c50 CHECK (a IS DISTINCT FROM b AND b IS NOT DISTINCT FROM c), ADD CONSTRAINT c51 CHECK (- a > -5 AND @ a < 10 AND a ^ 2 - b ^ (2 - 1) > 0),
  ADD CONSTRAINT c52 CHECK ((a > 0) IS TRUE AND (b > 0) IS NOT UNKNOWN), ADD CONSTRAINT c53 CHECK (s::text || x = 'ab' AND s || s2 || x <> 'q'),
  ADD CONSTRAINT c54 CHECK (s::varchar(3) = 'abc' AND n::int = a AND a::numeric(4, 1) = 1 AND x::char(2) = 'ab' AND x::"char" = 'a'),
  ADD CONSTRAINT c55 CHECK (ts::timestamp(0) < at AND at::time(2) > tm AND iv::interval(0) > '1 hour'), ADD CONSTRAINT c56 CHECK (ARRAY[s, 'b']::text[] <> ARRAY['a'::varchar(4), s2]::text[]),
  ADD CONSTRAINT c57 CHECK (ARRAY[ARRAY[s, 'b'], ARRAY[s2, 'c']]::text[] <> '{}'), ADD CONSTRAINT c58 CHECK (s = ANY (ARRAY['a', 'b', NULL]::varchar[]) IS NOT FALSE),
  ADD CONSTRAINT c59 CHECK (sh = ANY (ARRAY['a', 'b']::short[]) OR s = ANY (ARRAY['x', 'y']::short[])), ADD CONSTRAINT c60 CHECK (m = ANY (ARRAY['sad', 'ok']::mood[]) AND m > 'sad'),
  ADD CONSTRAINT c61 CHECK (ar = ARRAY[1, 2]::bigint[]::integer[] AND ar <> ARRAY[a, b - a]), ADD CONSTRAINT c62 CHECK ((ARRAY['a', s])[1] = 'a'),
  ADD CONSTRAINT c63 CHECK (lower(s) = ANY (ARRAY['a', upper(s2)])), ADD CONSTRAINT c64 CHECK (a BETWEEN 1 AND 2 AND b BETWEEN 3 AND 4 AND (c BETWEEN 5 AND 6 OR c = 9)),
  ADD CONSTRAINT c65 CHECK (ARRAY['a'::text, x]::varchar(5)[] <> va), ADD CONSTRAINT c66 CHECK (date_part('dow', d) IN (0, 6) OR d IN ('2020-01-01', '2020-01-02')),
  ADD CONSTRAINT c67 CHECK (s IN ('it''s', 'back\slash', 'a::text', '(b)', 'x AND y')),
  ADD CONSTRAINT c68 CHECK (a > b - c) NO INHERIT NOT VALID;
CREATE TABLE k (x integer, y integer, z text, w varchar, PRIMARY KEY (y, x), UNIQUE (x, z) INCLUDE (w), UNIQUE NULLS NOT DISTINCT (w));
CREATE TABLE ref (y integer, x integer, w varchar, CONSTRAINT away FOREIGN KEY (y, x) REFERENCES k (y, x) ON DELETE SET NULL (x) DEFERRABLE INITIALLY DEFERRED,
  EXCLUDE USING btree (x WITH =) WHERE (y > 0 AND x BETWEEN 1 AND 9 AND w IN ('a', 'b')));
CREATE INDEX i1 ON t (a, b); CREATE INDEX i2 ON t (b, a DESC NULLS LAST, s text_pattern_ops, x COLLATE "C"); CREATE INDEX i3 ON t ((a - b), lower(s));
CREATE INDEX i4 ON t (a) WHERE s IN ('a', 'b') AND a BETWEEN 1 AND 2; CREATE INDEX i5 ON t (a) WHERE a BETWEEN 1 AND 2 AND s IN ('a', 'b') AND NOT (b = 1 OR c = 2);
CREATE INDEX i6 ON t USING gin (j jsonb_path_ops, ta) WITH (fastupdate = off); CREATE INDEX i7 ON t ((CASE WHEN s IN ('a', 'b') THEN s ELSE s2 END), (COALESCE(s, '')), (s || s2));
CREATE UNIQUE INDEX i8 ON t (COALESCE(s, 'x'), (ARRAY[s, s2]::text[])) INCLUDE (c, b) WHERE sh IN ('a', 'b') OR m IN ('ok', 'sad');
CREATE INDEX i9 ON t ((j ->> 'a'), ((j -> 'b' ->> 'c')::int), (at AT TIME ZONE 'utc'), date_trunc('day', ts));
CREATE STATISTICS st (ndistinct, mcv) ON (a - b), (s IN ('a', 'b')), c FROM t; CREATE STATISTICS st2 (dependencies) ON b, a FROM t;
CREATE TABLE pr (at timestamptz, k varchar, n integer) PARTITION BY RANGE (at, (n - 1), k COLLATE "C");
CREATE TABLE pr1 PARTITION OF pr FOR VALUES FROM ('2026-01-01', MINVALUE, MINVALUE) TO ('2027-01-01', 5, 'a'); CREATE TABLE prd PARTITION OF pr DEFAULT;
CREATE TABLE pl (k varchar, m mood DEFAULT 'ok') PARTITION BY LIST (k); CREATE TABLE pl1 PARTITION OF pl (CHECK (k IN ('a', 'b'))) FOR VALUES IN ('a', 'b', NULL);
CREATE TABLE ph (k integer CHECK (k - 1 > 0)) PARTITION BY HASH (k); CREATE TABLE ph1 PARTITION OF ph FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE p2 (d date CHECK (d BETWEEN '2020-01-01' AND '2030-01-01' AND d <> '2025-01-01')) PARTITION BY RANGE ((d - 1)); CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE heir (extra text DEFAULT 'a' CHECK (extra IN ('a', 'b'))) INHERITS (k);
CREATE VIEW v1 AS SELECT t.id, o.s, CASE t.s WHEN 'a' THEN 1 WHEN 'b' THEN t.a - t.b ELSE -2 END AS x, t.n::int, row_number() OVER (PARTITION BY t.s ORDER BY t.id DESC, t.a) AS r,
    sum(t.a - t.b) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS z, rank() OVER w, lag(t.a, 1, 0) OVER (ORDER BY t.a, t.b NULLS FIRST)
  FROM t JOIN t o USING (id, s) LEFT JOIN LATERAL (SELECT max(n) FROM t i WHERE i.id IN (1, 2) AND i.a = t.b) l ON true
  WHERE t.s IN ('a', 'b') AND t.d BETWEEN '2020-01-01' AND now() AND EXTRACT(year FROM t.at) > 2000 WINDOW w AS (PARTITION BY t.b ORDER BY t.a);
CREATE VIEW v2 AS SELECT s, count(*) AS n, count(DISTINCT a) FILTER (WHERE b > 1 AND s IN ('a', 'b')), string_agg(s, ',' ORDER BY a DESC, b), percentile_cont(0.5) WITHIN GROUP (ORDER BY a), GROUPING(s, a)
  FROM t GROUP BY GROUPING SETS ((s, a), (s), ()), ROLLUP (b, (c, a)), CUBE (d, m) HAVING count(*) > 1 AND max(a) BETWEEN 1 AND 2 AND min(b) > 1 ORDER BY 1, count(*) DESC NULLS LAST LIMIT 5 OFFSET 2;
CREATE VIEW v3 AS WITH RECURSIVE q (id, up) AS (SELECT id, a FROM t WHERE s IN ('a', 'b') UNION ALL SELECT t.id, t.a FROM t JOIN q ON t.a = q.id AND t.b BETWEEN 1 AND 2 AND t.c > 0) SEARCH DEPTH FIRST BY id, up SET o CYCLE id SET c USING path,
  z AS MATERIALIZED (SELECT 1 AS one), nz AS NOT MATERIALIZED (SELECT 2 AS two) SELECT q.id, q.up, q.c, one - two AS diff FROM q, z, nz ORDER BY q.o;
CREATE VIEW v4 AS SELECT a FROM t WHERE a > 1 UNION (SELECT b FROM t EXCEPT SELECT c FROM t) UNION ALL (SELECT 1 INTERSECT SELECT 2 ORDER BY 1 LIMIT 1) ORDER BY 1;
CREATE VIEW v5 AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (x, y); CREATE VIEW v6 AS VALUES (1, 'a'::varchar), (2, 'b'); CREATE VIEW v6b AS SELECT * FROM v6, (VALUES (1), (2)) AS w (z);
CREATE VIEW v7 AS SELECT DISTINCT ON (s, a - b) s, a, (SELECT max(b) FROM t i WHERE i.id = o.id) AS m, ARRAY(SELECT b FROM t ORDER BY b) AS arr, EXISTS (SELECT FROM t WHERE a = o.b) AS e,
    a IN (SELECT b FROM t) AS i, (a, b) IN (SELECT b, a FROM t) AS ii, a > ALL (SELECT b FROM t) AS al, s = ANY (SELECT x FROM t) AS an, a NOT IN (SELECT b FROM t) AS ni FROM t o ORDER BY s, a - b, id;
CREATE VIEW v8 AS SELECT g, o, j.*, u.* FROM generate_series(1, 3) WITH ORDINALITY AS g (g, o), jsonb_to_record('{"a": 1}') AS j (a integer, b varchar(3)), ROWS FROM (unnest(ARRAY['a', 'b']::varchar[]), generate_series(1, 2)) AS u (l, m), LATERAL unnest(ARRAY[g, o]) AS n;
CREATE VIEW v9 AS SELECT t.*, t AS whole, (t.p).x AS px, (t.p).y AS py, row(t.a, t.s)::pair AS rw, to_jsonb(t.*) AS js FROM ONLY t TABLESAMPLE bernoulli (50) REPEATABLE (7) WHERE t.* IS NOT NULL AND NOT (t.a = 1 AND (t.b = 2 AND t.c = 3));
CREATE VIEW v10 AS SELECT a.id, b.a, c.cs FROM (t a FULL JOIN t b USING (id)) NATURAL LEFT JOIN (SELECT id, s AS cs, s2 AS cs2 FROM t) c CROSS JOIN k WHERE a.s || b.s2 = 'x' AND (a.s = 'q' OR b.s IN ('a', c.cs2, 'b')) AND a.n - (b.n - a.c) > 0;
CREATE VIEW v11 AS SELECT s, a FROM t WHERE s IN ('a', 'b') WITH CASCADED CHECK OPTION; CREATE VIEW v12 WITH (security_barrier) AS SELECT v11.s::text, 'x' AS lit, NULL AS nothing, 1.50 AS num, -1 AS neg, true AS yes, 'a' || 1 AS cat, (1 - 2) - 3 AS l, 1 - (2 - 3) AS r FROM v11;
CREATE VIEW v13 AS SELECT id FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES; CREATE VIEW v14 AS SELECT j.id AS u, j.a FROM t JOIN k ON t.a = k.x AND t.b = k.y AND t.s IN ('a', 'b') JOIN t j USING (id) AS jj;
CREATE VIEW v15 AS SELECT current_user, session_user, current_schema, CURRENT_TIMESTAMP(3), LOCALTIME, now() AT TIME ZONE 'utc' - interval '1 day' * a AS z, x COLLATE "C" AS y, a::regclass::text, 't'::regclass, s::bpchar, '{1,2}'::int[], NULLIF(s, 'x'), xmlish FROM (SELECT *, 1 AS xmlish FROM t) t;
CREATE VIEW v16 AS SELECT COALESCE(va, ARRAY['a', 'b']) AS c, CASE WHEN a = 1 THEN ta ELSE ARRAY[s, s2]::text[] END AS d, array_append(ta, s) AS e, ARRAY[1, 2.5, a] AS f, ARRAY[ROW(1, 'a')::pair, p] AS g, va || ARRAY['x']::varchar[] AS h, (ARRAY[s, 'q'])::text[] || x AS i, format('%s', VARIADIC ARRAY[s, s2]) AS k, ARRAY[]::varchar[]::text[] AS o, (ARRAY[a, b]::numeric(6, 2)[])[1] AS l FROM t WHERE (ARRAY['a'::varchar, s])::text[] @> ta AND ARRAY[s]::text[] <> ta;
CREATE VIEW v17 AS SELECT id, a FROM t; ALTER VIEW v17 ALTER a SET DEFAULT 1 - 2; CREATE MATERIALIZED VIEW mv AS SELECT s, sum(a - b) AS d FROM t WHERE s IN ('a', 'b') GROUP BY s; CREATE INDEX mvi ON mv (d, s) WHERE s IN ('a', 'b');
CREATE POLICY p1 ON t FOR SELECT TO PUBLIC USING (s = ANY (string_to_array(current_setting('x.y', true), ',')::varchar[]) AND a - b > 0); CREATE POLICY p2 ON t AS RESTRICTIVE FOR UPDATE USING (a BETWEEN 1 AND 2 AND b > 1) WITH CHECK (s IN ('a', 'b') AND EXISTS (SELECT FROM k WHERE k.x = t.a AND k.y = t.b));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g1 BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN (OLD.s IS DISTINCT FROM NEW.s AND NEW.s IN ('a', 'b') AND NEW.a BETWEEN 1 AND 2 AND OLD.a - NEW.a > 0) EXECUTE FUNCTION touch('x', 'it''s', 'b\s');
CREATE TRIGGER g2 AFTER INSERT ON t REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION touch(); CREATE TRIGGER g3 AFTER UPDATE ON t FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER g4 AFTER DELETE ON t FROM k DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.a > 0) EXECUTE FUNCTION touch();
CREATE RULE r1 AS ON INSERT TO v17 WHERE NEW.a BETWEEN 1 AND 2 AND NEW.id > 0 DO INSTEAD INSERT INTO t (id, a, s, va) VALUES (NEW.id, NEW.a - 1, 'a', ARRAY['a', 'b']) ON CONFLICT (id) DO UPDATE SET a = excluded.a - t.a, s = 'b' WHERE t.s IN ('a', 'b');
CREATE RULE r1b AS ON INSERT TO v17 DO INSTEAD NOTHING; CREATE RULE r2 AS ON UPDATE TO v17 DO INSTEAD (UPDATE t SET (a, b) = (SELECT NEW.a, x FROM k LIMIT 1), c = NEW.a - OLD.a WHERE t.id = OLD.id; DELETE FROM k USING ref WHERE k.x = ref.x AND ref.w IN ('a', 'b'); NOTIFY something);
CREATE RULE r3 AS ON DELETE TO ref WHERE OLD.w IN ('a', 'b') DO ALSO SELECT OLD.x - OLD.y;
CREATE FUNCTION f1(a integer, b integer DEFAULT 1 - 2, c varchar DEFAULT 'x', VARIADIC d varchar[] DEFAULT ARRAY['a', 'b']) RETURNS integer LANGUAGE sql IMMUTABLE RETURN a - b - CASE WHEN c IN ('a', 'b') AND a BETWEEN 1 AND 2 AND b > 0 THEN 1 ELSE $2 END;
CREATE FUNCTION f2(s varchar) RETURNS TABLE (id integer, d integer) LANGUAGE sql BEGIN ATOMIC
  INSERT INTO k (x, y) VALUES (1, 2) ON CONFLICT DO NOTHING; UPDATE k SET x = y - x WHERE w IN ('a', 'b') AND x BETWEEN 1 AND 2 AND y > 0; DELETE FROM k WHERE w = f2.s; SELECT t.id, t.a - t.b FROM t WHERE t.s IN ('a', f2.s) OR t.s2 = ANY (ARRAY['a', f2.s]); END;
CREATE PROCEDURE f3(INOUT a integer, b text[] DEFAULT '{}') LANGUAGE sql BEGIN ATOMIC SELECT a - 1; END;
CREATE AGGREGATE agg(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '5', COMBINEFUNC = int4pl, PARALLEL = safe);
CREATE FUNCTION f0(a integer, b integer DEFAULT 1, c text DEFAULT 'x') RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v18 AS SELECT agg(a - b ORDER BY b, a) AS x, f0(a, c => 's') AS y, f1(a, b, 'c', VARIADIC ARRAY['x', 'y']) AS va, f1(a, b, 'c', 'd', 'e') AS z FROM t GROUP BY a, b, c;
ALTER TABLE t RENAME COLUMN u TO uu; ALTER TABLE t ADD COLUMN late text; ALTER TABLE t DROP COLUMN tm CASCADE; ALTER TABLE k RENAME COLUMN z TO zz; ALTER TABLE k ADD COLUMN id integer;
