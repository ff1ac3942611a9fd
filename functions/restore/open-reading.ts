import type { StoredBackup } from '../../core/stored-backup.ts';
import { type MeteredReading, readMetered, readMeteredParts } from '../../core/stored-object.ts';
import type { RestorePorts } from './ports.ts';
import type { RestorePlan } from './restore-plan.ts';

/** Of chosen tables only what they need, if the manifest proves it; else the whole object, whose digest is checked. */
export const openReading = (
  { archives, vault }: Pick<RestorePorts, 'archives' | 'vault'>,
  { manifest, vouched, plan }: StoredBackup & { readonly plan: RestorePlan },
  signal: AbortSignal,
): MeteredReading => {
  const { entries } = plan;
  const parts =
    entries && vouched !== 'row' ? archives.readParts({ manifest, entries, vault }) : undefined;
  return parts ? readMeteredParts(parts, signal) : readMetered(vault, manifest, signal);
};
