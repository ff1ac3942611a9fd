import type { Backup } from '../../core/backup.ts';
import type { Manifest } from '../../core/manifest.ts';
import { trustedManifest } from '../../core/trusted-manifest.ts';
import type { Api } from './ports.ts';

/** The manifest of a completed backup. @throws BackupGone, BackupDamaged */
export const manifestOf = async (
  { ports }: Api,
  backup: Backup & { readonly fileId: string },
): Promise<Manifest> => (await trustedManifest(ports, backup, backup.fileId)).manifest;
