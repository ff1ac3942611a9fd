import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * How the rows of a table can be counted without running code of a tenant.
 *
 * A query on a table is planned first, and the planner evaluates what is constant in the expressions and predicates of the table's indexes
 * and in those of its extended statistics: it calls functions that are marked IMMUTABLE, and reads the bodies of SQL functions to inline
 * them. Even `SELECT count(*) FROM t` does so (get_relation_info in PostgreSQL's plancat.c, RelationGetIndexExpressions in its relcache.c).
 * Such a function would run as our role, which may read every tenant's rows; and one that names things without their schema fails
 * under our empty search_path. `COPY t TO STDOUT` plans nothing. That is also how pg_dump reads a table, so what it can dump can be counted.
 *
 * - `query`: all that the planner may evaluate is PostgreSQL's own: count(*), which the server does fastest.
 * - `copy`: one column is sent and thrown away; the server's command tag has the number of rows. Without a column, all that can be copied is sent.
 * - `nothing`: a materialized view with such an index on a server before 18, which copies no materialized view.
 */
export type CountingWay =
  | { readonly by: 'query' }
  | { readonly by: 'copy'; readonly column: string | null }
  | { readonly by: 'nothing' };

/** Only tables that are not counted by `query`, by `tableKey`. */
export type CountingWays = ReadonlyMap<string, CountingWay>;

const QUERY: CountingWay = { by: 'query' };

export const wayOf = (
  ways: CountingWays,
  { schema, name }: { readonly schema: string; readonly name: string },
): CountingWay => ways.get(tableKey(schema, name)) ?? QUERY;

const catalog = (name: string): string => `'pg_catalog.${name}'::pg_catalog.regclass`;

/** Objects that an expression may refer to without a call of code while it is planned. */
const HARMLESS = [
  'pg_class',
  'pg_constraint',
  'pg_collation',
  'pg_opclass',
  'pg_opfamily',
  'pg_am',
  'pg_extension',
  'pg_namespace',
];

/**
 * The only immutable function of PostgreSQL's own that reaches a tenant's code: it opens the table whose oid it gets, and with it the
 * table's partition key, whose constant calls are evaluated (RelationBuildPartitionKey in PostgreSQL's partcache.c).
 */
const OPENS_TABLES = `(SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname = 'satisfies_hash_partition')`;

/**
 * PostgreSQL's own objects are pinned: nothing depends on them in pg_depend. So everything else that an expression refers to belongs to a
 * tenant or an extension. PostgreSQL alone reads and compares an enum's values. A type's output runs nothing of a tenant either, because
 * only a superuser creates base types; the column that is copied has a fixed length if there is one.
 */
const WAYS = `
  WITH planned (relid, classid, objid, trees) AS (
    SELECT i.indrelid, ${catalog('pg_class')}, i.indexrelid, pg_catalog.concat(i.indexprs::pg_catalog.text, i.indpred::pg_catalog.text)
    FROM pg_catalog.pg_index i
    WHERE i.indrelid = ANY (ARRAY(${membersIn('pg_class')})) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    UNION ALL
    SELECT s.stxrelid, ${catalog('pg_statistic_ext')}, s.oid, s.stxexprs::pg_catalog.text
    FROM pg_catalog.pg_statistic_ext s
    WHERE s.stxrelid = ANY (ARRAY(${membersIn('pg_class')})) AND s.stxexprs IS NOT NULL
  ), reaching (relid) AS (
    SELECT DISTINCT p.relid
    FROM planned p JOIN pg_catalog.pg_depend d ON d.classid = p.classid AND d.objid = p.objid
    LEFT JOIN pg_catalog.pg_type t ON d.refclassid = ${catalog('pg_type')} AND t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE d.refclassid NOT IN (${HARMLESS.map(catalog).join(', ')}) 
      AND NOT COALESCE(t.typtype = 'e' OR t.typcategory = 'A' AND e.typtype = 'e', false)
    UNION
    SELECT p.relid FROM planned p WHERE pg_catalog.strpos(p.trees, pg_catalog.concat(':funcid ', ${OPENS_TABLES}, ' ')) > 0
  )
  SELECT n.nspname AS schema, c.relname AS name,
    c.relkind = 'm' AND pg_catalog.current_setting('server_version_num')::int < 180000 AS closed,
    (
      SELECT a.attname FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      ORDER BY a.attlen < 0, a.attlen, a.attnum LIMIT 1
    ) AS column
  FROM reaching r JOIN pg_catalog.pg_class c ON c.oid = r.relid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm')`;

/** One catalog query for all tables of the schemas, under the locks that keep other sessions from creating indexes meanwhile. */
export const readCountingWays = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<CountingWays> => {
  interface Row {
    readonly schema: string;
    readonly name: string;
    readonly closed: boolean;
    readonly column: string | null;
  }
  const { rows } = await client.query<Row>(WAYS, [schemaOids]);
  return new Map(
    rows.map(({ schema, name, closed, column }): [string, CountingWay] => [
      tableKey(schema, name),
      closed ? { by: 'nothing' } : { by: 'copy', column },
    ]),
  );
};
