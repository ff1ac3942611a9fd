import { type Backup, type Completion, iso, millis } from '../../core/backup.ts';
import { manifestKeyOf, stemOf } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Clock, Vault } from '../../core/ports.ts';

/** Tables that hold rows of their own; a materialized view only shows those of others. */
export const countsOf = (tables: Manifest['tables']): { tableCount: number; rowCount: number } => {
  const own = tables.filter(({ kind }) => kind !== 'materialized-view');
  return { tableCount: own.length, rowCount: own.reduce((sum, { rows }) => sum + (rows ?? 0), 0) };
};

/** What a manifest says, as the row's completion. */
export const completionOf = (manifest: Manifest, now: number): Completion => ({
  fileId: manifest.object.key,
  size: manifest.object.bytes,
  sourceBytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  checksum: manifest.object.sha256,
  ...countsOf(manifest.tables),
  compression: manifest.options.compression,
  completedAt: iso(now),
  durationMs: Math.max(0, now - millis(manifest.backup.startedAt)),
  warnings: manifest.warnings,
});

/**
 * An earlier attempt that died between its manifest and its row has left a whole backup. It is taken as it is, if its
 * object is there with the size the manifest gives: a manifest is only written after the object was completed.
 */
export const findEarlier = async (
  vault: Pick<Vault, 'readManifest' | 'head'>,
  keyTemplate: string,
  backup: Backup,
  clock: Clock,
): Promise<Completion | undefined> => {
  for (let attempt = backup.attempt - 1; attempt >= 1; attempt -= 1) {
    const parts = {
      projectId: backup.projectId,
      createdAt: backup.createdAt,
      backupId: backup.id,
      attempt,
    };
    const manifest = await vault.readManifest(manifestKeyOf(stemOf(keyTemplate, parts)));
    if (manifest?.backup.id !== backup.id) continue;
    const found = await vault.head(manifest.object.key);
    if (found?.bytes === manifest.object.bytes) return completionOf(manifest, clock());
  }
  return undefined;
};
