import type { Eraser, Erasures } from '../../core/erasure-ports.ts';
import type { History } from '../../core/history-ports.ts';
import type { Restores, Validations, Verifications } from '../../core/job-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { Firings, Runs } from '../../core/run-ports.ts';
import type { WatchedSchedule } from '../../core/settings.ts';
import type { SourceFunctions } from '../../core/source-ports.ts';
import type { Vault, VaultRounds } from '../../core/vault-ports.ts';

export interface SweepPorts {
  readonly history: Pick<History, 'get' | 'open' | 'requeue' | 'failAbandoned' | 'settleRetention'>;
  readonly runs: Pick<Runs, 'unfinished' | 'unsettled' | 'settle' | 'tally' | 'endPart'>;
  /** The enabled schedules of the configuration. */
  readonly schedules: readonly WatchedSchedule[];
  readonly firings: Firings;
  readonly rounds: VaultRounds;
  readonly vault: Pick<Vault, 'list' | 'uploads' | 'abortUpload' | 'remove'>;
  readonly outcomes: Outcomes;
  readonly functions: Pick<SourceFunctions, 'startPlan'>;
  /** The exports queue of each configured source. */
  readonly queues: ReadonlyMap<string, Pick<WorkQueue, 'send' | 'depth'>>;
  readonly restores: Pick<Restores, 'get' | 'open' | 'requeue' | 'failAbandoned'>;
  /** The restores queue of each source that accepts restores. */
  readonly restoreQueues: ReadonlyMap<string, Pick<WorkQueue, 'send' | 'depth'>>;
  readonly verifications: Pick<Verifications, 'get' | 'open' | 'requeue' | 'failAbandoned'>;
  readonly verificationQueue: Pick<WorkQueue, 'send' | 'depth'>;
  readonly validations: Validations;
  readonly erasures: Pick<Erasures, 'open' | 'get'>;
  readonly eraser: Eraser;
  readonly keyTemplate: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What sweep counts; all but `runsMissing`, `erasuresStarted`, `strays` and `unknownObjects` are repairs. */
export type Counted =
  | 'requestsSentAgain'
  | 'backupsGivenUp'
  | 'jobsGivenUp'
  | 'outcomesSentAgain'
  | 'plansStarted'
  | 'partsGivenUp'
  | 'backupsSettled'
  | 'runsMissing'
  | 'uploadsAborted'
  | 'objectsRemoved'
  | 'erasuresStarted'
  | 'strays'
  | 'unknownObjects';
export type Counts = Partial<Record<Counted, number>>;

export interface Step {
  /** Milliseconds since the epoch, the same for all of a step. */
  readonly now: number;
  /** False once this step's share of the invocation is used up; the next sweep does the rest. */
  readonly hasTime: () => boolean;
  readonly count: (what: Counted) => void;
  /** Does one piece of work. A failure is reported at the end and does not block the others. */
  readonly attempt: (work: () => Promise<void>) => Promise<void>;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Splits a long list into portions, so that some items can be worked on at the same time and the whole list is never in memory. */
export async function* portionsOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let portion: T[] = [];
  for await (const item of items) {
    portion.push(item);
    if (portion.length < size) continue;
    yield portion;
    portion = [];
  }
  if (portion.length) yield portion;
}
