import { failureFacts } from '../../core/errors/base.ts';
import { inParallel } from '../../core/parallel.ts';
import type { Log } from '../../core/ports.ts';
import type { DeadLetterQueue, ReceivedLetter } from '../../core/queue-ports.ts';

/** Queues asked at once. */
const QUEUES_AT_ONCE = 16;

export interface QueueReading<Q extends { readonly queue: DeadLetterQueue }> {
  readonly queues: readonly Q[];
  /** Answers false if the letter must be received again. */
  readonly handle: (letter: ReceivedLetter, queue: Q) => Promise<boolean>;
  /** False once the invocation is near its end: the next one reads on. */
  readonly hasTime: () => boolean;
  readonly log: Log;
}

export interface ReadReport {
  /** Letters that were handled and removed. */
  readonly handled: number;
  /** Letters that are received again once their queue shows them again. */
  readonly again: number;
  /** Errors of queues that could not be read, or that kept a handled letter. */
  readonly failures: readonly unknown[];
}

/**
 * Reads all queues until they are empty. Each round reads one batch of every queue that had letters in the round before, so a queue with
 * thousands of letters does not keep the others waiting. A queue that fails does not stop the others.
 */
export const readQueues = async <Q extends { readonly queue: DeadLetterQueue }>({
  queues,
  handle,
  hasTime,
  log,
}: QueueReading<Q>): Promise<ReadReport> => {
  let handled = 0;
  let again = 0;
  const failures: unknown[] = [];

  /** @returns true if the queue may have more */
  const readBatch = async (one: Q): Promise<boolean> => {
    if (!hasTime()) return false;
    const letters = await one.queue.receive();
    const ends = await inParallel(letters, letters.length, (letter) => handle(letter, one));
    const done = letters.filter((_, index) => ends[index]);
    again += letters.length - done.length;
    await one.queue.remove(done);
    handled += done.length;
    return letters.length > 0;
  };

  let left = queues;
  while (left.length > 0 && hasTime()) {
    const more = await inParallel(left, QUEUES_AT_ONCE, async (one) => {
      try {
        return await readBatch(one);
      } catch (error) {
        log.error('a dead-letter queue could not be read', failureFacts(error));
        failures.push(error);
        return false;
      }
    });
    left = left.filter((_, index) => more[index]);
  }
  return { handled, again, failures };
};
