import type pg from 'pg';

/** The error of each statement after the failed one in its transaction: it has no information of its own. */
const IN_FAILED_TRANSACTION = '25P02';

const isFollowing = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === IN_FAILED_TRANSACTION;

/**
 * Independent reads of one session. A session that was opened as `pipelined` sends all of them before it waits: its server still answers
 * one after the other, but with one network round trip. Any other session runs them one at a time.
 *
 * @throws the first error that is not merely a consequence of another one, after all reads have ended
 */
export const atOnce = async <T extends readonly unknown[]>(
  client: pg.Client,
  ...reads: { readonly [K in keyof T]: () => Promise<T[K]> }
): Promise<T> => {
  const running: Promise<T[number]>[] = [];
  for (const read of reads) {
    const one = read();
    running.push(one);
    if (!client.pipeline) await one;
  }
  const outcomes = await Promise.allSettled(running);
  const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (errors.length) throw errors.find((error) => !isFollowing(error)) ?? errors[0];
  const values: readonly T[number][] = await Promise.all(running);
  return values as T;
};
