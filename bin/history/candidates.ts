import { type Backup, millis } from '../../core/backup.ts';
import type { Held, Stem } from './holdings.ts';
import type { HistoryPorts } from './ports.ts';
import { backupOfManifest, isFull, newestOf } from './row-of-manifest.ts';
import { type Belief, damageOf, doubtOf, missingOf, readManifestOf } from './trust.ts';

/** Decides which manifests get a row, and gives the reason for each one that does not. */
export interface RebuildOptions extends Belief {
  readonly dryRun: boolean;
  /** Also writes rows for expired backups: retention then removes them from the vault in the normal way. */
  readonly includeExpired: boolean;
  /** Reads every object whose row is missing, and writes a row only if its SHA-256 matches the manifest. */
  readonly checksums: boolean;
}

export const OMISSIONS = ['refused', 'incomplete', 'expired'] as const;
/** A manifest without a new row. */
export interface Omission {
  /**
   * `refused`: not trusted, or unreadable. `incomplete`: its object is missing or a different one. `expired`: past
   * its retention, and not the newest full backup of its project.
   */
  readonly kind: (typeof OMISSIONS)[number];
  readonly key: string;
  readonly projectId?: string;
  readonly backupId?: string;
  readonly why: string;
}

/** DynamoDB's own limit is 400 KB, including keys and attribute names. */
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

/** The row for a stem's manifest; undefined for a stem without a manifest. */
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
    return omissionOf(stem, held, 'refused', 'its contents do not fit into a row');
  return { backup, key: held.key };
};

/** If several attempts are complete, the row describes the last one: an attempt stores its own object only if it found none to adopt. */
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

/** Separates expired backups from those to write. The newest full backup of a project does not expire. */
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
