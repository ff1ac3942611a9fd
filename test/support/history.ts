import { beforeAll, beforeEach } from 'vitest';
import { newHistory, type TestHistory } from './backups.ts';
import { startTables, type Tables } from './tables.ts';

/** Gives each test of a file its own history, on an emulator that all tests of the file share. */
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
