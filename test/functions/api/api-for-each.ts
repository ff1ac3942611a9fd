import { beforeAll, beforeEach } from 'vitest';
import { type Queues, startQueues } from '../../support/queues.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { startApi, type TestApi } from './calling.ts';

/** What the tests of a file share. */
export interface Emulators {
  readonly tables: Tables;
  readonly queues: Queues;
}

/** Gives each test of a file its own API. */
export const apiForEach = (take: (api: TestApi, emulators: Emulators) => void): void => {
  let emulators: Emulators;
  beforeAll(async () => {
    const [tables, queues] = await Promise.all([startTables(), startQueues()]);
    emulators = { tables, queues };
    return async () => {
      await tables.stop();
      await queues.stop();
    };
  });
  beforeEach(async () => {
    const api = await startApi(emulators);
    take(api, emulators);
    return api.stop;
  });
};
