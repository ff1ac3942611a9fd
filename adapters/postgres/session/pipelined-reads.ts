import type pg from 'pg';

/** Of every statement behind the one that failed in its transaction: it says nothing of its own. */
const IN_FAILED_TRANSACTION = '25P02';

const isFollowing = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === IN_FAILED_TRANSACTION;

/**
 * Reads of one session whose answers do not hang on each other. A session that was opened as `pipelined` sends them all before it waits: its
 * server still answers one after the other, but the network is crossed once. Any other session does one at a time.
 *
 * @throws what the first one failed with that did not merely fail because another had; all have ended then
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
