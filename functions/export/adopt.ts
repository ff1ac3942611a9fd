import type { Backup, Completion } from '../../core/backup.ts';
import { completionOf } from '../../core/completion.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { ManifestTooLarge } from '../../core/errors/vault.ts';
import { manifestKeyOf, stemOf } from '../../core/keys.ts';
import type { Clock } from '../../core/ports.ts';
import type { StoredManifest } from '../../core/vault-ports.ts';
import type { ExportPorts } from './ports.ts';

/** Whether an attempt of this stack wrote it. If the key template has changed since, it is not adopted, and the backup is made again. */
const isOurs = async (
  manifestKey: ExportPorts['manifestKey'],
  { manifest: { signature }, messageToSign }: StoredManifest,
): Promise<boolean> =>
  signature !== undefined && (await manifestKey.hasSigned(messageToSign(), signature));

/** An unreadable one under the key was written by someone else. */
const readOurs = async (
  { vault, manifestKey }: Pick<ExportPorts, 'vault' | 'manifestKey'>,
  key: string,
): Promise<StoredManifest | undefined> => {
  try {
    const stored = await vault.readManifest(key);
    return stored && (await isOurs(manifestKey, stored)) ? stored : undefined;
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof ManifestTooLarge) return undefined;
    throw error;
  }
};

/**
 * An earlier attempt that died between its manifest and its row has left a complete backup. It is adopted if its
 * object exists with the size in the manifest: a manifest is only written after the object was completed.
 */
export const findEarlier = async (
  ports: Pick<ExportPorts, 'vault' | 'manifestKey'>,
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
    const stored = await readOurs(ports, manifestKeyOf(stemOf(keyTemplate, parts)));
    if (stored?.manifest.backup.id !== backup.id) continue;
    const { manifest, sha256 } = stored;
    const found = await ports.vault.head(manifest.object.key);
    if (found?.bytes === manifest.object.bytes) return completionOf(manifest, sha256, clock());
  }
  return undefined;
};
