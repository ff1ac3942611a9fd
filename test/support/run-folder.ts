import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** The variable that names the folder of one run of the tests. All its files may use it; it is removed with the run. */
export const RUN_FOLDER = 'LARDER_TEST_FOLDER';
/** Set if test files share a process, one after another. */
export const SHARED_PROCESS = 'LARDER_TEST_SHARED_PROCESS';

/** The parent of the runs' folders: servers of another account must be able to enter it. */
const PLACE = '/var/tmp';
export const RUN_FOLDERS = path.join(PLACE, 'larder-tests-');
/** In a run's folder: the process to which it belongs. */
const OWNER = 'owner';

/** The process and its start time, because ids are used again; undefined if no process has that id. */
const identityOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22 of proc(5); the command, which may contain spaces, ends with the last parenthesis.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${started}`;
  } catch {
    return undefined;
  }
};

export const claimRunFolder = (folder: string, pid = process.pid): void =>
  writeFileSync(path.join(folder, OWNER), identityOf(pid) ?? '');

const DAY_MS = 86_400_000;

const isDead = (folder: string): boolean => {
  try {
    const owner = readFileSync(path.join(folder, OWNER), 'utf8');
    return identityOf(Number.parseInt(owner, 10)) !== owner;
  } catch {
    // A run that has just begun has not written yet whose it is.
    return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) > DAY_MS;
  }
};

/** Ids of servers whose data is in a run's folder: <folder>/<home>/own/data/postmaster.pid. */
const serversIn = (folder: string): number[] => {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((home) => {
    try {
      const data = path.join(folder, home, 'own', 'data');
      const pid = Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
      // Another process may have the id by now.
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data) ? [pid] : [];
    } catch {
      return [];
    }
  });
};

const end = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Ends the remaining servers of a run, and removes its folder. */
export const removeRunFolder = async (folder: string): Promise<void> => {
  for (let tries = 0, left = serversIn(folder); left.length && tries < 100; tries += 1) {
    for (const pid of left) end(pid, tries < 50 ? 'SIGQUIT' : 'SIGKILL');
    await wait(50);
    left = serversIn(folder);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
};

/** Removes what killed runs have left. */
export const removeDeadRuns = async (): Promise<void> => {
  for (const name of readdirSync(PLACE)) {
    const folder = path.join(PLACE, name);
    if (folder.startsWith(RUN_FOLDERS) && isDead(folder)) await removeRunFolder(folder);
  }
};
