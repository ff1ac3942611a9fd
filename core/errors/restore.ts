/** Bringing a backup back. */
import type { NotOwned } from '../ownership.ts';
import { notOwnedSentence } from '../ownership-words.ts';
import { Permanent, quoted, Retryable } from './base.ts';

/** The configuration gives the source no restore role, or does not allow this origin. */
export class RestoreNotAllowed extends Permanent {
  constructor(why: string) {
    super(`${why} See docs/restore.md.`);
  }
}

/** A plain backup is one long script: no table can be taken out of it. */
export class TablesNeedArchive extends Permanent {
  constructor(backupId: string) {
    super(
      `Backup ${quoted(backupId)} is a plain SQL script, which has no table of contents: tables can only be chosen from formats custom and tar. ` +
        'Restore all of it beside, and take the tables from there.',
    );
  }
}

/** A backup that lacks what this way of restoring it needs: definitions, rows, or a database at all. */
export class ContentNotRestorable extends Permanent {
  constructor(backupId: string, lacks: string, wayOut: string) {
    super(`Backup ${quoted(backupId)} ${lacks}. ${wayOut}`);
  }
}

/** What was found before anything was written speaks against it. `problems` has a line for each. */
export class RestoreRefused extends Permanent {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Nothing was restored: ${problems.join(' ')}`);
    this.problems = problems;
  }
}

/** A schema that the restore would touch is not its project's. `notOwned` has whose it is, for the log alone. */
export class SchemaNotOwned extends RestoreRefused {
  readonly notOwned: readonly NotOwned[];
  constructor(notOwned: readonly NotOwned[]) {
    super(notOwned.map(notOwnedSentence));
    this.notOwned = notOwned;
  }
}

/** A backup's content is not what pg_dump writes: damaged, cut short, made by something else, or made to do harm. */
export class DumpUnreadable extends Permanent {
  /** @param where such as `byte 1234 of its SQL` */
  constructor(where: string, why: string, options?: { cause?: unknown }) {
    super(
      `The backup can't be read at ${where}: ${why}. Nothing of it was restored. Verify the backup, and use another one if this one is damaged.`,
      options,
    );
  }
}

/** What was restored is not what the manifest says. */
export class RestoreMismatch extends Permanent {
  readonly differences: readonly string[];
  constructor(differences: readonly string[]) {
    super(
      `What came back differs from the manifest: ${differences.slice(0, 5).join('; ')}${differences.length > 5 ? ` and ${differences.length - 5} more` : ''}. Nothing was kept of it.`,
    );
    this.differences = differences;
  }
}

/** What is taken away from tables before their rows are loaded, and given back behind them: their checks, or those of domains as well. */
export type Loosening = 'checks' | 'checks-and-domains';

/**
 * Rows and definitions of a backup do not fit together. `loosen` names what could be taken away from the rows, so that they can be loaded
 * in another attempt; absent where nothing can.
 */
export interface Conflict {
  readonly loosen?: Loosening;
}

/** The server refused a statement of the backup. `object` is what it was about. */
export class StatementRefused extends Permanent {
  readonly object: string;
  readonly why: string;
  readonly conflict?: Conflict;
  /** @param options.next what the reader can do, a sentence */
  constructor(
    object: string,
    why: string,
    options: { cause?: unknown; conflict?: Conflict; next?: string } = {},
  ) {
    const { cause, conflict, next } = options;
    super(
      `The server refused ${object}: ${why}. Nothing was restored.${next === undefined ? '' : ` ${next}`}`,
      cause === undefined ? undefined : { cause },
    );
    this.object = object;
    this.why = why;
    if (conflict) this.conflict = conflict;
  }
}

/** The transaction had changed something that was there before it, or made something outside of the restored schemas. */
export class RestoreWroteOutside extends Permanent {
  readonly objects: readonly string[];
  /** @param objects such as `table acme.orders`, `sequence acme.invoice_no` */
  constructor(objects: readonly string[]) {
    const isSequence = objects.some((one) => one.startsWith('sequence '));
    super(
      `The restore would have changed ${objects.slice(0, 5).join(', ')}${objects.length > 5 ? ` and ${objects.length - 5} more` : ''}, outside of what it makes. ` +
        `Nothing was restored, and all changes were rolled back${isSequence ? '; but a sequence keeps the values that were taken from it' : ''}. ` +
        'Code of the backup does it while its rows come back: look at its checks, domains, generated columns and functions, and at event triggers of the database.',
    );
    this.objects = objects;
  }
}

/** The connection or the server went away in the middle; the transaction with it. */
export class RestoreInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The restore was interrupted: ${why}. Nothing was kept of it; it is tried again.`,
      options,
    );
  }
}

/** A swap waits for a backup of what is live; it did not become one. */
export class SafetyBackupFailed extends Permanent {
  constructor(backupId: string, why: string) {
    super(
      `The backup ${backupId} of what is live now, which a swap takes first, was not completed: ${why} Nothing was exchanged. Mend what it says, then ask for the swap again.`,
    );
  }
}

export class SafetyBackupPending extends Retryable {
  constructor(backupId: string, status: string) {
    super(
      `The backup ${backupId} of what is live now, which a swap takes first, is still ${status}. The swap goes on once it is completed.`,
    );
  }
}

/** Objects of other schemas would have stayed with the schema that a swap puts aside, which nobody had accepted. */
export class DependentsStay extends Permanent {
  /** @param staying a line for each, with the reason */
  constructor(staying: readonly string[]) {
    super(
      `${staying.slice(0, 5).join('; ')}${staying.length > 5 ? ` and ${staying.length - 5} more` : ''} would go on with what was live, not with what takes its place. Mend that, or ask with "acceptDependents": true.`,
    );
  }
}

/** A restore ended after its schema had been committed: that is whole, and stays. */
export class StepNotDone extends Permanent {
  constructor(what: string, schemas: readonly string[], cause: unknown) {
    super(
      `${what}: ${cause instanceof Error ? cause.message : 'for a reason that the log has'} The backup is whole in ${schemas.map(quoted).join(', ')}, and nothing that was live is lost. Ask again; Larder removes neither.`,
      { cause },
    );
  }
}
