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
  /** The exports queue of each source that the configuration has. */
  readonly queues: ReadonlyMap<string, Pick<WorkQueue, 'send' | 'depth'>>;
  readonly restores: Pick<Restores, 'get' | 'open' | 'requeue' | 'failAbandoned'>;
  /** Of each source that takes restores. */
  readonly restoreQueues: ReadonlyMap<string, Pick<WorkQueue, 'send' | 'depth'>>;
  readonly verifications: Pick<Verifications, 'get' | 'open' | 'requeue' | 'failAbandoned'>;
  readonly verificationQueue: Pick<WorkQueue, 'send' | 'depth'>;
  readonly validations: Validations;
  readonly keyTemplate: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What sweep counts; all but `runsMissing`, `strays` and `unknownObjects` are repairs. */
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
  | 'strays'
  | 'unknownObjects';
export type Counts = Partial<Record<Counted, number>>;

export interface Step {
  /** Milliseconds since the epoch, the same for all of a step. */
  readonly now: number;
  /** False once this step's share of the invocation is used up; what is left is for the next one. */
  readonly hasTime: () => boolean;
  readonly count: (what: Counted) => void;
  /** Does one piece of work; its failure is kept for the end and holds up none of the others. */
  readonly attempt: (work: () => Promise<void>) => Promise<void>;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The items of a long list in portions, so that some can be worked on at once and none of the list is kept. */
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
