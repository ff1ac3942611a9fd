import type { Backup } from './backup.ts';
import { BackupNotFound, BackupNotReady } from './errors/request.ts';
import { BackupDamaged, BackupGone } from './errors/vault.ts';
import type { History } from './history-ports.ts';
import type { Manifest } from './manifest.ts';
import type { ManifestVerifier } from './manifest-signature.ts';
import { allEnded } from './parallel.ts';
import type { VaultReader } from './restore-ports.ts';
import { trustedManifest, type Vouched } from './trusted-manifest.ts';

/** A backup whose row, manifest and object size agree. */
export interface StoredBackup {
  readonly backup: Backup;
  readonly manifest: Manifest;
  /** What proves that the manifest is the stored one. */
  readonly vouched: Vouched;
}

/**
 * Finds a backup in the history and the vault. It does not read the object: the digest is checked later, while the object is read.
 * @throws BackupNotFound, BackupNotReady, BackupGone, BackupDamaged
 */
export const findStored = async (
  ports: {
    readonly history: Pick<History, 'get'>;
    readonly vault: VaultReader;
    readonly manifestKeys: ManifestVerifier;
  },
  projectId: string,
  backupId: string,
): Promise<StoredBackup> => {
  const backup = await ports.history.get(projectId, backupId);
  if (!backup) throw new BackupNotFound(projectId, backupId);
  if (backup.status !== 'completed' || backup.fileId === undefined) {
    throw new BackupNotReady(backupId, backup.status, 'only a completed one can be restored');
  }
  const key = backup.fileId;
  const [{ manifest, vouched }, found] = await allEnded([
    trustedManifest(ports, backup, key),
    ports.vault.head(key),
  ]);
  if (!found) throw new BackupGone(key);
  if (found.bytes !== manifest.object.bytes) {
    throw new BackupDamaged(
      key,
      `it has ${found.bytes} bytes, and had ${manifest.object.bytes} when it was stored`,
    );
  }
  return { backup, manifest, vouched };
};
