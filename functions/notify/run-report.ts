import type { Backup } from '../../core/backup.ts';
import type { History } from '../../core/history-ports.ts';
import { inParallel } from '../../core/parallel.ts';
import type { Run } from '../../core/run.ts';
import type { Runs } from '../../core/run-ports.ts';

/** The facts of one backup in the mail of a run. Kept small: a run may have ten thousand. */
export type Ended = Pick<
  Backup,
  'id' | 'projectId' | 'projectName' | 'source' | 'status' | 'attempt'
> &
  Partial<
    Pick<
      Backup,
      'size' | 'rowCount' | 'durationMs' | 'completedAt' | 'warnings' | 'anomalyCount' | 'error'
    >
  >;

export interface RunReport {
  readonly run: Run;
  readonly completed: readonly Ended[];
  readonly failed: readonly Ended[];
  readonly cancelled: readonly Ended[];
  readonly skipped: readonly { readonly projectId: string; readonly why: string }[];
  /** Number of all skipped projects, listed or not. */
  readonly skippedCount: number;
  readonly planFailures: readonly { readonly source: string; readonly message: string }[];
}

const ROWS_AT_ONCE = 32;

const endedOf = (backup: Backup): Ended => ({
  id: backup.id,
  projectId: backup.projectId,
  projectName: backup.projectName,
  source: backup.source,
  status: backup.status,
  attempt: backup.attempt,
  ...(backup.size !== undefined && { size: backup.size }),
  ...(backup.rowCount !== undefined && { rowCount: backup.rowCount }),
  ...(backup.durationMs !== undefined && { durationMs: backup.durationMs }),
  ...(backup.completedAt && { completedAt: backup.completedAt }),
  ...(backup.warnings?.length && { warnings: backup.warnings }),
  ...(backup.anomalyCount && { anomalyCount: backup.anomalyCount }),
  ...(backup.error && { error: backup.error }),
});

/** A backup on the run's list whose row was never written. */
const neverRequested = (projectId: string, backupId: string): Ended => ({
  id: backupId,
  projectId,
  projectName: projectId,
  source: '',
  status: 'failed',
  attempt: 0,
  error: {
    name: 'NeverRequested',
    message:
      'Planning ended before it could request this backup. The next run includes the project again; request a backup to have one now.',
  },
});

/** Reads the result of everything that a finished run planned. */
export const reportOf = async (
  { history, runs }: { history: Pick<History, 'get'>; runs: Pick<Runs, 'planned'> },
  run: Run,
): Promise<RunReport> => {
  const planned = await runs.planned(run.id);
  const ended = await inParallel(planned, ROWS_AT_ONCE, async ({ projectId, backupId }) => {
    const row = await history.get(projectId, backupId);
    return row ? endedOf(row) : neverRequested(projectId, backupId);
  });
  const plannedIds = new Set(planned.map(({ projectId }) => projectId));
  const parts = Object.entries(run.parts);
  // One source may have listed for the first time a project that another source reports as unlisted.
  const skipped = parts
    .flatMap(([, part]) => part.skipped)
    .filter(({ projectId }) => !plannedIds.has(projectId));
  const listed = parts.reduce((sum, [, part]) => sum + part.skipped.length, 0);
  const counted = parts.reduce((sum, [, part]) => sum + part.skippedCount, 0);
  return {
    run,
    // Retention may have removed a backup before its run was mailed; it was completed nevertheless.
    completed: ended.filter(({ status }) => status === 'completed' || status === 'deleted'),
    failed: ended.filter(({ status }) => status === 'failed'),
    cancelled: ended.filter(({ status }) => status === 'cancelled'),
    skipped,
    skippedCount: counted - listed + skipped.length,
    planFailures: parts.flatMap(([source, { error }]) =>
      error ? [{ source, message: error.message }] : [],
    ),
  };
};

/**
 * Whether a person must do something: such a run is mailed even if successes are not. A backup that lacks content of the previous one
 * counts; warnings that a schema causes every night do not.
 */
export const needsAttention = ({
  completed,
  failed,
  skippedCount,
  planFailures,
}: RunReport): boolean =>
  failed.length > 0 ||
  skippedCount > 0 ||
  planFailures.length > 0 ||
  completed.some(({ anomalyCount }) => anomalyCount !== undefined);
