import { type Completion, iso, millis } from './backup.ts';
import type { Manifest } from './manifest.ts';

/** Tables that hold rows of their own; a materialized view only shows those of others. */
export const countsOf = (tables: Manifest['tables']): { tableCount: number; rowCount: number } => {
  const own = tables.filter(({ kind }) => kind !== 'materialized-view');
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
