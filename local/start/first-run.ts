import { runIdOf } from '../../core/ids.ts';
import { printable } from '../../core/printable.ts';
import type { LocalStack } from '../stack.ts';
import { scheduledTime } from '../triggers/scheduler.ts';
import { makeApiClient } from './api-client.ts';
import { allCompleted, followRun } from './follow.ts';
import type { Progress } from './progress.ts';
import type { Result } from './report.ts';
import { isVerified, verifyBackups } from './verify.ts';
import { countText } from './words.ts';

const EVERY_MS = 500;

export interface FirstRunOptions {
  readonly stack: LocalStack;
  /** Schedules of the configuration, by name. */
  readonly schedule: string;
  /** Its backups are verified after it has ended. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Fires the nightly schedule now, on the same path as at its due time. */
export const firstRun = async (options: FirstRunOptions): Promise<Result> => {
  const { stack, schedule, signal, progress } = options;
  const earlier = await stack.storedBackups();
  if (earlier > 0) {
    progress.line(
      `The vault has ${countText(earlier)} backups of earlier starts; the API lists them.`,
    );
  }
  const at = new Date(Math.floor(Date.now() / 1000) * 1000);
  await stack.fireSchedule(schedule, at);
  progress.line(`The schedule ${schedule} is fired for ${scheduledTime(at)}.`);
  const api = makeApiClient(stack.apiUrl, stack.apiToken);
  const finished = await followRun({
    api,
    runId: runIdOf(schedule, scheduledTime(at)),
    signal,
    everyMs: EVERY_MS,
    onRunning: progress.running,
  });
  progress.settle();
  if (!options.verify) return finished;
  progress.line('Each backup is now restored into a scratch server of its own and compared.');
  const { backups } = finished;
  const verified = await verifyBackups({
    api,
    backups,
    signal,
    everyMs: EVERY_MS,
    onEnded: (one) =>
      progress.line(
        `  ${printable(one.backup.projectId)}: ${isVerified(one) ? 'verified' : 'not verified'}`,
      ),
  });
  return { ...finished, verified };
};

/** Whether every project was backed up and, if requested, verified. */
export const isGood = (result: Result): boolean =>
  allCompleted(result) && (result.verified ?? []).every(isVerified);
