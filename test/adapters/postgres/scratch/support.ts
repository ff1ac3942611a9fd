import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ScratchOptions,
  type ScratchServer,
  startScratch,
} from '../../../../adapters/postgres/scratch/server/server.ts';
import type { Log } from '../../../../core/ports.ts';
import { ensureLayer } from '../../../../layers/postgres/ensure.ts';

export const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The server layer's folder of programs. */
export const serverRoot = async (major = 18, extensions: readonly string[] = []) =>
  path.join(
    (await ensureLayer({ layer: 'server', majors: [major], extensions })).directory,
    'postgres',
  );

export interface Place {
  readonly folder: string;
  start(options?: Partial<ScratchOptions>): Promise<ScratchServer>;
  /** Ends what was started and still runs, and removes the folder. */
  clear(): Promise<void>;
}

/** A temporary folder for a test, with a path short enough for sockets, that every user may enter. */
export const makePlace = async (): Promise<Place> => {
  const folder = mkdtempSync('/tmp/larder-t-');
  chmodSync(folder, 0o1777);
  const root = await serverRoot();
  const started: ScratchServer[] = [];
  return {
    folder,
    start: async (options = {}) => {
      const server = await startScratch({
        programRoots: [root],
        temporaryFolder: folder,
        backupMajor: 18,
        locale: { encoding: 'UTF8', collation: 'C.UTF-8' },
        log: SILENT,
        ...options,
      });
      started.push(server);
      return server;
    },
    clear: async () => {
      for (const server of started) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Asks until it holds; fails after half a minute. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error('it did not come true within 30 s');
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The shell that watches over a server; NaN if there is none. */
export const watchdogOf = (server: number): number => {
  const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  const line = all.split('\n').find((one) => one.includes(`larder-watchdog ${server} `));
  return Number.parseInt(line ?? '', 10);
};
