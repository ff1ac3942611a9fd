import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endStart, processesOf, removeFolder, type Started, start } from './start.ts';

/** A place for starts of one test file: their data folder, and a parent of all their temporary folders to know them by. */
export interface Room {
  readonly folder: string;
  readonly dataDir: string;
  begin(args: readonly string[], environment?: Readonly<Record<string, string>>): Started;
  /** What is left after a grace period: processes that know this room, and temporary folders. */
  leftBehind(): Promise<string[]>;
  endAll(): Promise<void>;
  close(): Promise<void>;
}

/** The machine may be busy. Milliseconds. */
export const PATIENCE = 180_000;

export const openRoom = async (): Promise<Room> => {
  const folder = await mkdtemp('/var/tmp/larder-e2e-');
  // The embedded server runs as another user, which must be able to enter.
  await chmod(folder, 0o755);
  const dataDir = path.join(folder, 'data');
  const starts: Started[] = [];
  const look = async (): Promise<string[]> => {
    const temporary = (await readdir(folder)).filter((name) => name !== 'data');
    return [...(await processesOf(folder)), ...temporary];
  };
  return {
    folder,
    dataDir,
    begin: (args, environment = {}) => {
      const started = start(['--data-dir', dataDir, ...args], { TMPDIR: folder, ...environment });
      starts.push(started);
      return started;
    },
    leftBehind: async () => {
      for (let tries = 0; tries < 100 && (await look()).length > 0; tries += 1) await wait(100);
      return look();
    },
    endAll: async () => {
      for (const started of starts.splice(0)) await endStart(started);
    },
    close: () => removeFolder(folder),
  };
};
