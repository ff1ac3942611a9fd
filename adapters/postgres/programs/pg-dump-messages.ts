import { type LarderError, quoted } from '../../../core/errors/base.ts';
import {
  DamagedData,
  DumpFailed,
  DumpInterrupted,
  RowTooLarge,
} from '../../../core/errors/dump.ts';
import {
  type LockNeed,
  LockTimeout,
  OutOfLocks,
  PermissionMissing,
  SchemaNotFound,
} from '../../../core/errors/schema.ts';
import { ServerTooNew } from '../../../core/errors/source.ts';
import type { ServerFacts } from '../../../core/snapshot-ports.ts';
import { ROLES_PAGE } from '../session/server-errors.ts';

/**
 * What pg_dump writes to standard error: with --verbose a line for each step, and then its errors. The steps give the progress; of the rest
 * only the last lines are kept, so that a dump with many messages needs no memory.
 */
const KEPT_LINES = 20;
const KEPT_CHARACTERS = 1000;

/** `pg_dump: dumping contents of table "acme.orders"`; the name is qualified, not quoted further. */
const TABLE_STEP = /^pg_dump: dumping contents of table "(.*)"$/;
/** All other steps of --verbose that are not errors or warnings. */
const STEP =
  /^pg_dump: (last built-in OID|reading|identifying|finding|flagging|saving|creating|dumping|processing|setting|executing|connecting|implied|the database|entering|started|finished)/;

export class DumpWords {
  readonly #onTable: (name: string) => void;
  readonly #kept: string[] = [];
  #rest = '';

  constructor(onTable: (name: string) => void) {
    this.#onTable = onTable;
  }

  hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, KEPT_CHARACTERS);
    for (const line of lines) this.#take(line);
  }

  /** The last lines that were not progress. */
  last(): string {
    return [...this.#kept, this.#rest].filter(Boolean).join('\n');
  }

  #take(line: string): void {
    const table = TABLE_STEP.exec(line)?.[1];
    if (table !== undefined) this.#onTable(table);
    else if (line && !STEP.test(line)) {
      this.#kept.push(line.slice(0, KEPT_CHARACTERS));
      if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    }
  }
}

export interface Circumstances {
  readonly schemas: readonly string[];
  readonly server: ServerFacts;
  readonly locks?: LockNeed;
}

type Reading = (words: RegExpExecArray, circumstances: Circumstances) => LarderError;

/** The messages of pg_dump and the server, the most informative first. */
const READINGS: readonly (readonly [RegExp, Reading])[] = [
  [/server version mismatch/, (_, { server }) => new ServerTooNew(server.major, [])],
  [
    /no matching schemas were found/,
    (_, { schemas, server }) => new SchemaNotFound(schemas.join(', '), server.database),
  ],
  [
    /row-level security policy for table "(.*)"/,
    ([, table = '']) =>
      new PermissionMissing(
        `Row security hides rows of ${quoted(table)} from the backup role`,
        `Give the role BYPASSRLS. ${ROLES_PAGE}`,
      ),
  ],
  [
    /permission denied for (.*)/,
    ([, object = '']) => new PermissionMissing(`pg_dump may not read ${object}`, ROLES_PAGE),
  ],
  // The server allocates at most 1 GB for a row's text, and reports this in three ways; no valid row needs more than 4 GB.
  [
    /invalid memory alloc request size \d{1,10}\b|Cannot enlarge string buffer|string buffer exceeds maximum allowed length/,
    (words) => new RowTooLarge(tableOf(words.input) ?? 'unknown'),
  ],
  [
    /invalid memory alloc request size \d+|invalid page in block \d+|(?:missing|unexpected) chunk number|compressed \w+ data is corrupt|could not read blocks? [\d.]+|could not open file "(?:base|pg_xact|pg_multixact)|could not access status of transaction/,
    (words) =>
      new DamagedData(
        `dumping table ${quoted(tableOf(words.input) ?? 'unknown')}`,
        quoted(words[0]),
      ),
  ],
  [/max_locks_per_transaction/, (_, { locks }) => new OutOfLocks(locks)],
  [
    /out of memory|could not resize shared memory segment|No space left on device/,
    () => new DumpInterrupted('the server or pg_dump ran out of memory or disk'),
  ],
  [
    /conflict with recovery/,
    () => new DumpInterrupted('the replica cancelled it to go on with replay'),
  ],
  [
    /canceling statement due to (?:lock|statement) timeout/,
    (words) => new LockTimeout(tableOf(words.input) ?? 'unknown', 5000, 'another session holds it'),
  ],
  [
    /canceling statement due to user request/,
    () => new DumpInterrupted('its query was cancelled on the server'),
  ],
  [
    /server closed the connection|terminating connection|connection to server|connection not open|SSL SYSCALL|SSL connection has been closed|could not receive data|could not send|database system is|no connection to the server|invalid snapshot identifier|snapshot ".*" does not exist|could not import the requested snapshot|timeout expired/,
    () => new DumpInterrupted('pg_dump lost its connection to the server'),
  ],
];

const tableOf = (text: string): string | undefined =>
  /contents of table "([\s\S]*?)" failed:/i.exec(text)?.[1] ??
  /LOCK TABLE ([\s\S]+?) IN ACCESS/.exec(text)?.[1];

const KILLED =
  'it was killed, most likely because memory ran out: it needs twice the text of the largest row. Give the function more memory.';

/** The error that pg_dump's or the server's words mean; undefined if they are none of the known ones. */
export const readFailure = (
  said: string,
  circumstances: Circumstances,
): LarderError | undefined => {
  for (const [pattern, read] of READINGS) {
    const words = pattern.exec(said);
    if (words) return read(words, circumstances);
  }
  return undefined;
};

/** The error for an end of pg_dump with another exit code than 0. */
export const dumpFailure = (
  exit: string,
  said: string,
  circumstances: Circumstances,
): LarderError => {
  const known = readFailure(said, circumstances);
  if (known) return known;
  if (!said && exit === 'signal SIGKILL') return new DumpFailed(exit, KILLED);
  const line = said
    .split('\n')
    .filter((each) => /error|fatal|panic/i.test(each))
    .at(0);
  // These lines never contain data, but the statement that failed may follow: it is left out.
  const detail = line?.replace(/^pg_dump: /, '').slice(0, 300) ?? 'it gave no reason';
  return new DumpFailed(exit, detail);
};
