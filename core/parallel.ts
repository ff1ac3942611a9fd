/**
 * Does `work` for every item, at most `limit` at a time. The first error stops new work, and is thrown after the running work
 * has ended.
 */
export const inParallel = async <T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const failures: unknown[] = [];
  const lane = async () => {
    for (const [index, item] of queue) {
      if (failures.length) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length) throw failures[0];
  return results;
};

/**
 * The same for a stream of items: the next item is only requested when a lane is free, so a source of any
 * length needs no more memory than `limit` items.
 */
export const eachInParallel = async <T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const source = items[Symbol.asyncIterator]();
  const failures: unknown[] = [];
  const lane = async () => {
    try {
      while (!failures.length) {
        const next = await source.next();
        if (next.done) return;
        await work(next.value);
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (!failures.length) return;
  await source.return?.();
  throw failures[0];
};

/** Cuts a list into pieces of at most `size`. */
export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/**
 * Like Promise.all, but a failure is thrown only after every promise has ended. After a handler's end Lambda freezes its process, with
 * all that still goes on in it.
 */
export const allEnded = async <T extends readonly unknown[] | []>(promises: T) => {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
};
