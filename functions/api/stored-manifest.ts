import type { Backup } from '../../core/backup.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { BackupDamaged } from '../../core/errors/vault.ts';
import type { Manifest } from '../../core/manifest.ts';
import { trustedManifest } from '../../core/trusted-manifest.ts';
import type { Api } from './ports.ts';

/** The manifest of a completed backup. @throws BackupGone, BackupDamaged */
export const manifestOf = async (
  { ports }: Api,
  backup: Backup & { readonly fileId: string },
): Promise<Manifest> => {
  try {
    return (await trustedManifest(ports, backup, backup.fileId)).manifest;
  } catch (error) {
    // The caller made no mistake.
    if (error instanceof InvalidInput) throw new BackupDamaged(backup.fileId, error.message);
    throw error;
  }
};
