import fc from 'fast-check';
import { QUERIES } from '../../../adapters/postgres/support/views.ts';
import { oneOf, type Sql, some, TABLES, table } from './tables.ts';

/** `§` represents the tenant's schema, as SQL names it. */
const attempt = (sql: string): string => `BEGIN ${sql}; EXCEPTION WHEN OTHERS THEN NULL; END;`;

/** Returns true, and tries everything that would help a tenant if another role calls it. */
export const GRAB = `CREATE FUNCTION grab(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE AS $grab$
BEGIN
  ${attempt("PERFORM set_config('role', 'none', false)")}
  ${attempt("EXECUTE 'RESET ROLE'")}
  ${attempt("EXECUTE 'SET ROLE victim_owner'")}
  ${attempt("EXECUTE 'RESET SESSION AUTHORIZATION'")}
  ${attempt("INSERT INTO victim.secret VALUES (concat_ws(' ', session_user, current_user))")}
  ${attempt("EXECUTE 'GRANT victim_owner TO app_owner'")}
  ${attempt("EXECUTE 'ALTER TABLE victim.secret OWNER TO app_owner'")}
  ${attempt("PERFORM setval('victim.numbers', 9999)")}
  RETURN true;
END $grab$`;

export const BEFORE_TABLES = [
  GRAB,
  `CREATE FUNCTION is_small(n int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n < 1000000`,
];

const FUNCTIONS = some(
  `CREATE FUNCTION "f; $$"(a int DEFAULT 1, VARIADIC b text[] DEFAULT '{}', OUT c ext.citext) LANGUAGE sql STABLE AS $f$ SELECT NULLIF('x'::ext.citext, 'X') FROM §.plain; $f$`,
  `CREATE FUNCTION atomic(n ext.citext, fallback boolean DEFAULT ('a'::ext.citext IS DISTINCT FROM 'A'::ext.citext)) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM plain p WHERE CASE p.c WHEN n THEN true ELSE fallback END; SELECT 1; END`,
  `CREATE PROCEDURE "do; it"(INOUT n int) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, "x;y" AS $p$ BEGIN DELETE FROM plain; COMMIT; END $p$`,
  `CREATE FUNCTION rows_of() RETURNS SETOF plain LANGUAGE sql ROWS 7 COST 3 LEAKPROOF AS 'SELECT * FROM plain'`,
  `CREATE FUNCTION rows_of() RETURNS SETOF plain LANGUAGE sql ROWS 7 COST 3 PARALLEL SAFE AS 'SELECT * FROM §.plain'`,
  `CREATE FUNCTION near(point, point) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1 <-> $2) < 1'; CREATE OPERATOR = (LEFTARG = point, RIGHTARG = point, FUNCTION = near, COMMUTATOR = =)`,
  `CREATE FUNCTION add_up(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'; CREATE AGGREGATE "sum;"(int) (SFUNC = add_up, STYPE = int, INITCOND = '0')`,
  `CREATE VIEW pointed AS SELECT 1 AS n FROM (VALUES ('(0,0)'::point)) a (p) JOIN (VALUES ('(0,0.5)'::point)) b (p) USING (p)`,
  `CREATE TEXT SEARCH DICTIONARY "my dict" (TEMPLATE = simple, ACCEPT = false); CREATE TEXT SEARCH CONFIGURATION "my conf" (COPY = simple); ALTER TEXT SEARCH CONFIGURATION "my conf" ALTER MAPPING FOR asciiword WITH "my dict"`,
  `CREATE FUNCTION live_named() RETURNS bigint LANGUAGE plpgsql AS $f$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM §.plain' INTO n; RETURN n; END $f$`,
);

const PER_TABLE = [
  `CREATE FUNCTION "t; fire"() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN PERFORM §.grab(1); RETURN NEW; END $t$; CREATE TRIGGER "t;" BEFORE UPDATE ON % FOR EACH ROW WHEN (OLD.c IS DISTINCT FROM NEW.c) EXECUTE FUNCTION "t; fire"('\\', ''';')`,
  `CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN INSERT INTO §.log VALUES (TG_OP); RETURN NULL; END $t$; CREATE TABLE log (op text); CREATE TRIGGER logging AFTER INSERT OR DELETE ON % REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION fire()`,
  `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN PERFORM §.grab(2); RETURN NULL; END $t$; CREATE CONSTRAINT TRIGGER "late;" AFTER INSERT ON % DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late(); ALTER TABLE % ENABLE ALWAYS TRIGGER "late;"`,
  `ALTER TABLE % ENABLE ROW LEVEL SECURITY; CREATE POLICY "p;" ON % AS RESTRICTIVE FOR UPDATE TO reader, app_other USING (CASE c WHEN 'x'::ext.citext THEN false ELSE true END) WITH CHECK (grab(id))`,
  // A key from such a table can't be validated by its owner, and is restored NOT VALID: see docs/reliability.md.
  `ALTER TABLE % DROP CONSTRAINT IF EXISTS "to shared"; ALTER TABLE % ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY q ON % USING (id IS NOT NULL); COMMENT ON POLICY q ON % IS 'q'`,
  `CREATE TABLE notes (c ext.citext, n int); CREATE RULE "r;" AS ON UPDATE TO % WHERE OLD.c IS DISTINCT FROM NEW.c DO ALSO (INSERT INTO notes VALUES (NULLIF(NEW.c, OLD.c), 1); NOTIFY "x;")`,
  'CREATE RULE nothing AS ON DELETE TO % DO INSTEAD NOTHING; ALTER TABLE % DISABLE RULE nothing',
];
const perTable: Sql = fc
  .tuple(
    fc.subarray(PER_TABLE),
    fc.array(table, { minLength: PER_TABLE.length, maxLength: PER_TABLE.length }),
  )
  .map(([all, names]) => all.map((sql, n) => sql.replaceAll('%', names[n] ?? TABLES[0])));

const viewName = (n: number): string => `"view ${n}; --"`;
/** Over tables of their own, which have the columns that the queries name. */
const generatedViews: Sql = fc
  .array(fc.tuple(QUERIES, oneOf('VIEW', 'VIEW', 'MATERIALIZED VIEW')), {
    minLength: 3,
    maxLength: 10,
  })
  .map((all) =>
    all.map(
      ([query, kind], n) => `CREATE ${kind} ${viewName(n)} AS ${query.replaceAll('gen.', '§.')}`,
    ),
  );
const VIEWS = some(
  'CREATE VIEW checked WITH (security_barrier) AS SELECT id, c FROM plain WHERE id < 100 WITH CASCADED CHECK OPTION; ALTER VIEW checked ALTER id SET DEFAULT 5',
  'CREATE VIEW invoking WITH (security_invoker = true) AS SELECT * FROM "select" JOIN plain USING (c)',
  'CREATE MATERIALIZED VIEW kept AS SELECT id, c, NULLIF(c, d::ext.citext) AS x FROM plain WITH DATA; CREATE UNIQUE INDEX ON kept (id) INCLUDE (c); CLUSTER kept USING kept_id_c_idx',
  'CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS one WITH NO DATA',
  'CREATE MATERIALIZED VIEW grabbed AS SELECT id FROM plain WHERE grab(id)',
  'CREATE MATERIALIZED VIEW over_kept AS SELECT k.id, (SELECT count(*) FROM "select") AS n FROM kept k',
  'CREATE RECURSIVE VIEW steps (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM steps WHERE n < 5',
  `CREATE VIEW bare AS SELECT id, NULL AS e FROM plain UNION ALL SELECT 1, NULL UNION ALL SELECT 2, 'x'`,
  'CREATE VIEW keyed AS SELECT id, c, d, count(*) AS n FROM "select" GROUP BY id',
  'CREATE VIEW shared_too AS SELECT u.name, p.id FROM plain p LEFT JOIN shared.users u USING (id)',
  'CREATE VIEW "of view" AS SELECT * FROM shared_too NATURAL JOIN checked',
);

const together = (...all: readonly Sql[]): Sql => fc.tuple(...all).map((found) => found.flat());
export const code: Sql = together(generatedViews, FUNCTIONS, VIEWS, perTable);
