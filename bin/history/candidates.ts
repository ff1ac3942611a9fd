import { type Backup, millis } from '../../core/backup.ts';
import type { Held, Stem } from './holdings.ts';
import type { HistoryPorts } from './ports.ts';
import { backupOfManifest, isFull, newestOf } from './row-of-manifest.ts';
import { type Belief, damageOf, doubtOf, missingOf, readManifestOf } from './trust.ts';

/** From manifests to the rows that are to be written of them, and to the reasons why others are not. */
export interface RebuildOptions extends Belief {
  readonly dryRun: boolean;
  /** Also rows for backups past their time: retention then removes them from the vault in its ordinary way. */
  readonly includeExpired: boolean;
  /** Reads every object whose row is missing, and writes a row only where its SHA-256 is the manifest's. */
  readonly checksums: boolean;
}

export const OMISSIONS = ['refused', 'incomplete', 'expired'] as const;
/** A manifest that no row was written from. */
export interface Omission {
  /**
   * `refused`: it is not believed, or can't be read. `incomplete`: its object is not there, or another one.
   * `expired`: past its time, and not the newest full backup of its project.
   */
  readonly kind: (typeof OMISSIONS)[number];
  readonly key: string;
  readonly projectId?: string;
  readonly backupId?: string;
  readonly why: string;
}

/** DynamoDB's own limit is 400 KB, keys and names of attributes included. */
const MOST_ROW_BYTES = 390_000;

export interface Candidate {
  readonly backup: Backup;
  readonly key: string;
}

const omissionOf = (stem: Stem, held: Held, kind: Omission['kind'], why: string): Omission => ({
  kind,
  key: held.key,
  projectId: stem.projectId,
  backupId: stem.backupId,
  why,
});

/** The row that a stem's manifest makes; undefined for a stem without one. */
export const candidateOf = async (
  ports: HistoryPorts,
  options: RebuildOptions,
  stem: Stem,
): Promise<Candidate | Omission | undefined> => {
  ports.signal.throwIfAborted();
  const held = stem.manifest;
  const read = held && (await readManifestOf(ports, stem, held));
  if (!held || !read) return undefined;
  if ('refused' in read) return omissionOf(stem, held, 'refused', read.refused);
  const doubt = await doubtOf(ports, options, read);
  if (doubt !== undefined) return omissionOf(stem, held, 'refused', doubt);
  const missing =
    missingOf(read.manifest, stem) ??
    (options.checksums ? await damageOf(ports, read.manifest) : undefined);
  if (missing) return omissionOf(stem, held, 'incomplete', missing);
  const backup = backupOfManifest(read, ports.clock());
  if (Buffer.byteLength(JSON.stringify(backup)) > MOST_ROW_BYTES)
    return omissionOf(stem, held, 'refused', 'no row can hold all that it says');
  return { backup, key: held.key };
};

/** Of several attempts that are whole the last one is the row's: only one that found nothing to adopt makes its own. */
export const lastAttempts = (candidates: readonly Candidate[]): Candidate[] => {
  const last = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const other = last.get(candidate.backup.id);
    if (!other || other.backup.attempt < candidate.backup.attempt)
      last.set(candidate.backup.id, candidate);
  }
  return [...last.values()];
};

const expiredOmission = ({ backup, key }: Candidate): Omission => ({
  kind: 'expired',
  key,
  projectId: backup.projectId,
  backupId: backup.id,
  why: `it expired at ${backup.expiresAt}`,
});

/** Parts what is to be written from what has expired. The newest full backup of a project outlives its time. */
export const sift = (
  { includeExpired }: RebuildOptions,
  rows: readonly Backup[],
  candidates: readonly Candidate[],
  now: number,
): { readonly chosen: readonly Candidate[]; readonly expired: readonly Omission[] } => {
  if (includeExpired) return { chosen: candidates, expired: [] };
  const completed = rows.filter(({ status }) => status === 'completed');
  const kept = newestOf([...completed, ...candidates.map(({ backup }) => backup)].filter(isFull));
  const isWanted = ({ backup }: Candidate) =>
    backup.id === kept?.id || millis(backup.expiresAt) > now;
  return {
    chosen: candidates.filter(isWanted),
    expired: candidates.filter((one) => !isWanted(one)).map(expiredOmission),
  };
};
