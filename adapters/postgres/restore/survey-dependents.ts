import type pg from 'pg';
import { catalog, MEMBERS } from '../inventory/outside.ts';

/**
 * What hangs on the live schemas from outside: it is bound to the objects, not to their names, and so stays with the old schema
 * after an exchange. pg_depend knows all of it but publications of whole schemas and tables that are a part of others.
 */
const DEPENDENTS = `
  WITH ${MEMBERS}
  SELECT DISTINCT o.type AS kind, o.identity AS name
  FROM members m
  JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid,
    LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
  WHERE d.deptype IN ('n', 'a')
    AND NOT EXISTS (SELECT FROM all_members i WHERE i.classid = d.classid AND i.objid = d.objid)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class t
      WHERE d.classid = ${catalog('pg_class')} AND t.oid = d.objid AND t.relnamespace = 'pg_toast'::regnamespace
    )
  ORDER BY 1, 2`;

const SCHEMA_PUBLICATIONS = `
  SELECT DISTINCT 'publication of schema' AS kind, pg_catalog.quote_ident(p.pubname) AS name
  FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid
  WHERE s.pnnspid = ANY ($1) ORDER BY 2`;

const SUBSCRIPTIONS = `
  SELECT DISTINCT 'table of a subscription' AS kind, (pg_catalog.pg_identify_object(${catalog('pg_class')}, c.oid, 0)).identity AS name
  FROM pg_catalog.pg_subscription_rel r JOIN pg_catalog.pg_class c ON c.oid = r.srrelid
  WHERE c.relnamespace = ANY ($1) ORDER BY 2`;

/** Partitions of, and heirs of, tables outside: the old ones stay there, with their rows. */
const PARTS = `
  SELECT DISTINCT CASE WHEN c.relispartition THEN 'partition of ' ELSE 'heir of ' END
      || (pg_catalog.pg_identify_object(${catalog('pg_class')}, p.oid, 0)).identity AS kind,
    (pg_catalog.pg_identify_object(${catalog('pg_class')}, c.oid, 0)).identity AS name
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  WHERE c.relnamespace = ANY ($1) AND p.relnamespace <> ALL ($1) AND c.relkind IN ('r', 'p', 'f')
  ORDER BY 1, 2`;

const SERVER_15 = `SELECT pg_catalog.current_setting('server_version_num')::int >= 150000 AS is`;

const OIDS = 'SELECT oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)';

/** One line for each, as `view reports.totals`. */
export const readDependents = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<string[]> => {
  const oids = (await client.query<{ oid: string }>(OIDS, [schemas])).rows.map(({ oid }) => oid);
  const is15 = (await client.query<{ is: boolean }>(SERVER_15)).rows[0]?.is ?? false;
  const lines: string[] = [];
  for (const sql of [DEPENDENTS, ...(is15 ? [SCHEMA_PUBLICATIONS] : []), SUBSCRIPTIONS, PARTS]) {
    const found = await client.query<{ kind: string; name: string }>(sql, [oids]);
    lines.push(...found.rows.map(({ kind, name }) => `${kind} ${name}`));
  }
  return lines;
};
