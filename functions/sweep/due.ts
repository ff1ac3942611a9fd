import { TIMES } from '../../core/contract.ts';
import { DAY, HOUR, MINUTE } from './step.ts';

const SWEEP = TIMES.sweepEveryMinutes * MINUTE;

/**
 * Whether something that has been waiting for so long is to be tried again by this sweep: by each one in the first
 * hour, then hourly, from the second day on daily. Where nobody can be told for days (the mail service is
 * down, say), 10,000 outcomes must not be sent anew every five minutes.
 *
 * @param waited milliseconds
 * @param every at least so many milliseconds between two tries
 */
export const isDue = (waited: number, every = SWEEP): boolean => {
  const pause = Math.max(every, waited < HOUR ? SWEEP : waited < DAY ? HOUR : DAY);
  return Math.floor(waited / pause) !== Math.floor((waited - SWEEP) / pause);
};
