import { isFinal, type LeasedWork, type WORK_STATUSES } from './leased-work/work.ts';

/** Leased work on a backup: a restore or a verification. */
export interface Job extends LeasedWork {
  readonly backupId: string;
  readonly status: (typeof WORK_STATUSES)[number];
}

/** True for what may be gone at any moment, though its row may still be there: no reader is given it any more. */
export const hasLapsed = (
  { status, expiresAt }: Pick<Job, 'status' | 'expiresAt'>,
  now: number,
): boolean => isFinal(status) && Date.parse(expiresAt) <= now;
