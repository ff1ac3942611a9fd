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
  if (!client.pipeline) {
    const values: unknown[] = [];
    for (const read of reads) values.push(await read());
    return values as unknown as T;
  }
  const outcomes = await Promise.allSettled(reads.map((read) => read()));
  const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (errors.length) throw errors.find((error) => !isFollowing(error)) ?? errors[0];
  return outcomes.map((one) =>
    one.status === 'fulfilled' ? one.value : undefined,
  ) as unknown as T;
};
