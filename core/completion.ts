import { type Completion, iso, millis } from './backup.ts';
import type { Manifest, ManifestTable } from './manifest.ts';

/**
 * What counts as a table in the history, mails, guides, restores and verifications: ordinary, unlogged and foreign tables, partitioned
 * tables and each of their partitions. Views do not count, and neither do materialized views, which only show rows of others.
 */
export const isTable = ({ kind }: Pick<ManifestTable, 'kind'>): boolean =>
  kind !== 'materialized-view';

/** A table whose rows are in the backup. Foreign and partitioned tables have none of their own; a backup of definitions has none at all. */
export const holdsRows = (table: Pick<ManifestTable, 'kind' | 'rows'>): boolean =>
  isTable(table) && table.rows !== null;

/** Whether a verification can compare what its rows hold: the export hashed them, or their text has a digest that is comparable. */
export const hasDigest = ({
  rowHash,
  copied,
}: Pick<ManifestTable, 'rowHash' | 'copied'>): boolean =>
  rowHash !== undefined || copied?.comparable === true;

/** Number of tables (see `isTable`), and of the rows that the backup holds of them. */
export const countsOf = (tables: Manifest['tables']): { tableCount: number; rowCount: number } => {
  const own = tables.filter(isTable);
  return { tableCount: own.length, rowCount: own.reduce((sum, { rows }) => sum + (rows ?? 0), 0) };
};

/**
 * Makes the completion of a backup's row from its manifest.
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
