import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { DumpFailed } from '../../../core/errors/dump.ts';
import type { LockNeed } from '../../../core/errors/schema.ts';
import type { Dump, DumpRequest, ServerFacts } from '../../../core/snapshot-ports.ts';
import { identifier } from '../sql/identifiers.ts';
import {
  choosePrograms,
  connectionString,
  openPrograms,
  type ProgramAccess,
} from './client-programs.ts';
import { DumpWords, dumpFailure } from './pg-dump-messages.ts';

/**
 * One run of pg_dump. Its environment is new and holds nothing of ours except the login; the password is in no argument list. The run has
 * succeeded only if its exit code is 0 and its output has ended.
 */
export interface DumpContext {
  readonly schemas: readonly string[];
  /** Extensions that live in these schemas. */
  readonly extensions: readonly string[];
  /** Partitions must be restored through their tables; pg_dump does not detect that. */
  readonly throughRoot?: boolean;
  readonly snapshotId: string;
  readonly server: ServerFacts;
  readonly applicationName: string;
  /** For an error that names them. */
  readonly locks?: LockNeed;
}

/** Between asking pg_dump to end, which cancels its query on the server, and killing it. */
const PATIENCE_MS = 4000;
const LAST_WORDS_MS = 1000;

const run = promisify(execFile);

const versions = new Map<string, Promise<string>>();
/** `17.11` of `pg_dump (PostgreSQL) 17.11 (Debian ...)`, read once for each process. @throws DumpFailed */
const versionOf = (program: string): Promise<string> => {
  const known = versions.get(program);
  if (known) return known;
  const asked = run(program, ['--version'], { env: {} }).then(
    ({ stdout }) => /\d+(\.\d+)*/.exec(stdout)?.[0] ?? stdout.trim(),
    (cause: Error) => {
      // The failure may be temporary, such as too many processes: the next attempt in this process tries again.
      versions.delete(program);
      throw new DumpFailed('no start', 'its version could not be read', { cause });
    },
  );
  versions.set(program, asked);
  return asked;
};

/** Version of the pg_dump that would run for a server, such as `17.11`. @throws ServerTooNew, DumpFailed */
export const dumpVersionFor = async (
  access: Pick<ProgramAccess, 'programRoots'>,
  server: Pick<ServerFacts, 'major'>,
): Promise<string> => versionOf((await choosePrograms(access, server)).programs.pgDump);

const CONTENT_FLAGS = { full: [], schema: ['--schema-only'], data: ['--data-only'] } as const;

/**
 * Arguments are UTF-8, but pg_dump reads a schema's name in the session's encoding, which the role or the database may have set: in LATIN1
 * "ö" would name another schema. A database of SQL_ASCII has no encoding; there, bytes pass unchanged.
 */
const encodingFor = ({ encoding }: ServerFacts): string =>
  encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';

/**
 * pg_dump's arguments. A schema is a quoted name, never a pattern: https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS
 * An extension that lives in the schema must be in the dump: its types cannot exist before CREATE SCHEMA, and must exist before the first
 * table that uses them.
 */
export const dumpArguments = (
  request: Pick<DumpRequest, 'format' | 'compress' | 'content'>,
  {
    schemas,
    extensions,
    throughRoot,
    snapshotId,
    server,
  }: Pick<DumpContext, 'schemas' | 'extensions' | 'throughRoot' | 'snapshotId' | 'server'>,
): string[] => [
  `--format=${request.format}`,
  ...(request.format === 'tar' ? [] : [`--compress=${request.compress}`]),
  ...schemas.map((schema) => `--schema=${identifier(schema)}`),
  ...extensions.map((extension) => `--extension=${identifier(extension)}`),
  '--strict-names',
  ...(throughRoot ? ['--load-via-partition-root'] : []),
  `--encoding=${encodingFor(server)}`,
  `--snapshot=${snapshotId}`,
  ...CONTENT_FLAGS[request.content],
  '--lock-wait-timeout=5s',
  '--no-password',
  '--verbose',
];

const stopOnAbort = (child: ChildProcess, signal: AbortSignal): void => {
  const stop = (): void => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    child.once('exit', () => clearTimeout(timer));
  };
  if (signal.aborted) stop();
  else {
    signal.addEventListener('abort', stop, { once: true });
    // An attempt that fails aborts the signal when the program has ended, too.
    child.once('exit', () => signal.removeEventListener('abort', stop));
  }
};

/** Resolves after exit code 0 with all output read; rejects with a named error otherwise. */
const ending = (child: ChildProcess, words: DumpWords, context: DumpContext): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (exit: string) => reject(dumpFailure(exit, words.last(), context));
    child.once('error', (cause) => reject(new DumpFailed('no start', cause.message, { cause })));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else fail(nameOfExit(code, signal));
    });
    // Its pipes close a moment later, after its last messages are read; does not wait for a process that holds them open.
    child.once('exit', (code, signal) => {
      if (code === 0) return;
      const late = setTimeout(() => fail(nameOfExit(code, signal)), LAST_WORDS_MS).unref();
      child.once('close', () => clearTimeout(late));
    });
  });

const nameOfExit = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ? `signal ${signal}` : `exit code ${code}`;

/** @throws ServerTooNew, TlsRefused, SecretUnreadable before it starts; later errors reject `exited` */
export const startDump = async (
  access: ProgramAccess,
  request: DumpRequest & DumpContext,
): Promise<Pick<Dump, 'version' | 'output' | 'exited'>> => {
  const { programs, login, environment } = await openPrograms(access, request);
  const version = await versionOf(programs.pgDump);
  const child = spawn(
    programs.pgDump,
    [`--dbname=${connectionString(access, login)}`, ...dumpArguments(request, request)],
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const words = new DumpWords(request.onTable);
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.hear(text));
  stopOnAbort(child, request.signal);
  const exited = ending(child, words, request);
  // The caller awaits it only after the output; until then a rejection must not end the process.
  exited.catch(() => undefined);
  return { version, output: child.stdout, exited };
};
