import { TIMES } from '../../core/contract.ts';
import { DAY, HOUR, MINUTE } from './step.ts';

const SWEEP = TIMES.sweepEveryMinutes * MINUTE;

/**
 * Whether this sweep tries something again that has waited for some time: every sweep does in the first
 * hour, then hourly, from the second day on daily. If no mail can be sent for days (for example because the mail service is
 * down), 10,000 outcomes must not be sent again every five minutes.
 *
 * @param waited milliseconds
 * @param every least number of milliseconds between two tries
 */
export const isDue = (waited: number, every = SWEEP): boolean => {
  const pause = Math.max(every, waited < HOUR ? SWEEP : waited < DAY ? HOUR : DAY);
  return Math.floor(waited / pause) !== Math.floor((waited - SWEEP) / pause);
};
