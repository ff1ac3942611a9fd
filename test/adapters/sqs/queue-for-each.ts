import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Queues, startQueues } from '../../support/queues.ts';

/** A FIFO queue as the stack creates it for a worker. */
export interface Queue {
  readonly queues: Queues;
  readonly url: string;
  readonly name: string;
}

/** Gives each test of a file its own queue, on an emulator that all of them share. */
export const queueForEach = (take: (queue: Queue) => void): void => {
  let queues: Queues;
  let made = 0;
  beforeAll(async () => {
    queues = await startQueues();
  });
  afterAll(() => queues.stop());
  beforeEach(() => {
    made += 1;
    const name = `work-${made}.fifo`;
    take({ queues, name, url: queues.newQueue(name, { VisibilityTimeout: '960' }) });
  });
};
