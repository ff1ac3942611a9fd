import type { Status } from './backup.ts';
import type { Page } from './ports.ts';
import type { Run, RunPart } from './run.ts';

export interface Runs {
  /** Writes the run's row unless it exists, and notes the firing of its schedule; returns the row in the table. */
  begin(run: Run): Promise<{ readonly run: Run; readonly created: boolean }>;
  get(runId: string): Promise<Run | undefined>;
  /** Newest first. @throws InvalidInput for a cursor that is not of this list */
  list(query: { readonly limit: number; readonly cursor?: string }): Promise<Page<Run>>;
  /** Runs that have no `mailedAt` yet. */
  unfinished(): AsyncIterable<Run>;
  /**
   * Notes backups as planned and not final yet: chunk `index` of `source`, written once. Returns the backups in the
   * chunk: the given ones, or those that an earlier or a concurrent planning of this run wrote there. An
   * empty chunk is written too: it ends a source's list.
   */
  noteChunk(
    runId: string,
    source: string,
    index: number,
    backups: readonly PlannedBackup[],
  ): Promise<readonly PlannedBackup[]>;
  /** Writes one source's part, once. */
  endPart(runId: string, source: string, part: RunPart): Promise<void>;
  /** Takes a final backup out of its chunk and counts it there by its status. Idempotent. */
  settle(runId: string, chunk: string, backupId: string, status: Status): Promise<void>;
  /** Progress of a run, from its chunks alone. */
  tally(runId: string): Promise<RunTally>;
  /** Everything the run planned that is not settled yet. */
  unsettled(runId: string): Promise<readonly (PlannedBackup & { readonly chunk: string })[]>;
  /** All backups the run planned. */
  planned(runId: string): Promise<readonly PlannedBackup[]>;
  /** Marks the run finished and claims the right to mail it, for `seconds`; 'taken' if another has it or it was mailed. */
  claimMail(runId: string, seconds: number): Promise<'claimed' | 'taken'>;
  mailed(runId: string): Promise<void>;
}

/** A schedule as sweep has found it. */
export interface KnownSchedule {
  readonly name: string;
  /** Expression and time zone. */
  readonly definition: string;
  /** When a sweep first found this definition, ISO 8601. */
  readonly since: string;
}

/** What is known of the firings of schedules. */
export interface Firings {
  /** Due time of the newest run that a schedule has begun, ISO 8601; undefined if it has begun none. */
  last(schedule: string): Promise<string | undefined>;
  /** The schedules of the last sweep; none before the first one. */
  known(): Promise<readonly KnownSchedule[]>;
  /** Replaces all of them. */
  keep(schedules: readonly KnownSchedule[]): Promise<void>;
}

export interface PlannedBackup {
  readonly projectId: string;
  readonly backupId: string;
}

export interface RunTally {
  readonly planned: number;
  /** Planned and not settled. */
  readonly open: number;
  /** Number of settled ones, by final status. */
  readonly ended: Readonly<Partial<Record<Status, number>>>;
}
