import { type Backup, iso, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { backupIdOf } from '../../core/ids.ts';
import { newBackup } from '../../core/new-backup.ts';
import { inParallel } from '../../core/parallel.ts';
import type { Project } from '../../core/project.ts';
import { keptForDays, retentionAtRequest } from '../../core/retention/at-request.ts';
import { isManual, type Run, scheduleLabel } from '../../core/run.ts';
import type { PlannedBackup } from '../../core/run-ports.ts';
import type { PlanPorts, PlanSettings } from './ports.ts';

const WRITES_AT_ONCE = 32;

export interface PlanList {
  readonly run: Run;
  readonly chosen: readonly Project[];
  /** Backups of this run that have a pending row: they only need a message. */
  readonly waiting: ReadonlySet<string>;
}

/** The row of a run's backup. It is the same each time it is planned, except for the time it was queued. */
const rowOf = (
  { environment, exportDefaults, retention }: PlanSettings,
  run: Run,
  project: Project,
  source: string,
  planned: PlannedBackup & { readonly chunk: string },
  now: number,
): Backup => {
  const manual = isManual(run.schedule);
  const { format = exportDefaults.format } = run;
  const dueAt = millis(run.scheduledAt);
  // The configured compression is for the configured format.
  const { compression } = format === exportDefaults.format ? exportDefaults : {};
  return newBackup(project, {
    id: planned.backupId,
    source,
    environment,
    name: manual ? 'Manual run' : `Schedule ${scheduleLabel(run.schedule)}`,
    trigger: manual ? 'manual' : 'scheduled',
    format,
    ...(compression && { compression }),
    createdAt: run.scheduledAt,
    ...(run.retentionDays === undefined
      ? retentionAtRequest(retention, run.retentionClass, dueAt)
      : { ...keptForDays(run.retentionDays, dueAt), retentionClass: run.retentionClass }),
    runId: run.id,
    runChunk: planned.chunk,
    queuedAt: iso(now),
  });
};

const firstOf = <T>(items: Iterable<T>, count: number): T[] => {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === count) break;
    first.push(item);
  }
  return first;
};

/**
 * Writes the list of backups that one source plans for a run, and each backup's row and message.
 *
 * The list is a chain of chunks, each written once, and an empty chunk ends it. An attempt may find a chunk already written:
 * by an attempt that died, or by a concurrent one that may have seen another listing. It then uses that chunk
 * unchanged and appends only projects that are not in it. So all attempts work on the same list: no
 * project is in it twice, and an attempt that died leaves none out.
 *
 * Rows are written after their chunk, because a run waits for the backups in its chunks: otherwise a backup could end unnoticed.
 */
export const planList = async (
  ports: PlanPorts,
  settings: PlanSettings,
  { run, chosen, waiting }: PlanList,
): Promise<number> => {
  const { runs, source, log } = ports;
  const projects = new Map(chosen.map((project) => [project.id, project]));
  const left = new Set(projects.keys());
  let planned = 0;
  for (let index = 0; ; index += 1) {
    const mine = firstOf(left, settings.chunkSize ?? TABLE.runChunk).map((projectId) => ({
      projectId,
      backupId: backupIdOf(run.id, run.scheduledAt, projectId),
    }));
    const chunk = await runs.noteChunk(run.id, source.name, index, mine);
    if (chunk.length === 0) break;
    for (const { projectId } of chunk) left.delete(projectId);
    await request(ports, settings, run, projects, waiting, `${source.name}#${index}`, chunk);
    planned += chunk.length;
  }
  if (left.size) log.warn('projects were listed after the list was closed', { left: left.size });
  return planned;
};

/** Ensures that each backup of a chunk has a row, and a message if it is pending. */
const request = async (
  ports: PlanPorts,
  settings: PlanSettings,
  run: Run,
  projects: ReadonlyMap<string, Project>,
  waiting: ReadonlySet<string>,
  chunk: string,
  planned: readonly PlannedBackup[],
): Promise<void> => {
  const { history, registry, queue, source, clock, log } = ports;
  const isWaiting = async ({ projectId, backupId }: PlannedBackup): Promise<boolean> => {
    if (waiting.has(backupId)) return true;
    // An attempt that died may have listed a project that is gone now: the registry still has it.
    const project = projects.get(projectId) ?? (await registry.get(projectId));
    if (!project) {
      log.warn('a planned project is no longer in the registry', { projectId, backupId });
      return false;
    }
    const place = { projectId, backupId, chunk };
    const row = rowOf(settings, run, project, source.name, place, clock());
    if ((await history.create(row)) === 'created') return true;
    return (await history.get(projectId, backupId))?.status === 'pending';
  };
  const messages = await inParallel(planned, WRITES_AT_ONCE, async (backup) =>
    (await isWaiting(backup)) ? [{ projectId: backup.projectId, id: backup.backupId }] : [],
  );
  const unsent = await queue.send(messages.flat());
  // Their rows are pending, and sweep sends a message for each row that has waited too long.
  if (unsent.length)
    log.warn('the queue did not accept some requests', { runId: run.id, unsent: unsent.length });
};
