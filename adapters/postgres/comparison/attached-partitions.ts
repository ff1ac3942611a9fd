import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { type Manifest, tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';

/** Compares which partitions are attached to their parents: a parent's rows are those of its attached partitions. */
interface Restored {
  readonly manifest: Manifest;
  /** A partition may be chosen without its parent. */
  readonly tables?: readonly TableName[] | undefined;
  readonly alone: readonly TableName[];
}

const PARTITIONS = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.oid = ANY ($1) AND c.relispartition AND c.relkind IN ('r', 'p', 'f')`;

export const compareAttached = async (
  client: pg.Client,
  { manifest, tables, alone }: Restored,
  schemaOids: readonly string[],
): Promise<string[]> => {
  if (tables || !manifest.tables.some(({ kind }) => kind === 'partition')) return [];
  const { rows } = await client.query<TableName>(PARTITIONS, [schemaOids]);
  const attached = new Set(rows.map(({ schema, name }) => tableKey(schema, name)));
  const apart = new Set(alone.map(({ schema, name }) => tableKey(schema, name)));
  return manifest.tables.flatMap(({ schema, name, kind, detachPending }) => {
    const key = tableKey(schema, name);
    const title = `table ${quoted(`${schema}.${name}`)}`;
    if (detachPending)
      return attached.has(key) ? [`${title} is a partition, and was being detached`] : [];
    if (kind !== 'partition' || attached.has(key) || apart.has(key)) return [];
    return [`${title} is not the partition that it was`];
  });
};
