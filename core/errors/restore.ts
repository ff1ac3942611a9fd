/** Restoring a backup. */
import type { NotOwned } from '../ownership.ts';
import { notOwnedSentence } from '../ownership-sentence.ts';
import { refusedStatement, type StatementAdvice } from '../statement-sentence.ts';
import { Permanent, quoted, Retryable } from './base.ts';

/** The configuration gives the source no restore role, or does not allow this origin. */
export class RestoreNotAllowed extends Permanent {
  constructor(why: string) {
    super(`${why} See docs/restore.md.`);
  }
}

/** A plain backup is one long script: no single table can be restored from it. */
export class TablesNeedArchive extends Permanent {
  constructor(backupId: string) {
    super(
      `Backup ${quoted(backupId)} is a plain SQL script, which has no table of contents: tables can only be chosen from formats custom and tar. ` +
        'Restore all of it beside the live schema, and copy the tables from there.',
    );
  }
}

/** A backup lacks what this kind of restore needs: definitions, rows, or a database at all. */
export class ContentNotRestorable extends Permanent {
  constructor(backupId: string, lacks: string, wayOut: string) {
    super(`Backup ${quoted(backupId)} ${lacks}. ${wayOut}`);
  }
}

/** The preflight check found problems before anything was written. `problems` has a line for each. */
export class RestoreRefused extends Permanent {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Nothing was restored: ${problems.join(' ')}`);
    this.problems = problems;
  }
}

/** The restore would change a schema that does not belong to its project. `notOwned` names the owner, for the log only. */
export class SchemaNotOwned extends RestoreRefused {
  readonly notOwned: readonly NotOwned[];
  constructor(notOwned: readonly NotOwned[]) {
    super(notOwned.map(notOwnedSentence));
    this.notOwned = notOwned;
  }
}

/** pg_dump did not write this content: it is damaged, cut short, made by something else, or malicious. */
export class DumpUnreadable extends Permanent {
  /** Such as `byte 1234 of its SQL`. */
  readonly where: string;
  readonly why: string;
  constructor(where: string, why: string, options?: { cause?: unknown }) {
    super(
      `The backup can't be read at ${where}: ${why}. Nothing was restored from it. Verify the backup, and use another one if this one is damaged.`,
      options,
    );
    this.where = where;
    this.why = why;
  }
}

/** The restored schema differs from the manifest. */
export class RestoreMismatch extends Permanent {
  readonly differences: readonly string[];
  /** @param count number of all differences; `differences` may hold only the first of them */
  constructor(differences: readonly string[], count: number = differences.length) {
    super(
      `The restored schema differs from the manifest: ${differences.slice(0, 5).join('; ')}${count > 5 ? ` and ${count - 5} more` : ''}. Nothing was kept.`,
    );
    this.differences = differences;
  }
}

/**
 * Checks that must not refuse rows during the load. Each stage includes the ones before it: checks of tables, checks of domains (both are
 * removed before the rows and added after them), generated columns that can no longer be computed.
 */
export type Loosening = 'checks' | 'checks-and-domains' | 'generated-columns';

/**
 * Rows of a backup violate its definitions. `loosen` names what another attempt can loosen while it loads the rows;
 * absent if that would not help.
 */
export interface Conflict {
  readonly loosen?: Loosening;
}

/** More facts about a statement that the server refused. */
export interface StatementRefusal {
  readonly cause?: unknown;
  readonly conflict?: Conflict;
  /** What would make the source's next backup restorable. */
  readonly advice?: StatementAdvice;
  /** True for REFRESH MATERIALIZED VIEW. */
  readonly isRefresh?: boolean;
  /** What the reader can do, as a sentence. */
  readonly next?: string;
}

/** The server refused a statement of the backup. `object` is the statement's object, `why` is the server's message. */
export class StatementRefused extends Permanent {
  readonly object: string;
  readonly why: string;
  readonly conflict?: Conflict;
  readonly advice?: StatementAdvice;
  readonly isRefresh: boolean;
  constructor(object: string, why: string, refusal: StatementRefusal = {}) {
    const { cause, conflict, advice, isRefresh = false } = refusal;
    super(
      refusedStatement({ ...refusal, object, why }),
      cause === undefined ? undefined : { cause },
    );
    this.object = object;
    this.why = why;
    if (conflict) this.conflict = conflict;
    if (advice) this.advice = advice;
    this.isRefresh = isRefresh;
  }

  /** The same refusal with changed facts. */
  restated(changes: StatementRefusal): StatementRefused {
    const { object, why, cause, conflict, advice, isRefresh } = this;
    return new StatementRefused(object, why, {
      cause,
      isRefresh,
      ...(conflict && { conflict }),
      ...(advice && { advice }),
      ...changes,
    });
  }
}

/** An object that a transaction has written to. */
export interface WrittenObject {
  /** PostgreSQL's name of the kind, such as `table`, `sequence`, `large object`. */
  readonly kind: string;
  /** Such as `table acme.orders`, `sequence acme.invoice_no`, `a large object` */
  readonly title: string;
}

/** The transaction changed an object that existed before it, or created one outside of the restored schemas. */
export class RestoreWroteOutside extends Permanent {
  readonly objects: readonly string[];
  constructor(written: readonly WrittenObject[]) {
    const objects = written.map(({ title }) => title);
    const isSequence = written.some(({ kind }) => kind === 'sequence');
    super(
      `The restore would have changed ${objects.slice(0, 5).join(', ')}${objects.length > 5 ? ` and ${objects.length - 5} more` : ''}, outside of the restored schemas. ` +
        `Nothing was restored, and all changes were rolled back${isSequence ? '; but numbers that were taken from a sequence are not given back' : ''}. ` +
        'Code of the backup made the changes while its rows were loaded: review its checks, domains, generated columns and functions, and event triggers of the database.',
    );
    this.objects = objects;
  }
}

/** The connection or the server went away during the restore. The transaction was rolled back. */
export class RestoreInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(`The restore was interrupted: ${why}. Nothing was kept; it is tried again.`, options);
  }
}

/** A swap needs a backup of the live schemas first, and that backup failed. */
export class SafetyBackupFailed extends Permanent {
  constructor(backupId: string, why: string) {
    super(
      `A swap first takes a safety backup of the live schema. This one, ${backupId}, was not completed: ${why} Nothing was exchanged. Correct the cause, then request the swap again.`,
    );
  }
}

export class SafetyBackupPending extends Retryable {
  constructor(backupId: string, status: string) {
    super(
      `A swap first takes a safety backup of the live schema. This one, ${backupId}, is still ${status}. The swap continues after it is completed.`,
    );
  }
}

/** Dependent objects of other schemas would go on using the old schema after a swap, and the request did not accept that. */
export class DependentsStay extends Permanent {
  /** @param staying a line for each, with the reason */
  constructor(staying: readonly string[]) {
    super(
      `${staying.slice(0, 5).join('; ')}${staying.length > 5 ? ` and ${staying.length - 5} more` : ''} would stay with the old schema and not use the restored one. Correct that, or request the swap with "acceptDependents": true.`,
    );
  }
}

/** A restore failed after it had committed the schema: the schema is complete and stays. */
export class StepNotDone extends Permanent {
  constructor(what: string, schemas: readonly string[], cause: unknown) {
    super(
      `${what}: ${cause instanceof Error ? cause.message : 'the log has the reason.'} The whole backup is in ${schemas.map(quoted).join(', ')}, and no live data is lost. Request it again; Larder removes neither schema.`,
      { cause },
    );
  }
}
