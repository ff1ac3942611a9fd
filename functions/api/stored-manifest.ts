import { InvalidInput } from '../../core/errors/request.ts';
import { BackupDamaged, BackupGone } from '../../core/errors/vault.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Api } from './ports.ts';

/** The manifest of a completed backup. @throws BackupGone, BackupDamaged */
export const manifestOf = async (
  { ports }: Api,
  { id, fileId }: { readonly id: string; readonly fileId: string },
): Promise<Manifest> => {
  const key = manifestKeyBeside(fileId);
  const manifest = await readManifest(ports.vault, key);
  if (!manifest) throw new BackupGone(key);
  if (manifest.backup.id !== id) throw new BackupDamaged(key, 'it is of another backup');
  return manifest;
};

const readManifest = async (vault: Api['ports']['vault'], key: string) => {
  try {
    return await vault.readManifest(key);
  } catch (error) {
    // It is not the caller who made a mistake.
    if (error instanceof InvalidInput) throw new BackupDamaged(key, error.message);
    throw error;
  }
};
