import type { Backup, Completion } from '../../core/backup.ts';
import { completionOf } from '../../core/completion.ts';
import { manifestKeyOf, stemOf } from '../../core/keys.ts';
import type { Clock } from '../../core/ports.ts';
import type { Vault } from '../../core/vault-ports.ts';

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
