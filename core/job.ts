import { isFinal, type LeasedWork, type WORK_STATUSES } from './leased-work/work.ts';

/** Leased work on a backup: a restore or a verification. */
export interface Job extends LeasedWork {
  readonly backupId: string;
  readonly status: (typeof WORK_STATUSES)[number];
}

/** True if the job may be removed at any moment, even if its row still exists: no reader gets it any more. */
export const hasLapsed = (
  { status, expiresAt }: Pick<Job, 'status' | 'expiresAt'>,
  now: number,
): boolean => isFinal(status) && Date.parse(expiresAt) <= now;
