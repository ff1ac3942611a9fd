import type { Backup } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import { ERASED } from '../../core/erasure.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { keysBeside } from '../../core/keys.ts';
import { eachInParallel, inParallel } from '../../core/parallel.ts';
import {
  type Candidate,
  candidateOf,
  lastAttempts,
  type Omission,
  type RebuildOptions,
  sift,
} from './candidates.ts';
import { type Held, type Holding, holdingsOf, possibleOwners } from './holdings.ts';
import { BACKUPS_AT_ONCE, type HistoryPorts, PROJECTS_AT_ONCE, type Scope } from './ports.ts';
import { newestOf, projectOfBackup } from './row-of-manifest.ts';

/**
 * Writes the rows that the history lacks, from the manifests in the vault.
 *
 * Project by project: rows first, without `ttl`; then the project's own row; last the retention, which sets `ttl` on
 * all but the newest full backup. If it is interrupted, no row has a wrong `ttl`, and the next run resumes: it writes
 * the missing rows and applies the retention of every project again. An existing row is never changed, so a running
 * Larder is not disturbed, and backups that a person or retention has deleted stay deleted.
 */
export interface Rebuilt {
  readonly manifests: number;
  /** Rows written, or that a real run would write. */
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

type Project = Extract<Holding, { kind: 'project' }>;

/** Returns the backup if it has a row now. */
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

/** Writes the project's own row if it is missing, and sets `ttl` and `lastSuccess` from its completed backups. */
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
  if ((await ports.registry.get(projectId))?.status === ERASED) {
    done.manifests += stems.filter(({ manifest }) => manifest).length;
    const why = 'its project was erased';
    for (const { manifest: key, backupId } of stems)
      if (key) done.omitted.push({ kind: 'refused', key: key.key, projectId, backupId, why });
    return;
  }
  const rows = await ports.rows.backupsOf(projectId);
  const known = new Set(rows.map(({ id }) => id));
  const manifests = stems.filter(({ manifest }) => manifest);
  const unknown = manifests.filter(({ backupId }) => !known.has(backupId));
  const found = await inParallel(unknown, BACKUPS_AT_ONCE, (stem) =>
    candidateOf(ports, options, stem),
  );
  const candidates = lastAttempts(found.filter((one) => one !== undefined && 'backup' in one));
  const { chosen, expired } = sift(options, rows, candidates, ports.clock());

  done.projects += 1;
  done.manifests += manifests.length;
  done.there += new Set(manifests.flatMap(({ backupId: id }) => (known.has(id) ? [id] : []))).size;
  done.omitted.push(...found.filter((one) => one !== undefined && 'why' in one), ...expired);
  const written = await inParallel(chosen, BACKUPS_AT_ONCE, (candidate) =>
    writeRow(ports, options, done, candidate),
  );
  const completed = rows.filter(({ status }) => status === 'completed');
  await settle(ports, options, done, [...completed, ...written.flat()]);
  ports.progress({ projects: done.projects, backups: done.written.length + done.there });
};

/** A manifest under a key that fits no template: its folder does not show its project. */
const refuseForeign = async (ports: HistoryPorts, done: Progress, { key }: Held): Promise<void> => {
  if (!key.endsWith(VAULT.manifestExtension)) return;
  done.manifests += 1;
  for (const { projectId, backupId } of possibleOwners(key)) {
    const row = await ports.rows.get(projectId, backupId);
    if (!row?.fileId || !keysBeside(row.fileId).includes(key)) continue;
    done.there += 1;
    return;
  }
  const why = 'its key does not match the key template';
  done.omitted.push({ kind: 'refused', key, why });
};

/**
 * @throws the reason of `signal`, once running work has ended
 * @throws UploadInterrupted, VaultRefused, and errors of AWS; the next run resumes
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
