import { membersIn, NAMED_SCHEMAS, namedSchemas } from '../../catalog/schema-members.ts';

/**
 * The catalog queries behind `readTenantCode`: which relations and types evaluate code that is not PostgreSQL's own.
 *
 * Expressions are read from their stored trees (pg_node_tree), since pg_depend has no rows for built-in functions. It is an
 * allow-list: a function, a kind of node or a type that is not known to be harmless counts as code.
 */

/**
 * STABLE built-ins that CHECKs commonly use and that read only the clock, the time zone, DateStyle and their arguments.
 * Output functions, which are written in C, turn their arguments into text. Left out on purpose: to_json and similar
 * functions call casts, which any role may create; record_in, array_in and domain_in evaluate domains.
 */
const HARMLESS_STABLE =
  '^(now|transaction_timestamp|statement_timestamp|age|date|time|timetz|timestamp|timestamptz|timezone|date_part|extract|date_trunc|to_char|to_date|to_timestamp|to_number|make_timestamptz|concat|concat_ws|format|textanycat|anytextcat|array_to_string|quote_literal|quote_nullable|(timestamp|timestamptz|date|time|timetz|interval)_[a-z_]+)$';

/** Evaluating it opens a table that the caller chooses, and so evaluates that table's expressions. */
export const OPENS_TABLES = 'satisfies_hash_partition';

/** PostgreSQL's own objects have lower OIDs than this and can't be changed (FirstUnpinnedObjectId of access/transam.h). */
export const UNPINNED = 12_000;

/** C functions that belong to an extension and have a superuser as owner: only a superuser can create or change one. */
export const IS_TRUSTED_C = `
  l.lanname IN ('c', 'internal') AND w.rolsuper AND EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e')`;

/**
 * PostgreSQL creates these with a range type, in the type's schema. No tenant can create a function of language
 * internal.
 */
const IS_OF_RANGE = `
  l.lanname = 'internal' AND EXISTS (
    SELECT FROM pg_catalog.pg_depend e JOIN pg_catalog.pg_range g ON e.refobjid IN (g.rngtypid, g.rngmultitypid)
    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'i'
      AND e.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass)`;

/** SQL over a function `p`, its language `l` and its owner `w`. */
export const HARMLESS = `
  p.oid < ${UNPINNED} AND p.proname <> '${OPENS_TABLES}' AND (p.provolatile = 'i' OR p.provolatile = 's' AND p.proname ~ '${HARMLESS_STABLE}')
  OR p.provolatile = 'i' AND (${IS_TRUSTED_C} OR ${IS_OF_RANGE})`;

/** Fields of tree nodes that contain an OID, by the kind of object (nodes/primnodes.h of PostgreSQL 14 to 18). */
const FUNCTION_FIELDS = [
  ...['funcid', 'opfuncid', 'hashfuncid', 'negfuncid', 'elemfuncid'],
  // Fields in queries.
  ...['aggfnoid', 'winfnoid'],
];
const OPERATOR_FIELDS = ['opno', 'eqop', 'sortop'];
const TYPE_FIELDS = [
  ...['funcresulttype', 'opresulttype', 'consttype', 'vartype', 'resulttype', 'casetype', 'type'],
  ...[
    'array_typeid',
    'element_typeid',
    'row_typeid',
    'coalescetype',
    'minmaxtype',
    'typid',
    'typeId',
  ],
  ...['refcontainertype', 'refelemtype', 'refrestype'],
];
const FIELD = `:(${[...FUNCTION_FIELDS, ...TYPE_FIELDS, ...OPERATOR_FIELDS].join('|')}) ([0-9]+)`;

/** Nodes that call only the functions named in their fields. Labels differ between PostgreSQL 15 and 16. */
const KNOWN_NODES = [
  ...[
    'VAR',
    'CONST',
    'FUNCEXPR',
    'NAMEDARGEXPR',
    'OPEXPR',
    'DISTINCTEXPR',
    'NULLIFEXPR',
    'BOOLEXPR',
  ],
  ...[
    'SCALARARRAYOPEXPR',
    'FIELDSELECT',
    'RELABELTYPE',
    'COERCEVIAIO',
    'ARRAYCOERCEEXPR',
    'COLLATE',
    'COLLATEEXPR',
  ],
  ...[
    'CONVERTROWTYPEEXPR',
    'CASE',
    'CASEEXPR',
    'WHEN',
    'CASEWHEN',
    'CASETESTEXPR',
    'ARRAY',
    'ARRAYEXPR',
    'ROW',
    'ROWEXPR',
  ],
  ...[
    'ROWCOMPARE',
    'ROWCOMPAREEXPR',
    'COALESCE',
    'COALESCEEXPR',
    'MINMAX',
    'MINMAXEXPR',
    'SQLVALUEFUNCTION',
  ],
  ...[
    'SQLVALUEFUNCTIONEXPR',
    'NULLTEST',
    'BOOLEANTEST',
    'COERCETODOMAIN',
    'COERCETODOMAINVALUE',
    'SUBSCRIPTINGREF',
    'XMLEXPR',
  ],
  ...['JSONISPREDICATE', 'JSONFORMAT', 'JSONVALUEEXPR', 'JSONRETURNING'],
];

const list = (values: readonly string[]): string =>
  `(${values.map((value) => `'${value}'`).join(', ')})`;

/** Objects that a tree refers to. `sort` is function or type, or node for an unknown node. */
export const referredTo = (tree: string): string => `
  SELECT CASE WHEN m[1] IN ${list(TYPE_FIELDS)} THEN 'type' ELSE 'function' END AS sort,
    CASE WHEN m[1] IN ${list(OPERATOR_FIELDS)} THEN (SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o WHERE o.oid = m[2]::pg_catalog.oid) ELSE m[2]::pg_catalog.oid END AS oid,
    NULL::pg_catalog.text AS node
  FROM pg_catalog.regexp_matches(${tree}, '${FIELD}', 'g') AS m WHERE m[2] <> '0'
  UNION ALL SELECT 'node', NULL, m[1] FROM pg_catalog.regexp_matches(${tree}, '\\{([A-Z]+)', 'g') AS m WHERE m[1] NOT IN ${list(KNOWN_NODES)}`;

/** Types that a value of a type is made of. */
const partsOf = (type: string): string => `
  SELECT part.oid FROM (
    SELECT t.typbasetype AS oid FROM pg_catalog.pg_type t WHERE t.oid = ${type}
    UNION ALL SELECT t.typelem FROM pg_catalog.pg_type t WHERE t.oid = ${type}
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped WHERE t.oid = ${type}
    UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range g WHERE g.rngtypid = ${type}
    UNION ALL SELECT g.rngtypid FROM pg_catalog.pg_range g WHERE g.rngmultitypid = ${type}
    UNION ALL SELECT f.oid FROM pg_catalog.pg_constraint k, LATERAL (${referredTo('k.conbin::pg_catalog.text')}) f WHERE k.contypid = ${type} AND f.sort = 'type'
  ) part WHERE part.oid >= ${UNPINNED}`;

/** The name of a function in messages. */
export const named = (oid: string): string => `${oid}::pg_catalog.regprocedure::pg_catalog.text`;

/** Functions among the rows of a CTE with a column `oid` that are not known to be harmless. */
const harmfulAmong = (cte: string): string => `
  SELECT p.oid, ${named('p.oid')} AS code
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles w ON w.oid = p.proowner
  WHERE p.oid IN (SELECT c.oid FROM ${cte} c) AND (${HARMLESS}) IS NOT TRUE`;

/** PostgreSQL's own functions make values of enums and arrays of them. */
const isEnum = (type: string): string => `EXISTS (
  SELECT FROM pg_catalog.pg_type y LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem
  WHERE y.oid = ${type} AND (y.typtype = 'e' OR y.typtype = 'b' AND e.typtype = 'e'))`;

/**
 * Parameter: schemas. One row for each relation and part that refers to something: code that is not known to be harmless, and
 * types (OIDs) that need a check. `rows` is evaluated for each row, `planning` possibly when a query is planned, `defaults` for
 * columns that a row does not give.
 */
export const REFERENCES = `
  WITH RECURSIVE own AS MATERIALIZED (
    SELECT c.oid, n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind IN ('r', 'p', 'm', 'f')
  ), above AS (
    SELECT own.oid AS relation, own.oid AS ancestor FROM own
    UNION SELECT above.relation, i.inhparent FROM above JOIN pg_catalog.pg_inherits i ON i.inhrelid = above.ancestor
      JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind = 'p'
  ), expressions AS MATERIALIZED (
    SELECT own.oid AS relation, 'rows' AS part, k.conbin::pg_catalog.text AS tree
      FROM own JOIN pg_catalog.pg_constraint k ON k.conrelid = own.oid AND k.contype = 'c'
    UNION ALL SELECT own.oid, CASE WHEN a.attgenerated = '' THEN 'defaults' ELSE 'rows' END, d.adbin::pg_catalog.text
      FROM own JOIN pg_catalog.pg_attrdef d ON d.adrelid = own.oid JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL SELECT above.relation, 'rows', p.partexprs::pg_catalog.text
      FROM above JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = above.ancestor AND p.partexprs IS NOT NULL
    UNION ALL SELECT own.oid, 'planning', pg_catalog.concat(i.indexprs::pg_catalog.text, i.indpred::pg_catalog.text)
      FROM own JOIN pg_catalog.pg_index i ON i.indrelid = own.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    UNION ALL SELECT own.oid, 'planning', s.stxexprs::pg_catalog.text
      FROM own JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = own.oid AND s.stxexprs IS NOT NULL
  ), referred AS MATERIALIZED (
    SELECT DISTINCT e.relation, e.part, f.sort, f.oid, f.node FROM expressions e, LATERAL (${referredTo('e.tree')}) f
  ), functions AS (
    SELECT DISTINCT f.oid FROM referred f WHERE f.sort = 'function'
  ), harmful AS MATERIALIZED (${harmfulAmong('functions')}
  ), types AS MATERIALIZED (
    SELECT DISTINCT f.relation, f.part, f.oid FROM referred f WHERE f.sort = 'type' AND f.oid >= ${UNPINNED}
    UNION SELECT DISTINCT own.oid, 'rows', a.atttypid
      FROM own JOIN pg_catalog.pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= ${UNPINNED}
  ), found AS (
    SELECT f.relation, f.part, h.code, NULL::pg_catalog.text AS type FROM referred f JOIN harmful h ON h.oid = f.oid WHERE f.sort = 'function'
    UNION ALL SELECT f.relation, f.part, pg_catalog.lower(f.node), NULL FROM referred f WHERE f.sort = 'node'
    UNION ALL SELECT t.relation, t.part, NULL, t.oid::pg_catalog.text FROM types t WHERE NOT ${isEnum('t.oid')}
  )
  SELECT own.schema, own.name, f.part,
    COALESCE(pg_catalog.array_agg(DISTINCT f.code) FILTER (WHERE f.code IS NOT NULL), '{}') AS code,
    COALESCE(pg_catalog.array_agg(DISTINCT f.type) FILTER (WHERE f.type IS NOT NULL), '{}') AS types
  FROM found f JOIN own ON own.oid = f.relation GROUP BY 1, 2, 3`;

/**
 * Parameters: OIDs of types; the backup's schemas, whose domains and ranges are read as well; those of the schemas that this
 * transaction created. One row for each type whose values are made by code that is not known to be harmless. This includes a domain
 * or a composite type that existed before and belongs to neither a superuser nor the session: its owner may change it at any moment.
 */
export const TAINTED_TYPES = `
  WITH RECURSIVE reached AS (
    SELECT t.oid FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1::pg_catalog.oid[])
    UNION SELECT t.oid FROM pg_catalog.pg_type t WHERE t.oid = ANY (ARRAY(${membersIn('pg_type', namedSchemas('$2'))})) AND t.typtype IN ('d', 'r')
    UNION SELECT i.oid FROM reached r, LATERAL (${partsOf('r.oid')}) i
  ), edges AS MATERIALIZED (
    SELECT r.oid AS type, i.oid AS part FROM reached r, LATERAL (${partsOf('r.oid')}) i
  ), calls AS MATERIALIZED (
    SELECT r.oid AS type, f.oid, f.node FROM reached r JOIN pg_catalog.pg_constraint k ON k.contypid = r.oid, LATERAL (${referredTo('k.conbin::pg_catalog.text')}) f WHERE f.sort <> 'type'
    UNION SELECT r.oid, g.rngcanonical::pg_catalog.oid, NULL FROM reached r JOIN pg_catalog.pg_range g ON g.rngtypid = r.oid AND g.rngcanonical::pg_catalog.oid <> 0
  ), harmful AS MATERIALIZED (${harmfulAmong('calls')}
  ), direct AS (
    SELECT c.type, h.code FROM calls c JOIN harmful h ON h.oid = c.oid
    UNION SELECT c.type, pg_catalog.lower(c.node) FROM calls c WHERE c.node IS NOT NULL
    UNION SELECT q.oid, ${named('p.oid')} FROM reached q JOIN pg_catalog.pg_type t ON t.oid = q.oid AND t.typtype = 'b'
      JOIN pg_catalog.pg_proc p ON p.oid = t.typinput::pg_catalog.oid AND p.oid >= ${UNPINNED}
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles w ON w.oid = p.proowner WHERE NOT (${IS_TRUSTED_C})
    UNION SELECT q.oid, pg_catalog.format_type(q.oid, NULL) FROM reached q JOIN pg_catalog.pg_type t ON t.oid = q.oid JOIN pg_catalog.pg_roles o ON o.oid = t.typowner
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      WHERE (t.typtype = 'd' OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
        AND n.nspname <> ALL ($3) AND NOT o.rolsuper AND o.rolname <> current_user
  ), tainted AS (
    SELECT d.type, d.code FROM direct d
    UNION SELECT e.type, t.code FROM tainted t JOIN edges e ON e.part = t.type
  )
  SELECT t.type::pg_catalog.text AS oid, n.nspname AS schema, y.typname AS name, y.typtype = 'd' AS domain, r.rolname AS owner,
    pg_catalog.array_agg(DISTINCT t.code) AS code
  FROM tainted t JOIN pg_catalog.pg_type y ON y.oid = t.type JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace JOIN pg_catalog.pg_roles r ON r.oid = y.typowner
  GROUP BY 1, 2, 3, 4, 5`;

/**
 * Names in SQL that are not known to be harmless. SQL does not show which function of a name is meant. A built-in that is not volatile counts only if
 * no function of its name is immutable (length(bytea, name) is stable, length(text) is not). Parameters: names of functions that are called without a
 * schema, which are PostgreSQL's own (types with brackets, such as numeric(10,2), are not functions); schemas and names of functions with one;
 * schemas and names of operators with one; schemas of which every function counts that belongs to no extension.
 */
export const HARMFUL_NAMES = `
  WITH named AS (
    SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname = ANY ($1)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = p.pronamespace AND t.typname = p.proname)
      AND (p.provolatile = 'v' OR p.proname = '${OPENS_TABLES}' OR NOT EXISTS (SELECT FROM pg_catalog.pg_proc q WHERE q.pronamespace = p.pronamespace AND q.proname = p.proname AND q.provolatile = 'i'))
    UNION SELECT p.oid FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS given (schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = given.name
    UNION SELECT o.oprcode::pg_catalog.oid FROM ROWS FROM (pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) AS given (schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema JOIN pg_catalog.pg_operator o ON o.oprnamespace = n.oid AND o.oprname = given.name
    UNION SELECT p.oid FROM pg_catalog.pg_proc p
      -- Functions of pg_catalog do not depend on it.
      WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc', namedSchemas('$6'))})) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e')
  )
  SELECT h.code FROM (${harmfulAmong('named')}) h ORDER BY 1`;
