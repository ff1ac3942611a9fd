import { beforeAll, beforeEach } from 'vitest';
import { newHistory, type TestHistory } from './backups.ts';
import { startTables, type Tables } from './tables.ts';

/** Gives each test of a file a history of its own, on an emulator that all of them share. */
export const historyForEach = (take: (it: TestHistory, tables: Tables) => void): void => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await startTables();
    return () => tables.stop();
  });
  beforeEach(async () => {
    take(await newHistory(tables), tables);
  });
};
