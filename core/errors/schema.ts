/** Reading and locking a schema, before and during a dump. */
import { LarderError, Permanent, quoted, Retryable } from './base.ts';

export class SchemaNotFound extends Permanent {
  constructor(schema: string, database: string) {
    super(
      `Database ${quoted(database)} has no schema ${quoted(schema)}. Names are used exactly as given: upper and lower case differ.`,
    );
  }
}

export class PermissionMissing extends Permanent {
  constructor(what: string, wayOut: string, options?: { cause?: unknown }) {
    super(`${what}. ${wayOut}`, options);
  }
}

/** Our session could not lock a table in time and no longer waits: no other session is blocked behind it. */
export class LockTimeout extends Retryable {
  /** @param what such as `Schema "acme"`, if it is no table */
  constructor(
    table: string,
    waitedMs: number,
    blocker: string,
    what: string = `Table ${quoted(table)}`,
  ) {
    super(
      `${what} could not be locked within ${waitedMs} ms: ${blocker}. It is tried again later.`,
    );
  }
}

/** Locks that an export or a restore holds at once, and the size of the server's lock table: `perTransaction` times `sessions`. */
export interface LockNeed {
  readonly needed: number;
  readonly perTransaction: number;
  readonly sessions: number;
  /** Absent: an export. */
  readonly by?: 'restore';
}

/** The server's lock table is full. Permanent if the export or restore alone needs more locks than fit; otherwise retried when other sessions have released theirs. */
export class OutOfLocks extends LarderError {
  readonly retryable: boolean;
  constructor(need?: LockNeed, options?: { cause?: unknown }) {
    super(`The server's lock table is full. ${lockAdvice(need)}`, options);
    this.retryable = !need || need.needed <= need.perTransaction * need.sessions;
  }
}

/** Other sessions hold locks too. */
const SPARE = 1.25;

const lockAdvice = (need: LockNeed | undefined): string => {
  if (!need) return 'Raise max_locks_per_transaction and restart the server.';
  return lockWords(need);
};

const HOLDS: Readonly<Record<'export' | 'restore', (needed: number) => string>> = {
  export: (needed: number) =>
    `The export holds ${needed} locks at once, one for each table, sequence and index`,
  restore: (needed: number) =>
    `The restore holds up to ${needed} locks at once, one for each table, index, sequence, view and function, and two for each TOAST table`,
};

/** How many locks are needed, how many exist, and what to set. */
export const lockWords = ({ needed, perTransaction, sessions, by }: LockNeed): string => {
  const wanted = Math.max(perTransaction + 1, Math.ceil((needed * SPARE) / sessions));
  return `${HOLDS[by ?? 'export'](needed)}; the server has room for ${perTransaction * sessions}, for all sessions together (max_locks_per_transaction is ${perTransaction}, for ${sessions} sessions). Set max_locks_per_transaction to at least ${wanted} and restart the server.`;
};

/** The export blocked DDL of another session for longer than allowed, and stopped. */
export class GaveWayToDdl extends Retryable {
  constructor(pid: number, waitedSeconds: number) {
    super(
      `Backend ${pid} waited ${waitedSeconds.toFixed(0)} s for a lock that this export held; the export gave way and is tried again later. ` +
        'Move the schedule away from migrations, or change export.giveWayAfterSeconds.',
    );
  }
}

/** An object that is read by name was created, dropped or replaced while it was being locked or read. */
export class SchemaInMotion extends Retryable {
  /** @param what such as `Schema "acme"`, if only the schema is known */
  constructor(
    schema: string,
    what: string = `Schema ${quoted(schema)}`,
    options?: { cause?: unknown },
  ) {
    super(
      `${what} was altered while it was being locked and read. The export is tried again later.`,
      options,
    );
  }
}

/** Rows of the schema's tables are in partitions that the dump would not include. */
export class PartitionsElsewhere extends Permanent {
  constructor(schema: string, partitions: readonly string[]) {
    super(
      `Tables of schema ${quoted(schema)} have partitions in other schemas, whose rows would be missing silently: ` +
        `${partitions.slice(0, 5).map(quoted).join(', ')}${partitions.length > 5 ? ` and ${partitions.length - 5} more` : ''}. ` +
        'Move them (ALTER TABLE ... SET SCHEMA copies nothing and keeps them attached), or back up their schema too, as a project or one of sharedSchemas, ' +
        'and set export.partitionsElsewhere to "accept".',
    );
  }
}
