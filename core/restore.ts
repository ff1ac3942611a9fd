import * as z from 'zod';
import type { Job } from './job.ts';
import { basicTime } from './keys.ts';
import type { Dependent } from './restore-dependents.ts';
import { sourceName } from './settings.ts';

/**
 * Bringing a backup back. `beside` makes a new schema next to the live one, `tables` the same with chosen tables (or puts them
 * where the live schema has none of the name), `swap` exchanges the names afterwards, `undo` exchanges them back, `elsewhere`
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
  /** Tables whose rows are loaded, of all that will be. */
  readonly tablesDone: number;
  readonly tablesTotal: number;
  /** Bytes of the stored object read so far, of all there are. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
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
 * writes the live one. Found by searching the text, so it may refer to something else of that name.
 */
export interface NamesLive {
  /** Such as `the default of column "no" of table "acme.orders"`, with the backup's own names. */
  readonly what: string;
  /** True where it would change something, as `nextval` in a default does. */
  readonly writes: boolean;
}

/** What was found before anything was written. With `problems` nothing is written at all. */
export interface RestoreReport {
  readonly at: string;
  readonly serverVersion: string;
  readonly schemas: readonly SchemaPlace[];
  /** What it will need: bytes on the server, estimated; seconds, estimated; seconds the function has. */
  readonly needs: {
    readonly databaseBytes: number;
    readonly seconds: number;
    readonly secondsAllowed: number;
  };
  /** Extensions that the backup needs and the database has not; `available` ones can be created. */
  readonly missingExtensions: readonly {
    readonly name: string;
    readonly version: string;
    readonly schema: string;
    readonly available: boolean;
  }[];
  /** Roles that own or are granted something in the backup and that are not there, or that we can't give anything to. */
  readonly missingRoles: readonly string[];
  /** Objects of other schemas that the backup needs and the database has not, as SQL writes them. */
  readonly missingOutside: readonly string[];
  /** Function bodies are text: these go on naming the live schema. @deprecated `namingLive` lists all objects. A plain backup has only this. */
  readonly functionsNamingLive: readonly string[];
  /** Objects whose strings name the live schema, functions included. Absent where a dry run cannot find them, as in a plain backup. */
  readonly namingLive?: readonly NamesLive[];
  /** Constraints to tables outside, added after the rest, as `schema.table: constraint`. */
  readonly foreignKeysOutside: readonly string[];
  /** Objects outside that depend on the live schema and would stay with the old one after a swap. @deprecated see `dependentObjects` */
  readonly dependents: readonly string[];
  /** The same objects in detail, with the SQL for each; absent in reports of older versions. */
  readonly dependentObjects?: readonly Dependent[];
  /** Why it is refused, each with what to do; empty where it can go on. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface RestoredForeignKey {
  readonly table: TableName;
  readonly name: string;
  /** `not-valid` holds for new rows only; `left-out` is not there: `why` says why, `sql` would add it. */
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

/** `not-valid` holds for new rows only, `unfilled` is a materialized view without rows, `not-computed` a generated column that holds NULL. */
export const UNFINISHED_STATES = ['not-valid', 'missing', 'unfilled', 'not-computed'] as const;

/** An object that a restore with `report` could not bring back as it was. */
export interface UnfinishedObject {
  readonly kind: UnfinishedKind;
  /** As a person would name it, under the backup's own schema name. */
  readonly object: string;
  readonly state: (typeof UNFINISHED_STATES)[number];
  /** What PostgreSQL says. */
  readonly why: string;
  /** Completes it in its present schema, after the rows were corrected; several statements are separated by `;` and a newline. */
  readonly sql?: string;
}

/** What a restore came to, written when it has ended well. */
export interface RestoreOutcome {
  readonly schemas: readonly SchemaPlace[];
  readonly tables: number;
  readonly rows: number;
  readonly bytesRead: number;
  readonly foreignKeys: readonly RestoredForeignKey[];
  /** What the backup holds and the new schema does not, with the reason: `what` as a person would name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Objects that are not as they were, each with the statement that completes it. Absent in older rows, and after an undo. */
  readonly unfinished?: readonly UnfinishedObject[];
  /** Objects whose strings name the live schema; absent if the restored schema has its name. */
  readonly namingLive?: readonly NamesLive[];
  /** After a swap: where what was live before is now. */
  readonly before: readonly SchemaPlace[];
  /** After an exchange of names: the dependents of the live schema, and which schema each uses now. */
  readonly dependentObjects?: readonly Dependent[];
  readonly warnings: readonly string[];
}

export interface Restore extends Job {
  readonly mode: RestoreMode;
  /** The source that the backup was taken from; `source` is the one it is written to. */
  readonly from: string;
  /** The backup's schema, as people know it. */
  readonly schemaName: string;
  /** The name that a person wants for the new schema; absent takes `restoredName`. */
  readonly newSchema?: string;
  /** For `tables`: names of tables of the backup's schema. */
  readonly tables?: readonly string[];
  /** For `tables`: into the live schema, which must have none of the name, or beside it. */
  readonly into: 'beside' | 'live';
  readonly owners: 'keep' | 'drop';
  /** Swap although objects outside depend on the old schema. */
  readonly acceptDependents: boolean;
  /** Repoint the dependents to the restored schema where that is possible. */
  readonly repointDependents?: boolean;
  /** Under `owners: 'drop'`, although functions of the backup run as the restore role. */
  readonly acceptOwnCode?: boolean;
  /** Absent in older rows: `stop`. */
  readonly onConflict?: OnConflict;
  /** Report only: nothing is written. */
  readonly dryRun: boolean;
  /** For `undo`: the swap that is undone. */
  readonly undoes?: string;
  /** The secret of its markers on the source, written before the first marker. No answer shows it. */
  readonly seal?: string;
  /** The backup of the live schema that a swap takes first. */
  readonly safetyBackupId?: string;
  /** The live schemas that the safety backup holds: only these are exchanged. No answer shows them. */
  readonly safeguarded?: readonly { readonly schema: string; readonly oid: string }[];
  /** For a swap: the renames that are left to be done once all else is. */
  readonly exchange?: readonly SchemaPlace[];
  readonly progress?: RestoreProgress;
  readonly report?: RestoreReport;
  readonly outcome?: RestoreOutcome;
}

/** The result of a dry run: the restore can go on, or would be refused for `report.problems`. */
export const DRY_RUN_VERDICTS = ['can-go-on', 'refused'] as const;
export type DryRunVerdict = (typeof DRY_RUN_VERDICTS)[number];

/** Undefined for a restore that writes, and for a dry run that is not completed. */
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
  if (/\p{Cc}/u.test(name)) return 'a schema name with control characters is not made';
  if (/^pg_/i.test(name)) return 'names that begin with pg_ are reserved to PostgreSQL';
  if (!name.isWellFormed()) return 'it is no well-formed Unicode';
  return undefined;
};

/** `name` and an ending in 63 bytes: the name gives way, and no character is cut in two. */
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

/** `acme_restored_20261121t020000`: the new schema of a restore asked for at that time. */
export const restoredName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_restored_${sortable(createdAt)}`);

/** `acme_before_20261121t020000`: where a swap puts what was live. */
export const beforeName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_before_${sortable(createdAt)}`);

/** `acme_undone_20261121t020000`: where undoing a swap puts what the swap had brought. */
export const undoneName = (schema: string, createdAt: string): string =>
  withEnding(schema, `_undone_${sortable(createdAt)}`);

const schemaName = z.string().superRefine((name, context) => {
  const message = schemaNameProblem(name);
  if (message) context.addIssue({ code: 'custom', message });
});
const owners = z.enum(['keep', 'drop']).default('keep');
/** Although code of the backup would run as the restore role, as with `owners: "drop"`. */
const acceptOwnCode = z.boolean().default(false);
const dryRun = z.boolean().default(false);
const onConflict = z.enum(ON_CONFLICT);

/** POST .../restores: all of it is optional. */
export const restoreRequest = z
  .strictObject({
    /** Tables to bring back, all where absent. */
    tables: z.array(z.string().min(1).max(63)).min(1).max(1000).optional(),
    /** `live` puts the tables where they were, if none of the name is there. */
    into: z.enum(['beside', 'live']).default('beside'),
    /** The new schema's name. */
    schemaName: schemaName.optional(),
    owners,
    acceptOwnCode,
    /** Absent: `report` beside, `stop` into the live schema, which the application relies on. */
    onConflict: onConflict.optional(),
    dryRun,
  })
  .refine(({ into, tables }) => into === 'beside' || tables, {
    path: ['into'],
    message: '"live" is for chosen tables; restore a whole schema with POST .../swap',
  })
  .refine(({ into, schemaName: name }) => into === 'beside' || name === undefined, {
    path: ['schemaName'],
    message: 'tables that go into the live schema make no new one',
  });
export type RestoreRequest = z.output<typeof restoreRequest>;

/** POST .../swap. Owners and grants are always kept: without them a swap is an outage. */
export const swapRequest = z.strictObject({
  /** Although foreign keys, views or publications outside would go on with the old schema. */
  acceptDependents: z.boolean().default(false),
  /** Recreate dependents in the exchange's transaction where possible, so that they use the restored schema. */
  repointDependents: z.boolean().default(false),
  /** With `report`, constraints, indexes or materialized views of the new live schema may be unfinished. */
  onConflict: onConflict.default('stop'),
  acceptOwnCode,
  dryRun,
});
export type SwapRequest = z.output<typeof swapRequest>;

/** POST .../elsewhere. */
export const elsewhereRequest = z.strictObject({
  /** The source to write into, which must allow it (`restore.from` in its configuration). */
  target: sourceName,
  /** Absent: its own name, which must be free there. */
  schemaName: schemaName.optional(),
  owners,
  acceptOwnCode,
  onConflict: onConflict.default('report'),
  dryRun,
});
export type ElsewhereRequest = z.output<typeof elsewhereRequest>;
