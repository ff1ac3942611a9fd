import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Leftover } from './data-folder.ts';

/**
 * Clears away what a start left: ends the process, if it is still that process, and removes the folder. A number that has
 * gone to another process since is left alone: only one whose arguments name the folder is ours.
 */
export const clearLeftover = async ({ folder, pid }: Leftover): Promise<void> => {
  if (pid !== undefined && (await worksIn(pid, folder))) {
    // PostgreSQL's immediate shutdown: nothing in it is to be kept.
    process.kill(pid, 'SIGQUIT');
    for (let tries = 0; tries < 50 && (await worksIn(pid, folder)); tries += 1) await wait(100);
    if (await worksIn(pid, folder)) process.kill(pid, 'SIGKILL');
  }
  // What was killed may still be writing its last.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
};

const worksIn = async (pid: number, folder: string): Promise<boolean> => {
  const commandLine =
    process.platform === 'linux'
      ? readFile(`/proc/${pid}/cmdline`, 'utf8')
      : promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).then(
          ({ stdout }) => stdout,
        );
  return (await commandLine.catch(() => '')).includes(folder);
};
