import type pg from 'pg';
import type { TableName } from '../../../../core/restore.ts';

/**
 * Whether a materialized view reads an object that is not the real one: a foreign table, a stand-in for an object outside, or another view
 * that could not be filled for that reason. Follows views and functions, as far as catalogs record them.
 */
const REACH = `
  WITH RECURSIVE reached AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, c.oid AS objid
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
    UNION
    SELECT d.refclassid, d.refobjid
    FROM reached r
    LEFT JOIN pg_catalog.pg_rewrite w ON r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class = r.objid
    JOIN pg_catalog.pg_depend d ON d.deptype = 'n' AND (
      d.classid = r.classid AND d.objid = r.objid OR d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid)
    WHERE d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
  ), seen AS (
    SELECT r.classid, r.objid, c.relkind, c.relispopulated, COALESCE(c.relnamespace, p.pronamespace) AS namespace
    FROM reached r
    LEFT JOIN pg_catalog.pg_class c ON r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = r.objid
    LEFT JOIN pg_catalog.pg_proc p ON r.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = r.objid
  )
  SELECT o.type || ' ' || o.identity AS name
  FROM seen s JOIN pg_catalog.pg_namespace n ON n.oid = s.namespace, LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, 0) o
  WHERE s.relkind = 'f'
    OR n.nspname <> ALL ($3) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e WHERE e.classid = s.classid AND e.objid = s.objid AND e.deptype = 'e')
  ORDER BY s.relkind = 'f' DESC, 1 LIMIT 1`;

/** The first object that it reads and that is not the backup's own, such as `foreign table s.t`; undefined if there is none. */
export const reachOfView = async (
  client: pg.Client,
  { schema, name }: TableName,
  schemas: readonly string[],
): Promise<string | undefined> => {
  const found = await client.query<{ name: string }>(REACH, [schema, name, schemas]);
  return found.rows[0]?.name;
};
