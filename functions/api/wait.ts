import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { LeasedWork } from '../../core/leased-work/work.ts';

/**
 * `?wait=25`: the answer comes at the next change of what is read, at once if nothing will change any more, and after so many seconds in
 * any case. API Gateway gives up after 29 s. The row is read every second, which costs 25 reads at most. docs/api.md says
 * what waiting costs.
 */
const MOST_SECONDS = 25;
const EVERY_MS = 1000;

export const wait = z
  .string()
  .regex(/^([1-9]|1\d|2[0-5])$/, `give a whole number of seconds from 1 to ${MOST_SECONDS}`)
  .transform(Number);

export interface Waiting<T> {
  readonly read: () => Promise<T>;
  readonly isFinal: (one: T) => boolean;
  /** Equal as long as nothing has changed. */
  readonly stateOf: (one: T) => string;
  /** Absent: do not wait. */
  readonly seconds: number | undefined;
}

export const atNextChange = async <T>({
  read,
  isFinal,
  stateOf,
  seconds = 0,
}: Waiting<T>): Promise<T> => {
  const until = performance.now() + seconds * 1000;
  let one = await read();
  const before = stateOf(one);
  for (;;) {
    const left = until - performance.now();
    if (left <= 0 || isFinal(one) || stateOf(one) !== before) return one;
    await sleep(Math.min(EVERY_MS, left));
    one = await read();
  }
};

type Work = Pick<LeasedWork, 'status' | 'attempt' | 'retryAt' | 'cancelRequested' | 'error'> & {
  readonly validation?: string;
  readonly progress?: unknown;
};

/** The members whose changes end a wait: not the lease, which every heartbeat renews. */
export const workState = (work: Work): string => {
  const { status, attempt, retryAt, cancelRequested, error, validation, progress } = work;
  return JSON.stringify([status, attempt, retryAt, cancelRequested, error, validation, progress]);
};
