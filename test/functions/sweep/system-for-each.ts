import { beforeAll, beforeEach } from 'vitest';
import { type Queues, startQueues } from '../../support/queues.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { startVaults, type Vaults } from '../../support/vaults.ts';
import { newSystem, type System } from './sweeping.ts';

/** What the tests of a file share. */
export interface Emulators {
  readonly tables: Tables;
  readonly queues: Queues;
  readonly vaults: Vaults;
}

/** Gives each test of a file its own system. */
export const systemForEach = (take: (it: System, emulators: Emulators) => void): void => {
  let emulators: Emulators;
  beforeAll(async () => {
    const tables = await startTables();
    const queues = await startQueues();
    const vaults = await startVaults();
    emulators = { tables, queues, vaults };
    return async () => {
      await queues.stop();
      await vaults.stop();
      await tables.stop();
    };
  });
  beforeEach(async () => {
    const { tables, queues, vaults } = emulators;
    take(await newSystem(tables, queues, vaults), emulators);
  });
};
