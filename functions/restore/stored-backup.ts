import type { Backup } from '../../core/backup.ts';
import { countsOf } from '../../core/completion.ts';
import { BackupNotFound, BackupNotReady } from '../../core/errors/request.ts';
import { BackupDamaged, BackupGone } from '../../core/errors/vault.ts';
import type { History } from '../../core/history-ports.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { VaultReader } from '../../core/restore-ports.ts';

/** A backup as three places agree on it: its row, its manifest, and the object's size. */
export interface StoredBackup {
  readonly backup: Backup;
  readonly manifest: Manifest;
}

/** What row and manifest say of the same thing, and how it is called. */
const disagreements = (backup: Backup, manifest: Manifest): string[] => {
  const pairs = [
    ['backup', backup.id, manifest.backup.id],
    ['project', backup.projectId, manifest.project.id],
    ['key', backup.fileId, manifest.object.key],
    ['size', backup.size, manifest.object.bytes],
    ['SHA-256', backup.checksum, manifest.object.sha256],
    ['source', backup.source, manifest.source.name],
    ['content', backup.content, manifest.options.content],
    ['format', backup.format, manifest.options.format],
    ['compression', backup.compression, manifest.options.compression],
    ['number of tables', backup.tableCount, countsOf(manifest.tables).tableCount],
    ['number of rows', backup.rowCount, countsOf(manifest.tables).rowCount],
  ] as const;
  return pairs.flatMap(([what, ofRow, ofManifest]) =>
    ofRow === ofManifest ? [] : [`the manifest beside it names another ${what}`],
  );
};

/**
 * Finds a backup in the history and the vault. Nothing of the object is read: what is inside shows its digest, on the way.
 * @throws BackupNotFound, BackupNotReady, BackupGone, BackupDamaged
 */
export const findStored = async (
  ports: { readonly history: Pick<History, 'get'>; readonly vault: VaultReader },
  projectId: string,
  backupId: string,
): Promise<StoredBackup> => {
  const backup = await ports.history.get(projectId, backupId);
  if (!backup) throw new BackupNotFound(projectId, backupId);
  if (backup.status !== 'completed' || backup.fileId === undefined) {
    throw new BackupNotReady(backupId, backup.status, 'only a completed one can be restored');
  }
  const key = backup.fileId;
  const [manifest, found] = await Promise.all([
    ports.vault.readManifest(manifestKeyBeside(key)),
    ports.vault.head(key),
  ]);
  if (!manifest) throw new BackupGone(manifestKeyBeside(key));
  const [disagreement] = disagreements(backup, manifest);
  if (disagreement) throw new BackupDamaged(key, disagreement);
  if (!found) throw new BackupGone(key);
  if (found.bytes !== manifest.object.bytes) {
    throw new BackupDamaged(
      key,
      `it has ${found.bytes} bytes, and had ${manifest.object.bytes} when it was stored`,
    );
  }
  return { backup, manifest };
};
