import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Tables whose text, as COPY gives it, is the same after a restore by COPY into new tables: a digest of the text shows then that nothing is
 * lost or changed. A new table gives its rows back in the order in which they came.
 *
 * Not for all tables is that sure:
 *
 * - A column's text may depend on the server or on names: money (lc_monetary), the reg* types and aclitem (names of objects), xml (the
 *   library that reads it), and types that PostgreSQL does not bring, whose code another version of an extension may change.
 * - A table that inherits may get its columns in another order, and another access method than PostgreSQL's own its rows.
 * - Rows that are distributed over partitions anew (see rehashed-partitions.ts) are not in the table that held them.
 */
const UNSURE_TYPES = "('money', 'xml', 'aclitem', 'any', 'record')";

const COMPARABLE = `
  WITH RECURSIVE used (relid, typid) AS (
    SELECT a.attrelid, a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class')})) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    UNION
    SELECT u.relid, x.typid
    FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.typid
    CROSS JOIN LATERAL (
      SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL SELECT t.typelem WHERE t.typelem <> 0
      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.typtype = 'r' AND r.rngtypid = t.oid
      UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE t.typtype = 'm' AND r.rngmultitypid = t.oid
    ) AS x (typid)
  ), unsure (relid) AS (
    SELECT DISTINCT u.relid FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.typid
    WHERE t.typtype IN ('b', 'p') AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
      AND (t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace OR t.typname IN ${UNSURE_TYPES} OR t.typname LIKE 'reg%' OR t.typname LIKE 'pg\\_%')
  )
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_am m ON m.oid = c.relam
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'r' AND m.amname = 'heap'
    AND c.oid <> ALL (ARRAY(SELECT relid FROM unsure))
    AND (c.relispartition OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid OFFSET 0))`;

/**
 * Their names by `tableKey`.
 * @param divided tables whose rows a restore distributes anew, by `tableKey`
 */
export const readComparableText = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  divided: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> => {
  const { rows } = await client.query<{ schema: string; name: string }>(COMPARABLE, [schemaOids]);
  const keys = rows.map(({ schema, name }) => tableKey(schema, name));
  return new Set(keys.filter((key) => !divided.has(key)));
};
