import type { Failure } from './backup.ts';

/**
 * Work that is asked for beside backups and done in the background: a restore or a verification. It is a row below its
 * project, claimed, leased, retried and ended by the same rules as a backup's. Times are ISO 8601 in UTC.
 */
export const JOB_STATUSES = ['pending', 'in-progress', 'completed', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export interface Job {
  /** UUIDv7. */
  readonly id: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly backupId: string;
  /** The source that it is done on; for a verification, which reaches none, the backup's. */
  readonly source: string;
  readonly environment: string;
  readonly status: JobStatus;
  /** Attempts claimed so far, 0 before the first. */
  readonly attempt: number;
  readonly createdAt: string;
  /** When its message was last sent to the queue. */
  readonly queuedAt: string;
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly durationMs?: number;
  /** Until when the attempt that works on it holds it. */
  readonly leaseUntil?: string;
  readonly retryAt?: string;
  readonly cancelRequested?: boolean;
  readonly error?: Failure;
  /** When its end was reported, or needed no report. */
  readonly toldAt?: string;
  /** When its record may go. */
  readonly expiresAt: string;
}

/** True once nothing will change how it ended. */
export const isEnded = (status: JobStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';

/** True for what may be gone at any moment, though its row may still be there: no reader is given it any more. */
export const hasLapsed = (
  { status, expiresAt }: Pick<Job, 'status' | 'expiresAt'>,
  now: number,
): boolean => isEnded(status) && Date.parse(expiresAt) <= now;
