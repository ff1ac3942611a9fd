import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Format } from '../../../core/backup.ts';
import { type LarderError, quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable, RestoreInterrupted } from '../../../core/errors/restore.ts';
import { ServerTooNew } from '../../../core/errors/source.ts';
import { chooseMajor } from '../../../core/programs.ts';
import { findProgramFiles, majorsOf } from './program-files.ts';

/**
 * pg_restore as a filter: it reads an archive and writes SQL, and connects to no server. It reads a pipe from start to end. Both formats
 * allow that if data is wanted in the order in which pg_dump wrote it.
 */
export interface Extractor {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves after exit code 0; rejects with a named error for any other end. */
  readonly exited: Promise<void>;
  stop(): void;
}

/** @throws ServerTooNew if there is no program for it */
export const findPgRestore = async (
  programRoots: readonly string[],
  serverMajor: number,
): Promise<string> => {
  const { clients } = await findProgramFiles(...programRoots);
  const major = chooseMajor(serverMajor, majorsOf(clients));
  const found = clients.find((client) => client.major === major);
  if (!found) throw new ServerTooNew(serverMajor, majorsOf(clients));
  return found.pgRestore;
};

const MOST_WORDS = 4000;

/** Signals by which pg_restore dies on a damaged archive; no other process sends these. */
const CRASHES = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGFPE', 'SIGILL'];

const endOf = (code: number | null, signal: string | null, said: string): LarderError => {
  if (signal && CRASHES.includes(signal))
    return new DumpUnreadable('its archive', `pg_restore crashed on it (${signal})`);
  if (signal)
    return new RestoreInterrupted(
      `pg_restore ended with signal ${signal}${signal === 'SIGKILL' ? ', most likely because memory ran out' : ''}`,
    );
  const line = said.split('\n').find((each) => /error|fatal/i.test(each)) ?? said.split('\n')[0];
  const why = line?.replace(/^pg_restore: (error: )?/, '').slice(0, 300);
  return new DumpUnreadable(
    'its archive',
    why ? `pg_restore says ${quoted(why)}` : `pg_restore ended with exit code ${code}`,
  );
};

const ending = (child: ChildProcess): Promise<void> => {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, MOST_WORDS);
  });
  return new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new RestoreInterrupted(`pg_restore could not be started: ${cause.message}`, { cause }),
      ),
    );
    child.once('close', (code, signal) =>
      code === 0 ? resolve() : reject(endOf(code, signal, said)),
    );
  });
};

/** A list of entries in a file of its own: pg_restore opens it by name, and Node's pipes are sockets, which cannot be opened so. */
const writeList = async (entries: readonly number[]): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'larder-list-'));
  const file = path.join(folder, 'entries');
  await writeFile(file, entries.map((id) => `${id};\n`).join(''));
  return file;
};

/** @param entries ids of the table of contents to restore; absent: all */
export const startExtractor = async (
  program: string,
  format: Exclude<Format, 'plain'>,
  entries: readonly number[] | undefined,
): Promise<Extractor> => {
  const list = entries && (await writeList(entries));
  const child = spawn(
    program,
    [
      `--format=${format}`,
      '--file=-',
      '--exit-on-error',
      ...(list === undefined ? [] : [`--use-list=${list}`]),
    ],
    { env: { LC_ALL: 'C.UTF-8', HOME: '/nonexistent', TMPDIR: '/tmp' }, stdio: 'pipe' },
  );
  const exited = ending(child).finally(async () => {
    if (list !== undefined) await rm(path.dirname(list), { recursive: true, force: true });
  });
  // It is awaited after the output; until then a rejection must not end the process.
  exited.catch(() => undefined);
  return {
    input: child.stdin,
    output: child.stdout,
    exited,
    stop: () => void child.kill('SIGKILL'),
  };
};
