import type pg from 'pg';
import type { TableName } from '../../../../core/restore.ts';
import type { OutsideForeignKey } from '../../../../core/restore-ports.ts';
import { shown } from '../../sql/describe-statement.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';

/**
 * Before PostgreSQL 18 a partitioned table accepts no key that is NOT VALID. So each partition gets its own key, which is validated
 * while other sessions write. The parent's key then finds these keys and reads no row. If rows of a partition violate the key, the
 * parent has no key, and that partition's key applies to new rows.
 */
export interface Part extends TableName {
  /** The key exists. */
  readonly there: boolean;
  readonly valid: boolean;
}

/** True if the table can only get keys through its partitions. */
const FROM_BELOW = `
  SELECT c.relkind = 'p' AND pg_catalog.current_setting('server_version_num')::int < 180000 AS below
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2`;

/** The leaf partitions of a partitioned table, and each one's key of the given name. */
const LEAVES = `
  SELECT n.nspname AS schema, c.relname AS name, k.oid IS NOT NULL AS there, COALESCE(k.convalidated, false) AS valid
  FROM pg_catalog.pg_partition_tree((pg_catalog.format('%I.%I', $1::text, $2::text))::pg_catalog.regclass) t
  JOIN pg_catalog.pg_class c ON c.oid = t.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.conname = $3 AND k.contype = 'f'
  WHERE t.isleaf AND c.relkind <> 'p' ORDER BY 1, 2`;

/** @returns undefined for a table that accepts the key itself */
export const partsBelow = async (
  client: pg.Client,
  { table: { schema, name }, name: key }: OutsideForeignKey,
): Promise<readonly Part[] | undefined> => {
  const [table] = (await client.query<{ below: boolean }>(FROM_BELOW, [schema, name])).rows;
  return table?.below ? (await client.query<Part>(LEAVES, [schema, name, key])).rows : undefined;
};

/** The same key on a partition. */
export const onPartition = (key: OutsideForeignKey, table: TableName): OutsideForeignKey => {
  const head = `ALTER TABLE ${qualified(key.table.schema, key.table.name)} ADD`;
  if (!key.sql.startsWith(head))
    throw new Error('a key of a partitioned table is not on its table');
  const { schema, name } = table;
  return {
    ...key,
    table: { schema, name },
    sql: `ALTER TABLE ${qualified(schema, name)} ADD${key.sql.slice(head.length)}`,
  };
};

export const validate = ({ table, name }: Pick<OutsideForeignKey, 'table' | 'name'>): string =>
  `ALTER TABLE ${qualified(table.schema, table.name)} VALIDATE CONSTRAINT ${identifier(name)}`;

const NAMED = 3;
const listed = (parts: readonly Part[]): string =>
  `${parts.slice(0, NAMED).map(shown).join(', ')}${parts.length > NAMED ? ` and ${parts.length - NAMED} more` : ''}`;

const counted = (count: number): string => (count === 1 ? 'one' : `${count}`);

/**
 * Describes a key that only partitions have, and the statements that complete it. A partition's key must be valid first: otherwise
 * the parent's key would add a second one.
 */
export const halfAdded = (
  key: OutsideForeignKey,
  parts: readonly Part[],
  why: string,
): { readonly why: string; readonly sql: string } => {
  const there = parts.filter((part) => part.there);
  if (!there.length) return { why, sql: key.sql };
  const loose = there.filter(({ valid }) => !valid);
  const some = loose.length ? `, for new rows only in ${listed(loose)}` : '';
  return {
    why: `${why}. Its table has no such key yet; ${counted(there.length)} of ${parts.length} partitions ${there.length === 1 ? 'has' : 'have'} it${some}`,
    sql: [...loose.map((table) => validate({ ...key, table })), key.sql].join(';\n'),
  };
};
