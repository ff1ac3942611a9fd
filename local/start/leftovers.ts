import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Leftover } from './data-folder.ts';

/**
 * Removes what a start left: ends the process, if it is still the same one, and removes the folder. A process id may have
 * been reused since: only a process whose arguments name the folder is ours.
 */
export const clearLeftover = async ({ folder, pid }: Leftover): Promise<void> => {
  if (pid !== undefined && (await worksIn(pid, folder))) {
    // PostgreSQL's immediate shutdown: none of its data is kept.
    process.kill(pid, 'SIGQUIT');
    for (let tries = 0; tries < 50 && (await worksIn(pid, folder)); tries += 1) await wait(100);
    if (await worksIn(pid, folder)) process.kill(pid, 'SIGKILL');
  }
  // A killed process may still be writing.
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
