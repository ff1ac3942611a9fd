import * as z from 'zod';
import type { Job } from './job.ts';
import { basicTime } from './keys.ts';
import type { Dependent } from './restore-dependents.ts';
import { sourceName } from './settings.ts';

/**
 * Restoring a backup. `beside` makes a new schema next to the live one. `tables` does the same with chosen tables (or puts them
 * into the live schema, if it has none of the name). `swap` exchanges the names afterwards, `undo` exchanges them back, `elsewhere`
 * writes into another source. Times are ISO 8601 in UTC, sizes bytes.
 */
export const RESTORE_MODES = ['beside', 'tables', 'swap', 'undo', 'elsewhere'] as const;
export type RestoreMode = (typeof RESTORE_MODES)[number];

export const RESTORE_STEPS = [
  'checking',
  'safety-backup',
  'loading',
  'counting',
  'foreign-keys',
  'exchanging',
] as const;
export type RestoreStep = (typeof RESTORE_STEPS)[number];

export interface RestoreProgress {
  readonly step: RestoreStep;
  /** Tables whose rows are loaded so far. */
  readonly tablesDone: number;
  readonly tablesTotal: number;
  /** Bytes of the stored object read so far. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** When the step began; absent in rows of older versions. */
  readonly since?: string;
  readonly at: string;
}

/** The name of a schema in the backup, and the one that it gets. */
export interface SchemaPlace {
  readonly from: string;
  readonly to: string;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * An expression, a body or an argument that names the live schema in a string constant: in a schema of another name it still reads or
 * writes the live one. Found by a text search, so it may refer to something else of that name.
 */
export interface NamesLive {
  /** Such as `the default of column "no" of table "acme.orders"`, with the backup's own names. */
  readonly what: string;
  /** True if it would change something, as `nextval` in a default does. */
  readonly writes: boolean;
}

/** Result of the preflight checks. With `problems` nothing is written. */
export interface RestoreReport {
  readonly at: string;
  readonly serverVersion: string;
  readonly schemas: readonly SchemaPlace[];
  /** What the restore needs: bytes on the server, estimated; seconds, estimated; seconds that the function has. */
  readonly needs: {
    readonly databaseBytes: number;
    readonly seconds: number;
    readonly secondsAllowed: number;
  };
  /** Extensions that the backup needs and the database lacks; `available` ones can be created. */
  readonly missingExtensions: readonly {
    readonly name: string;
    readonly version: string;
    readonly schema: string;
    readonly available: boolean;
  }[];
  /** Roles that own or are granted something in the backup, and that do not exist or cannot get anything from the restore role. */
  readonly missingRoles: readonly string[];
  /** Objects of other schemas that the backup needs and the database lacks, as SQL writes them. */
  readonly missingOutside: readonly string[];
  /** Function bodies are text and still name the live schema. @deprecated `namingLive` lists all objects. A plain backup has only this. */
  readonly functionsNamingLive: readonly string[];
  /** Objects whose strings name the live schema, functions included. Absent where a dry run cannot find them, as in a plain backup. */
  readonly namingLive?: readonly NamesLive[];
  /** Constraints to tables outside, added after the rest, as `schema.table: constraint`. */
  readonly foreignKeysOutside: readonly string[];
  /** Objects outside that depend on the live schema and would stay with the old one after a swap. @deprecated see `dependentObjects` */
  readonly dependents: readonly string[];
  /** The same objects in detail, with the SQL for each; absent in reports of older versions. */
  readonly dependentObjects?: readonly Dependent[];
  /** Reasons why it is refused, each with what to do; empty if it is not. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface RestoredForeignKey {
  readonly table: TableName;
  readonly name: string;
  /** `not-valid` checks new rows only; `left-out` was not added: `why` gives the reason, `sql` would add it. */
  readonly state: 'valid' | 'not-valid' | 'left-out';
  readonly why?: string;
  readonly sql?: string;
}

/**
 * What to do if rows of a backup violate its definitions, such as an orphan row behind a foreign key: `stop` restores nothing; `report`
 * restores every row and lists the object as unfinished.
 */
export const ON_CONFLICT = ['stop', 'report'] as const;
export type OnConflict = (typeof ON_CONFLICT)[number];

export const UNFINISHED_KINDS = [
  'check',
  'not-null',
  'domain-check',
  'generated-column',
  'foreign-key',
  'primary-key',
  'unique',
  'exclusion',
  'index',
  'statistics',
  'materialized-view',
  'view',
  'routine',
  'trigger',
  'policy',
  'other',
] as const;
export type UnfinishedKind = (typeof UNFINISHED_KINDS)[number];

/** `not-valid` checks new rows only, `unfilled` is a materialized view without rows, `not-computed` a generated column that holds NULL. */
export const UNFINISHED_STATES = ['not-valid', 'missing', 'unfilled', 'not-computed'] as const;

/** An object that a restore with `report` could not restore completely. */
export interface UnfinishedObject {
  readonly kind: UnfinishedKind;
  /** As people name it, under the backup's own schema name. */
  readonly object: string;
  readonly state: (typeof UNFINISHED_STATES)[number];
  /** PostgreSQL's message. */
  readonly why: string;
  /** Completes it in its present schema after the rows are corrected; several statements are separated by `;` and a newline. */
  readonly sql?: string;
}

/** Result of a restore, written when it has completed. */
export interface RestoreOutcome {
  readonly schemas: readonly SchemaPlace[];
  readonly tables: number;
  readonly rows: number;
  readonly bytesRead: number;
  readonly foreignKeys: readonly RestoredForeignKey[];
  /** What the backup has and the new schema lacks, with the reason: `what` as people name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Objects that were not restored completely, each with the statement that completes it. Absent in older rows, and after an undo. */
  readonly unfinished?: readonly UnfinishedObject[];
  /** Objects whose strings name the live schema; absent if the restored schema has the live name. */
  readonly namingLive?: readonly NamesLive[];
  /** After a swap: the present names of the schemas that were live before. */
  readonly before: readonly SchemaPlace[];
  /** After an exchange of names: the dependents of the live schema, and which schema each uses now. */
  readonly dependentObjects?: readonly Dependent[];
  readonly warnings: readonly string[];
}

export interface Restore extends Job {
  readonly mode: RestoreMode;
  /** The source of the backup; `source` is the target. */
  readonly from: string;
  /** The backup's schema, as people name it. */
  readonly schemaName: string;
  /** The requested name of the new schema; absent means `restoredName`. */
  readonly newSchema?: string;
  /** For `tables`: names of tables of the backup's schema. */
  readonly tables?: readonly string[];
  /** For `tables`: into the live schema, which must have no table of the name, or beside it. */
  readonly into: 'beside' | 'live';
  readonly owners: 'keep' | 'drop';
  /** Swap although outside objects depend on the old schema. */
  readonly acceptDependents: boolean;
  /** Repoint the dependents to the restored schema if possible. */
  readonly repointDependents?: boolean;
  /** Under `owners: 'drop'`: accept that functions of the backup run as the restore role. */
  readonly acceptOwnCode?: boolean;
  /** Absent in older rows: `stop`. */
  readonly onConflict?: OnConflict;
  /** Report only: nothing is written. */
  readonly dryRun: boolean;
  /** For `undo`: the swap to undo. */
  readonly undoes?: string;
  /** The secret of its markers on the source, written before the first marker. No answer shows it. */
  readonly seal?: string;
  /** The backup of the live schema that a swap takes first. */
  readonly safetyBackupId?: string;
  /** The live schemas that the safety backup holds: only these are exchanged. No answer shows them. */
  readonly safeguarded?: readonly { readonly schema: string; readonly oid: string }[];
  /** For a swap: the renames that remain when everything else is done. */
  readonly exchange?: readonly SchemaPlace[];
  readonly progress?: RestoreProgress;
  readonly report?: RestoreReport;
  readonly outcome?: RestoreOutcome;
}

/** The result of a dry run: the restore can be done, or would be refused because of `report.problems`. */
export const DRY_RUN_VERDICTS = ['can-go-on', 'refused'] as const;
export type DryRunVerdict = (typeof DRY_RUN_VERDICTS)[number];

/** Undefined for a restore that writes, and for a dry run that has not completed. */
export const dryRunVerdict = ({
  dryRun,
  status,
  report,
}: Pick<Restore, 'dryRun' | 'status' | 'report'>): DryRunVerdict | undefined => {
  if (!dryRun || status !== 'completed' || !report) return undefined;
  return report.problems.length ? 'refused' : 'can-go-on';
};

const MAX_NAME_BYTES = 63;

/** What is wrong with a schema's name, or undefined. Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
export const schemaNameProblem = (name: string): string | undefined => {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > MAX_NAME_BYTES)
    return `a schema's name has 1 to ${MAX_NAME_BYTES} bytes`;
  if (/\p{Cc}/u.test(name)) return 'a schema name must not contain control characters';
  if (/^pg_/i.test(name)) return 'names that begin with pg_ are reserved to PostgreSQL';
  if (!name.isWellFormed()) return 'it is not well-formed Unicode';
  return undefined;
};

/** `name` and an ending in 63 bytes: the name is shortened, and no character is cut in two. */
const withEnding = (name: string, ending: string): string => {
  const room = MAX_NAME_BYTES - Buffer.byteLength(ending);
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > room) break;
    kept += character;
  }
  return kept + ending;
};

const sortable = (isoTime: string): string => basicTime(isoTime).slice(0, 15).toLowerCase();

/** `acme_restored_20261121t020000`: the new schema of a restore that was requested at that time. */
export const restoredName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_restored_${sortable(createdAt)}`);

/** `acme_before_20261121t020000`: the name that a swap gives to the former live schema. */
export const beforeName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_before_${sortable(createdAt)}`);

/** `acme_undone_20261121t020000`: the name that the undo of a swap gives to the schema from the swap. */
export const undoneName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_undone_${sortable(createdAt)}`);

const schemaName = z.string().superRefine((name, context) => {
  const message = schemaNameProblem(name);
  if (message) context.addIssue({ code: 'custom', message });
});
const owners = z.enum(['keep', 'drop']).default('keep');
/** Accepts that code of the backup runs as the restore role, as with `owners: "drop"`. */
const acceptOwnCode = z.boolean().default(false);
const dryRun = z.boolean().default(false);
const onConflict = z.enum(ON_CONFLICT);

/** POST .../restores: all of it is optional. */
export const restoreRequest = z
  .strictObject({
    /** Tables to restore; absent: all. */
    tables: z.array(z.string().min(1).max(63)).min(1).max(1000).optional(),
    /** `live` puts the tables into the live schema, if it has none of the names. */
    into: z.enum(['beside', 'live']).default('beside'),
    /** The new schema's name. */
    schemaName: schemaName.optional(),
    owners,
    acceptOwnCode,
    /** Absent: `report` beside the live schema, `stop` into it, because the application relies on it. */
    onConflict: onConflict.optional(),
    dryRun,
  })
  .refine(({ into, tables }) => into === 'beside' || tables, {
    path: ['into'],
    message: '"live" is for chosen tables; restore a whole schema with POST .../swap',
  })
  .refine(({ into, schemaName: name }) => into === 'beside' || name === undefined, {
    path: ['schemaName'],
    message: 'tables that are restored into the live schema need no new one; leave it out',
  });
export type RestoreRequest = z.output<typeof restoreRequest>;

/** POST .../swap. Owners and grants are always kept: a swap without them is an outage. */
export const swapRequest = z.strictObject({
  /** Accepts that outside foreign keys, views or publications go on using the old schema. */
  acceptDependents: z.boolean().default(false),
  /** Recreate dependents in the exchange's transaction if possible, so that they use the restored schema. */
  repointDependents: z.boolean().default(false),
  /** With `report`, constraints, indexes or materialized views of the new live schema may be unfinished. */
  onConflict: onConflict.default('stop'),
  acceptOwnCode,
  dryRun,
});
export type SwapRequest = z.output<typeof swapRequest>;

/** POST .../elsewhere. */
export const elsewhereRequest = z.strictObject({
  /** The source to write into. It must allow this (`restore.from` in its configuration). */
  target: sourceName,
  /** Absent: the backup's schema name, which must be free there. */
  schemaName: schemaName.optional(),
  owners,
  acceptOwnCode,
  onConflict: onConflict.default('report'),
  dryRun,
});
export type ElsewhereRequest = z.output<typeof elsewhereRequest>;
