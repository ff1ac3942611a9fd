import { type Completion, iso, millis } from './backup.ts';
import type { Manifest, ManifestTable } from './manifest.ts';

/**
 * What counts as a table, wherever tables are counted: in the history, mails, guides, restores and verifications. Ordinary, unlogged and
 * foreign tables, partitioned tables and each of their partitions; no materialized view, which only shows rows of others, and no view.
 */
export const isTable = ({ kind }: Pick<ManifestTable, 'kind'>): boolean =>
  kind !== 'materialized-view';

/** A table whose rows are in the backup: a foreign or partitioned one has none of its own, and a backup of definitions none at all. */
export const holdsRows = (table: Pick<ManifestTable, 'kind' | 'rows'>): boolean =>
  isTable(table) && table.rows !== null;

/** Tables as `isTable` has them, and the rows that the backup holds of them. */
export const countsOf = (tables: Manifest['tables']): { tableCount: number; rowCount: number } => {
  const own = tables.filter(isTable);
  return { tableCount: own.length, rowCount: own.reduce((sum, { rows }) => sum + (rows ?? 0), 0) };
};

/**
 * What a manifest says, as the completion of its row.
 * @param manifestSha256 of its bytes in the vault
 */
export const completionOf = (
  manifest: Manifest,
  manifestSha256: string,
  now: number,
): Completion => ({
  manifestSha256,
  fileId: manifest.object.key,
  size: manifest.object.bytes,
  sourceBytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  checksum: manifest.object.sha256,
  ...countsOf(manifest.tables),
  compression: manifest.options.compression,
  completedAt: iso(now),
  durationMs: Math.max(0, now - millis(manifest.backup.startedAt)),
  warnings: manifest.warnings,
  ...(manifest.anomalyCount !== undefined && { anomalyCount: manifest.anomalyCount }),
});
