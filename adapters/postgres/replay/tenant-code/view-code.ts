import type pg from 'pg';
import type { TableName } from '../../../../core/restore.ts';
import type { Run } from '../run-state.ts';
import {
  HARMLESS,
  IS_TRUSTED_C,
  named,
  OPENS_TABLES,
  referredTo,
  UNPINNED,
} from './catalog-sql.ts';
import { taintedAmong } from './known-code.ts';

/**
 * Code that a materialized view's query runs when it is filled. PostgreSQL fills it as its owner, in a security-restricted operation. That stops
 * neither a function that reads a table by its name (query_to_xml) nor one that reads a file or a large object. It matters if the owner has rights
 * over others: under `owners: drop`, or if the restore role itself or a superuser owns it.
 */

/** Built-ins that read the object named in their arguments, though they are not volatile. */
const READS = `p.proname ~ '^(query|cursor|table|schema|database)_to_xml' OR p.proname = '${OPENS_TABLES}'`;
/** Volatile built-ins that read or change nothing. */
const VOLATILE = '^(random|random_normal|clock_timestamp|timeofday|gen_random_uuid|uuidv4|uuidv7)$';

/**
 * STABLE functions in C of these extensions only compute. Those of others may execute SQL that an argument holds, as `crosstab` of tablefunc
 * does, or read an object that an argument names, as `ST_EstimatedExtent` of PostGIS does. IMMUTABLE ones do neither.
 */
const COMPUTING = "'pg_trgm', 'unaccent'";

const IS_COMPUTING_C = `${IS_TRUSTED_C} AND (p.provolatile = 'i' OR p.provolatile = 's' AND EXISTS (
    SELECT FROM pg_catalog.pg_depend e JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid
    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e' AND x.extname IN (${COMPUTING})))`;

const IS_HARMLESS = `p.oid < ${UNPINNED} AND NOT (${READS}) AND (p.provolatile <> 'v' OR p.proname ~ '${VOLATILE}')`;

/**
 * Parameters: schema and name. A foreign table is read with the user mapping of the session's role, if it has one, or with that of PUBLIC.
 * Reads the query itself, the queries of the views that it reads, and the policies of
 * their tables.
 */
const CODE = `
  WITH RECURSIVE used AS (
    SELECT c.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
    UNION SELECT t.oid, t.relkind FROM used u JOIN pg_catalog.pg_rewrite r ON r.ev_class = u.oid AND u.relkind IN ('v', 'm')
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relkind IN ('v', 'r', 'p', 'f')
  ), trees AS MATERIALIZED (
    SELECT r.ev_action::pg_catalog.text AS tree FROM used u JOIN pg_catalog.pg_rewrite r ON r.ev_class = u.oid WHERE u.relkind IN ('v', 'm') AND r.ev_type = '1'
    UNION ALL SELECT p.polqual::pg_catalog.text FROM used u JOIN pg_catalog.pg_policy p ON p.polrelid = u.oid WHERE p.polqual IS NOT NULL
    UNION ALL SELECT d.adbin::pg_catalog.text FROM used u JOIN pg_catalog.pg_attribute a ON a.attrelid = u.oid AND a.attgenerated = 'v'
      JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  ), referred AS MATERIALIZED (
    SELECT DISTINCT f.sort, f.oid FROM trees t, LATERAL (${referredTo('t.tree')}) f WHERE f.sort <> 'node'
  )
  SELECT ${named('p.oid')} AS code, NULL::pg_catalog.text AS type
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles w ON w.oid = p.proowner
  WHERE p.oid IN (SELECT f.oid FROM referred f WHERE f.sort = 'function') AND (${IS_HARMLESS} OR ${IS_COMPUTING_C}) IS NOT TRUE
  UNION ALL SELECT pg_catalog.concat('foreign table ', u.oid::pg_catalog.regclass::pg_catalog.text), NULL FROM used u
    JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = u.oid JOIN pg_catalog.pg_user_mappings m ON m.srvid = t.ftserver
    WHERE m.usename IN (session_user, 'public') AND (m.umuser = 0 OR m.usename = session_user)
  UNION ALL SELECT NULL, f.oid::pg_catalog.text FROM referred f WHERE f.sort = 'type' AND f.oid >= ${UNPINNED}
  ORDER BY 1`;

/** Functions, as PostgreSQL names them. */
export const codeOfView = async (run: Run, { schema, name }: TableName): Promise<string[]> => {
  interface Row {
    readonly code: string | null;
    readonly type: string | null;
  }
  const { rows } = await run.client.query<Row>(CODE, [schema, name]);
  const types = await taintedAmong(
    run,
    rows.flatMap(({ type }) => type ?? []),
  );
  return [...new Set([...rows.flatMap(({ code }) => code ?? []), ...types])];
};

const ACTING = `
  SELECT DISTINCT p.proname::text AS name FROM pg_catalog.pg_proc p
  WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname = ANY ($1) AND NOT (${IS_HARMLESS}) ORDER BY 1`;

/** The called built-ins, among some names that a view's SQL may call, that do more than compute. */
export const actingAmong = async (
  client: pg.Client,
  names: readonly string[],
): Promise<readonly string[]> =>
  names.length
    ? (await client.query<{ name: string }>(ACTING, [names])).rows.map(({ name }) => name)
    : [];

/** @param isHarmless SQL over a function `p`, its language `l` and its owner `w` */
const outside = (isHarmless: string): string => `
  SELECT DISTINCT n.nspname::text AS schema, p.proname::text AS name
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS given (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = given.name
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles w ON w.oid = p.proowner
  WHERE (${isHarmless}) IS NOT TRUE ORDER BY 1, 2`;

/** Functions outside of a backup, among some names that its SQL calls, that may do more than compute. */
export const actingOutside = async (
  client: pg.Client,
  names: readonly TableName[],
  isView: boolean,
): Promise<readonly TableName[]> => {
  if (!names.length) return [];
  const sql = outside(isView ? `${IS_HARMLESS} OR ${IS_COMPUTING_C}` : HARMLESS);
  const { rows } = await client.query<TableName>(sql, [
    names.map(({ schema }) => schema),
    names.map(({ name }) => name),
  ]);
  return rows;
};
