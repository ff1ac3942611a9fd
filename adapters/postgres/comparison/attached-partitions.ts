import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { ComparisonRequest } from './comparison-request.ts';
import { named } from './notes.ts';
import type { RestoredContents } from './read-restored.ts';

/** Compares which partitions are attached to their parents: a parent's rows are those of its attached partitions. */
const PARTITIONS = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.oid = ANY ($1) AND c.relispartition AND c.relkind IN ('r', 'p', 'f')`;

export const compareAttached = async (
  client: pg.Client,
  { manifest, chosen, alone = [] }: Pick<ComparisonRequest, 'manifest' | 'chosen' | 'alone'>,
  { schemaOids, relations }: RestoredContents,
): Promise<string[]> => {
  if (chosen || !manifest.tables.some(({ kind }) => kind === 'partition')) return [];
  const { rows } = await client.query<TableName>(PARTITIONS, [schemaOids]);
  const attached = new Set(rows.map(({ schema, name }) => tableKey(schema, name)));
  const apart = new Set(alone.map(({ schema, name }) => tableKey(schema, name)));
  return manifest.tables.flatMap((table) => {
    const { schema, name, kind, detachPending } = table;
    const key = tableKey(schema, name);
    // A missing partition is reported with the other objects.
    if (!relations.has(key)) return [];
    if (detachPending)
      return attached.has(key)
        ? [`table ${named(table)} is a partition, but was being detached at the source`]
        : [];
    if (kind !== 'partition' || attached.has(key) || apart.has(key)) return [];
    return [`table ${named(table)} is not the same partition as at the source`];
  });
};
