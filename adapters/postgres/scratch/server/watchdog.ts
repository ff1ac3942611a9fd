import { spawn } from 'node:child_process';
import type { Account } from './account.ts';

/**
 * A shell that waits for the end of its standard input, which closes when this process ends, for whatever reason. Then the shell ends the
 * server and removes its folder. In Lambda everything ends together; on a developer's machine a SIGKILL of a function's process would leave
 * a server behind. If the shell itself is killed, the next start removes the folder.
 */
const WATCH = `read -r dismissed && exit 0
kill -QUIT "$1"
for tries in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$2" && exit 0; sleep 0.2; done`;

export interface Watchdog {
  dismiss(): void;
}

export const watchOver = (pid: number, folder: string, account: Account | undefined): Watchdog => {
  const shell = spawn('/bin/sh', ['-c', WATCH, 'larder-watchdog', String(pid), folder], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    ...account,
  });
  // Without a shell there is no watchdog, and initdb would have failed before.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return { dismiss: () => void shell.stdin.end('dismissed\n') };
};
