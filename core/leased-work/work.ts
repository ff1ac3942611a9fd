/**
 * A backup, a restore or a verification: work that one worker at a time does under a lease. All three are rows of the history
 * with the same life cycle: `pending` until a worker claims the row, `in-progress` while its lease runs, then final. Times are
 * ISO 8601 in UTC with milliseconds, durations milliseconds.
 */
export const WORK_STATUSES = [
  'pending',
  'in-progress',
  'completed',
  'failed',
  'cancelled',
] as const;
/** Only retention makes a row `deleted`. */
export type WorkStatus = (typeof WORK_STATUSES)[number] | 'deleted';

export type WorkName = 'backup' | 'restore' | 'verification';

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Names one row among those of its kind. */
export interface WorkRef {
  readonly projectId: string;
  /** UUIDv7. */
  readonly id: string;
}

export interface LeasedWork extends WorkRef {
  readonly projectName: string;
  /** The source that it works on; for a verification, which connects to no source, the backup's source. */
  readonly source: string;
  readonly environment: string;
  readonly status: WorkStatus;
  /** Attempts claimed so far, 0 before the first. */
  readonly attempt: number;
  readonly createdAt: string;
  /** When its message was last sent to the queue. */
  readonly queuedAt: string;
  readonly startedAt?: string;
  /** When it ended; also set for failed and cancelled work. */
  readonly completedAt?: string;
  readonly durationMs?: number;
  /** End of the current attempt's lease. */
  readonly leaseUntil?: string;
  /** Earliest time of a retry. */
  readonly retryAt?: string;
  readonly cancelRequested?: boolean;
  readonly error?: Failure;
  /** When its end was notified, or needed no notification. */
  readonly toldAt?: string;
  /** When its record may be removed. */
  readonly expiresAt: string;
}

const FINAL: readonly WorkStatus[] = ['completed', 'failed', 'cancelled', 'deleted'];
/** True if the outcome cannot change any more. */
export const isFinal = (status: WorkStatus): boolean => FINAL.includes(status);
