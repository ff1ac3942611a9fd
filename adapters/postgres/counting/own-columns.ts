import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';

const columnsBy = (order: string): string => `
  SELECT n.nspname AS schema, c.relname AS name,
    pg_catalog.array_agg(a.attname::text ORDER BY ${order}) FILTER (WHERE a.attname IS NOT NULL) AS columns
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind = 'r'
  GROUP BY 1, 2`;

export interface ColumnName {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
}

/**
 * Names of the columns of tables that hold values of their own, by `tableKey`: generated ones are left out.
 * @param order SQL, over `pg_attribute a`
 * @param without columns that are generated on the source, and not here
 */
export const readColumns = async (
  client: pg.Client,
  schemas: readonly string[],
  order: string,
  without: readonly ColumnName[] = [],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const left = new Set(without.map((one) => `${tableKey(one.schema, one.name)} ${one.column}`));
  const { rows } = await client.query<{ schema: string; name: string; columns: string[] | null }>(
    columnsBy(order),
    [schemas],
  );
  return new Map(
    rows.map(({ schema, name, columns }) => {
      const key = tableKey(schema, name);
      return [key, (columns ?? []).filter((column) => !left.has(`${key} ${column}`))];
    }),
  );
};
