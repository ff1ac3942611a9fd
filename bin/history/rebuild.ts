import { type Backup, millis } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import { InvalidInput } from '../../core/errors.ts';
import { keysBeside } from '../../core/keys.ts';
import { eachInParallel, inParallel } from '../../core/parallel.ts';
import { type Held, type Holding, holdingsOf, possibleOwners, type Stem } from './holdings.ts';
import { BACKUPS_AT_ONCE, type HistoryPorts, PROJECTS_AT_ONCE, type Scope } from './ports.ts';
import { backupOfManifest, isFull, newestOf, projectOfBackup } from './row-of-manifest.ts';
import { damageOf, missingOf, readManifestOf } from './trust.ts';

/**
 * Writes the rows that the history lacks, from the manifests in the vault.
 *
 * Project by project: rows first, without `ttl`; then the project's own row; last the retention, which gives `ttl` to
 * all but the newest full backup. Whatever ends it on the way, no row has a `ttl` too many, and another run goes on
 * where it stopped: it writes what is missing, and settles the retention of every project again. A row that is there
 * is never touched, so a running Larder is not disturbed, and what a person or retention has deleted stays deleted.
 */
export interface RebuildOptions {
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

export interface Rebuilt {
  readonly manifests: number;
  /** Rows written, or that would be in a dry run. */
  readonly written: readonly { readonly projectId: string; readonly backupId: string }[];
  /** Backups that had a row, of whatever status. */
  readonly there: number;
  /** Projects that got their row in the registry, or would. */
  readonly registered: number;
  readonly projects: number;
  readonly omitted: readonly Omission[];
}

interface Progress {
  manifests: number;
  written: { readonly projectId: string; readonly backupId: string }[];
  there: number;
  registered: number;
  projects: number;
  omitted: Omission[];
}

/** DynamoDB's own limit is 400 KB, keys and names of attributes included. */
const MOST_ROW_BYTES = 390_000;

type Project = Extract<Holding, { kind: 'project' }>;

interface Candidate {
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
const candidateOf = async (
  ports: HistoryPorts,
  { checksums }: RebuildOptions,
  stem: Stem,
): Promise<Candidate | Omission | undefined> => {
  ports.signal.throwIfAborted();
  const held = stem.manifest;
  const read = held && (await readManifestOf(ports, stem, held));
  if (!held || !read) return undefined;
  if ('refused' in read) return omissionOf(stem, held, 'refused', read.refused);
  const missing =
    missingOf(read.manifest, stem) ??
    (checksums ? await damageOf(ports, read.manifest) : undefined);
  if (missing) return omissionOf(stem, held, 'incomplete', missing);
  const backup = backupOfManifest(read.manifest, ports.clock());
  if (Buffer.byteLength(JSON.stringify(backup)) > MOST_ROW_BYTES)
    return omissionOf(stem, held, 'refused', 'no row can hold all that it says');
  return { backup, key: held.key };
};

/** Of several attempts that are whole the last one is the row's: only one that found nothing to adopt makes its own. */
const lastAttempts = (candidates: readonly Candidate[]): Candidate[] => {
  const last = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const other = last.get(candidate.backup.id);
    if (!other || other.backup.attempt < candidate.backup.attempt)
      last.set(candidate.backup.id, candidate);
  }
  return [...last.values()];
};

/** Parts what is to be written from what has expired. The newest full backup of a project outlives its time. */
const sift = (
  rows: readonly Backup[],
  candidates: readonly Candidate[],
  now: number,
): { readonly wanted: readonly Candidate[]; readonly expired: readonly Candidate[] } => {
  const completed = rows.filter(({ status }) => status === 'completed');
  const all = [...completed, ...candidates.map(({ backup }) => backup)];
  const kept = newestOf(all.filter(isFull));
  const isWanted = ({ backup }: Candidate) =>
    backup.id === kept?.id || millis(backup.expiresAt) > now;
  return {
    wanted: candidates.filter(isWanted),
    expired: candidates.filter((candidate) => !isWanted(candidate)),
  };
};

/** Answers the backup if it has a row now. */
const writeRow = async (
  ports: HistoryPorts,
  { dryRun }: RebuildOptions,
  done: Progress,
  { backup, key }: Candidate,
): Promise<readonly Backup[]> => {
  const { projectId, id: backupId } = backup;
  ports.signal.throwIfAborted();
  try {
    const outcome = dryRun ? 'written' : await ports.rows.writeCompleted(backup);
    if (outcome === 'written') done.written.push({ projectId, backupId });
    else done.there += 1;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    done.omitted.push({ kind: 'refused', key, projectId, backupId, why: error.message });
    return [];
  }
  ports.progress({ projects: done.projects, backups: done.written.length + done.there });
  return [backup];
};

/** The project's own row, if it has none, and `ttl` and `lastSuccess` as its completed backups demand. */
const settle = async (
  ports: HistoryPorts,
  { dryRun }: RebuildOptions,
  done: Progress,
  completed: readonly Backup[],
): Promise<void> => {
  const newest = newestOf(completed);
  if (!newest) return;
  ports.signal.throwIfAborted();
  if (dryRun) {
    if (!(await ports.registry.get(newest.projectId))) done.registered += 1;
    return;
  }
  const registered = await ports.rows.registerMissing(projectOfBackup(newest));
  if (registered === 'written') done.registered += 1;
  await ports.history.settleRetention(newest.projectId);
};

const rebuildProject = async (
  ports: HistoryPorts,
  options: RebuildOptions,
  done: Progress,
  { projectId, stems }: Project,
): Promise<void> => {
  ports.signal.throwIfAborted();
  const rows = await ports.rows.backupsOf(projectId);
  const known = new Set(rows.map(({ id }) => id));
  const manifests = stems.filter(({ manifest }) => manifest);
  const unknown = manifests.filter(({ backupId }) => !known.has(backupId));
  const found = await inParallel(unknown, BACKUPS_AT_ONCE, (stem) =>
    candidateOf(ports, options, stem),
  );
  const candidates = lastAttempts(found.filter((one) => one !== undefined && 'backup' in one));
  const { wanted, expired } = sift(rows, candidates, ports.clock());
  const chosen = options.includeExpired ? candidates : wanted;

  done.projects += 1;
  done.manifests += manifests.length;
  done.there += new Set(manifests.flatMap(({ backupId: id }) => (known.has(id) ? [id] : []))).size;
  done.omitted.push(...found.filter((one) => one !== undefined && 'why' in one));
  if (!options.includeExpired) done.omitted.push(...expired.map(expiredOmission));
  const written = await inParallel(chosen, BACKUPS_AT_ONCE, (candidate) =>
    writeRow(ports, options, done, candidate),
  );
  const completed = rows.filter(({ status }) => status === 'completed');
  await settle(ports, options, done, [...completed, ...written.flat()]);
  ports.progress({ projects: done.projects, backups: done.written.length + done.there });
};

const expiredOmission = ({ backup, key }: Candidate): Omission => ({
  kind: 'expired',
  key,
  projectId: backup.projectId,
  backupId: backup.id,
  why: `it expired at ${backup.expiresAt}`,
});

/** A manifest under a key of no template: nothing says whose folder it lies in. */
const refuseForeign = async (ports: HistoryPorts, done: Progress, { key }: Held): Promise<void> => {
  if (!key.endsWith(VAULT.manifestExtension)) return;
  done.manifests += 1;
  for (const { projectId, backupId } of possibleOwners(key)) {
    const row = await ports.rows.get(projectId, backupId);
    if (!row?.fileId || !keysBeside(row.fileId).includes(key)) continue;
    done.there += 1;
    return;
  }
  const why = 'its key is none that the key template makes';
  done.omitted.push({ kind: 'refused', key, why });
};

/**
 * @throws AbortError's like: the reason of `signal`, once what was under way has ended
 * @throws UploadInterrupted, VaultRefused, and errors of AWS; running it again goes on where it stopped
 */
export const rebuildHistory = async (
  ports: HistoryPorts,
  scope: Scope,
  options: RebuildOptions,
): Promise<Rebuilt> => {
  const done: Progress = {
    manifests: 0,
    written: [],
    there: 0,
    registered: 0,
    projects: 0,
    omitted: [],
  };
  await eachInParallel(holdingsOf(ports.vault, scope), PROJECTS_AT_ONCE, (holding) =>
    holding.kind === 'project'
      ? rebuildProject(ports, options, done, holding)
      : refuseForeign(ports, done, holding.object),
  );
  return done;
};
