import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LarderError } from '../../../../core/errors/base.ts';
import { ScratchDied, ScratchDiskFull } from '../../../../core/errors/verification.ts';
import type { ServerPrograms } from '../../programs/program-files.ts';
import type { Account } from './account.ts';
import { dataOf, environmentOf } from './cluster.ts';
import { type LastWords, listen, speaksOfFullDisk } from './last-log-lines.ts';
import { watchOver } from './watchdog.ts';

/** The server's process: started without a shell or pg_ctl, so that its end and its messages reach us at once. */
export interface ServerProcess {
  readonly pid: number;
  /** Why it ended unexpectedly; undefined while it runs, and after `end`. */
  failure(): LarderError | undefined;
  /** Rejects when it ends unexpectedly, and never settles otherwise. */
  readonly died: Promise<never>;
  /** PostgreSQL's immediate shutdown: no last checkpoint, whatever work is in progress. Never throws. */
  end(): Promise<void>;
}

export interface Start {
  readonly programs: ServerPrograms;
  readonly folder: string;
  readonly account: Account | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Milliseconds that the server's own processes have to end. */
const PATIENCE = 5_000;
/** Milliseconds for its last lines to arrive: a backend that hangs may keep the pipe open. */
const LAST_LINES = 1_000;

/** @throws the system's own error if the program cannot even be started */
export const startProcess = async (start: Start): Promise<ServerProcess> => {
  const { programs, folder, account, settings } = start;
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(programs.postgres, ['-D', dataOf(folder), ...flags], {
    cwd: folder,
    env: environmentOf(programs),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own: this process decides what a Ctrl-C in a terminal does.
    detached: true,
    ...account,
  });
  const words = listen(server.stderr);
  const silent = new Promise((resolve) => server.stderr.once('close', resolve));
  await once(server, 'spawn');
  const pid = server.pid ?? -1;
  const watchdog = watchOver(pid, folder, account);
  let ending = false;
  let failure: LarderError | undefined;
  const exited = once(server, 'exit').then(() => watchdog.dismiss());
  const died = new Promise<never>((_, reject) => {
    void exited.then(async () => {
      if (ending) return;
      const late = new AbortController();
      const lastLines = wait(LAST_LINES, undefined, { signal: late.signal });
      await Promise.race([silent, lastLines.catch(() => undefined)]);
      late.abort();
      if (ending) return;
      failure = failureOf(server, words, folder);
      reject(failure);
    });
  });
  // Perhaps no caller waits for it yet.
  died.catch(() => undefined);
  const end = async (): Promise<void> => {
    ending = true;
    server.kill('SIGQUIT');
    const late = setTimeout(() => server.kill('SIGKILL'), PATIENCE);
    await exited;
    clearTimeout(late);
  };
  return { pid, failure: () => failure, died, end };
};

const failureOf = (server: ChildProcess, words: LastWords, folder: string): LarderError => {
  const why = words.brief();
  if (speaksOfFullDisk(words.all())) return new ScratchDiskFull(path.dirname(folder), why);
  const { exitCode, signalCode } = server;
  return new ScratchDied(signalCode ? `signal ${signalCode}` : `status ${exitCode}`, why);
};
