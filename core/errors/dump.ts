/** Dumping, including the limits of a backup. */
import { Permanent, quoted, Retryable } from './base.ts';

/** pg_dump failed for a reason that no other error names. `detail` is its own last line, cleaned. */
export class DumpFailed extends Retryable {
  constructor(exit: string, detail: string, options?: { cause?: unknown }) {
    super(`pg_dump ended with ${exit}: ${detail}`, options);
  }
}

/** The connection or the server went away while pg_dump was reading. */
export class DumpInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(`The dump was interrupted: ${why}. It is tried again from the beginning.`, options);
  }
}

export class DumpNotWhole extends Retryable {
  constructor(why: string) {
    super(`pg_dump reported success, but its output is incomplete: ${why}. Nothing was kept.`);
  }
}

/** The server can't read its own data: every dump fails until the data is repaired. */
export class DamagedData extends Permanent {
  constructor(doing: string, why: string, options?: { cause?: unknown }) {
    super(
      `The source's disk seems to hold damaged data (found while ${doing}): the server reports ${why}. No dump can read it. Keep the older backups, check the server's log, and consider restoring the last good backup.`,
      options,
    );
  }
}

/** A value is too large for PostgreSQL's text form (1 GB); no pg_dump can read it. */
export class RowTooLarge extends Permanent {
  constructor(table: string) {
    super(
      `Table ${quoted(table)} has a row whose text form exceeds 1 GB, the limit of COPY. Split or move that value (bytea of over about 512 MB).`,
    );
  }
}

export class TooLarge extends Permanent {
  constructor(limitBytes: number) {
    super(
      `The backup exceeded the maximum stored size of ${limitBytes} bytes and was stopped; nothing was kept. Raise export.maximumStoredBytes, or split the project.`,
    );
  }
}

export class TarTooLarge extends Permanent {
  constructor(table: string, tableBytes: number, roomBytes: number) {
    super(
      `Format tar spools each table to temporary storage: ${quoted(table)} has ${tableBytes} bytes, and the function has ${roomBytes} bytes of temporary storage. Use format custom, or give the function more temporary storage.`,
    );
  }
}
