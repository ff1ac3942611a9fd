import { setTimeout as wait } from 'node:timers/promises';
import { backupIdOf } from '../../core/ids.ts';
import type { ApiClient, ShownBackup, ShownRun } from './api-client.ts';

/** A finished run, with the outcome of each of its backups. */
export interface FinishedRun {
  readonly run: ShownRun;
  readonly backups: readonly ShownBackup[];
}

export interface FollowOptions {
  readonly api: ApiClient;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly everyMs: number;
  readonly onRunning: (running: readonly ShownBackup[], run: ShownRun | undefined) => void;
}

/** Time for the mail, after the last backup: the outcome passes through a queue. */
const MAIL_MS = 15_000;

const isOver = ({ sources, parts, counts }: ShownRun): boolean =>
  sources.every((source) => source in parts) &&
  (counts === undefined || counts.pending + counts['in-progress'] === 0);

/** Watches a run through the API until all of it is final. @throws AbortError if the signal aborts */
export const followRun = async (options: FollowOptions): Promise<FinishedRun> => {
  const { api, runId, signal, everyMs } = options;
  let over = 0;
  for (;;) {
    signal.throwIfAborted();
    const run = await api.run(runId);
    options.onRunning(await api.running(), run);
    if (run && isOver(run)) {
      over ||= Date.now();
      if (run.mailedAt || Date.now() > over + MAIL_MS) {
        return { run, backups: await backupsOf(api, run) };
      }
    }
    await wait(everyMs, undefined, { signal });
  }
};

/** Ids of a run's backups are derived from the run and the project, so they need no search. */
const backupsOf = async (api: ApiClient, run: ShownRun): Promise<ShownBackup[]> => {
  const backups: ShownBackup[] = [];
  for (const { id: projectId, status } of await api.projects()) {
    if (status !== 'ACTIVE') continue;
    const found = await api.backup(projectId, backupIdOf(run.id, run.scheduledAt, projectId));
    if (found) backups.push(found);
  }
  return backups;
};

/** Whether every project that should be backed up was. */
export const allCompleted = ({ run, backups }: FinishedRun): boolean =>
  backups.length > 0 &&
  backups.length === run.counts?.planned &&
  backups.every(({ status }) => status === 'completed') &&
  Object.values(run.parts).every(({ skippedCount, error }) => skippedCount === 0 && !error);
