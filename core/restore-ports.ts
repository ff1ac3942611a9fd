import type { Readable } from 'node:stream';
import type { Compression, Format } from './backup.ts';
import type { Loosening } from './errors/restore.ts';
import type { Manifest } from './manifest.ts';
import type { NotOwned, RestoringProject } from './ownership.ts';
import type {
  NamesLive,
  OnConflict,
  RestoredForeignKey,
  RestoreReport,
  SchemaPlace,
  TableName,
  UnfinishedObject,
} from './restore.ts';
import type { Dependent } from './restore-dependents.ts';
import type { ServerFacts } from './snapshot-ports.ts';
import type { StoredManifest } from './vault-ports.ts';

/**
 * What restoring and verifying need from the world. The SQL of a backup flows from the vault through an archive reader
 * into one session and one transaction, whose COMMIT is sent only when `confirm` has agreed.
 */

/** Reads objects of the vault. */
export interface VaultReader {
  /**
   * The object from the byte `from` on (0 by default), to its end or for `bytes`. A connection that breaks is taken up
   * again where it broke. @throws BackupGone where there is none, UploadInterrupted's like: ReadInterrupted
   */
  read(key: string, range?: { readonly from: number; readonly bytes?: number }): Readable;
  /** Size and what the vault knows of it, or undefined where there is none. */
  head(key: string): Promise<{ readonly key: string; readonly bytes: number } | undefined>;
  readManifest(key: string): Promise<StoredManifest | undefined>;
}

export interface SqlRequest {
  readonly format: Format;
  readonly compression: Compression;
  /** The stored object's bytes. All of them are read, whatever the reader needs. */
  readonly input: Readable;
  /** Ids of the table of contents to take, in its order; absent takes all. Never with a plain backup. */
  readonly entries?: readonly number[];
  /** Of the server that the SQL is for: programs of its major are taken, else of the next above. */
  readonly serverMajor: number;
  readonly signal: AbortSignal;
}

/** A backup as SQL text. */
export interface SqlText {
  /** Ends only after the program that writes it has exited 0 and read all of `input`, and the end of the text was seen. An error of any part ends it. */
  readonly text: AsyncIterable<Buffer>;
}
export interface ArchiveReader {
  open(request: SqlRequest): Promise<SqlText>;
  /**
   * What of an archive's table of contents chosen tables need: their indexes, constraints, sequences and triggers, and the
   * partitions below them. @throws DumpUnreadable
   */
  choose(request: {
    readonly format: Exclude<Format, 'plain'>;
    /** Bytes of the stored object. */
    readonly read: (from: number, bytes: number) => Promise<Buffer>;
    readonly tables: readonly TableName[];
  }): Promise<ChosenEntries>;
}
export interface ChosenEntries {
  readonly entries: readonly number[];
  /** The chosen tables and their partitions. */
  readonly tables: readonly TableName[];
  /** Foreign keys to tables that were not chosen, and the like. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** More of it, where `withNeeds` are restored: rows of tables that are only needed, owners of sequences. */
  readonly leftOutBeside?: ChosenEntries['leftOut'];
  /** Names that `entries` take, beside those of `tables`: relations (indexes, sequences) and statistics are there once a schema. */
  readonly makes?: readonly (TableName & { readonly kind: 'relation' | 'statistics' })[];
  /** Sequences that the tables count with and that are no chosen table's own: into live schemas they are not made but used. */
  readonly uses?: readonly TableName[];
  /** Types, functions and others of the backup's schemas that the tables need: in `entries` where `withNeeds`, as SQL writes them. */
  readonly needs: readonly string[];
  /** `entries` and what is needed, for a place that has nothing. */
  readonly withNeeds: readonly number[];
}

/** Objects of a backup that call functions, of its own or PostgreSQL's, during a restore. */
export interface OwnCode {
  /** Its id in the table of contents. */
  readonly entry: number;
  /** Such as `table "acme.orders"`. */
  readonly what: string;
  /** As SQL names them: `acme.is_price(numeric)`. */
  readonly functions: readonly string[];
  /** Names that it calls without a schema, which are PostgreSQL's: the server knows which of them do more than compute. */
  readonly builtIns: readonly string[];
  /** Whose it is; empty where the backup does not say. */
  readonly owner: string;
  /** True for indexes and materialized views, in which PostgreSQL lets nobody change the role. */
  readonly restricted: boolean;
  /** A materialized view's query, which may call any function that is not volatile and reads no tables by name. */
  readonly isView?: true;
}
/** Reads an archive's table of contents. @throws DumpUnreadable */
export type ReadOwnCode = (
  request: Omit<Parameters<ArchiveReader['choose']>[0], 'tables'>,
) => Promise<readonly OwnCode[]>;

/**
 * Reads an archive's table of contents for what names schemas in string constants.
 * @returns all of it, and the functions among it as SQL writes them. @throws DumpUnreadable
 */
export type ReadNaming = (request: {
  /** Bytes of the stored object. */
  readonly read: (from: number, bytes: number) => Promise<Buffer>;
  readonly schemas: readonly string[];
  /** Ids of the table of contents to look at; absent: all. */
  readonly entries?: readonly number[];
}) => Promise<{ readonly all: readonly NamesLive[]; readonly functions: readonly string[] }>;

/** A source as a restore sees it before it writes: reads only. */
export interface PreflightRequest {
  readonly manifest: Manifest;
  readonly project: RestoringProject;
  readonly places: readonly SchemaPlace[];
  /** Whether the schemas of the backup's names are live there and stay while theirs are restored beside. */
  readonly mode: 'beside' | 'tables-live' | 'swap' | 'elsewhere';
  readonly tables?: readonly TableName[];
  /** For `tables-live`: what else the chosen entries make, use and need. */
  readonly chosen?: Partial<Pick<ChosenEntries, 'makes' | 'uses' | 'needs'>>;
  readonly owners: 'keep' | 'drop';
  readonly createExtensions: boolean;
  readonly acceptDependents: boolean;
  readonly repointDependents?: boolean;
  /** Absent if it cannot be known beforehand, as for a plain backup. */
  readonly ownCode?: readonly OwnCode[];
  /** Although it runs as the restore role, as under `owners: 'drop'`. */
  readonly acceptOwnCode?: boolean;
  /** For a swap: names that what is live gets, which must be free. */
  readonly before?: readonly SchemaPlace[];
  readonly signal: AbortSignal;
}
export type Preflight = Omit<RestoreReport, 'at' | 'needs' | 'schemas' | 'serverVersion'> & {
  readonly server: ServerFacts;
  /** Those of the backup's schemas that are there now. */
  readonly live: readonly LiveSchema[];
  /** Schemas that the restore would change although they do not belong to the project; `problems` has a line for each. */
  readonly notOwned: readonly NotOwned[];
};

/** A schema under whatever name: its OID in the catalog stays when it is renamed. */
export interface LiveSchema {
  readonly schema: string;
  readonly oid: string;
}

/** Proves that a marker was written by this restore: markers are in comments, which every owner of the object may write. */
export interface MarkerSecret {
  readonly restoreId: string;
  /** The restore record's secret, 32 hex digits or more. */
  readonly seal: string;
}

export interface LoadRequest extends MarkerSecret {
  readonly attempt: number;
  readonly manifest: Manifest;
  readonly project: RestoringProject;
  readonly places: readonly SchemaPlace[];
  readonly mode: PreflightRequest['mode'];
  /** Only these tables are in the text; absent: all of the manifest's. */
  readonly tables?: readonly TableName[];
  readonly owners: 'keep' | 'drop';
  /** Code of the backup may run with the restore role's rights if it cannot be restricted to another owner. */
  readonly acceptOwnCode?: boolean;
  /** Roles that nothing can be given to: their grants and ownerships are left out and listed. */
  readonly missingRoles: readonly string[];
  readonly createExtensions: boolean;
  readonly lockTimeoutMs: number;
  /** Absent: `stop`. */
  readonly onConflict?: OnConflict;
  /** With `report`, after a StatementRefused whose `conflict` named it. */
  readonly loosen?: Loosening;
  readonly text: AsyncIterable<Buffer>;
  /** Asked when all has been executed and counted, before COMMIT; its rejection rolls everything back. */
  readonly confirm: () => Promise<void>;
  readonly onTable: (table: TableName) => void;
  readonly signal: AbortSignal;
}
export interface Loaded {
  readonly tables: number;
  readonly rows: number;
  /** Constraints to tables outside, left out of the transaction. */
  readonly foreignKeys: readonly OutsideForeignKey[];
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** With `report`: what is not as it was. */
  readonly unfinished: readonly UnfinishedObject[];
  readonly warnings: readonly string[];
  /** What names the live schema in string constants; absent where an earlier attempt has loaded it, or where no name is another. */
  readonly namingLive?: readonly NamesLive[];
}
export interface OutsideForeignKey {
  /** Where it is now: in the new schema. */
  readonly table: TableName;
  readonly name: string;
  /** The statement that adds it to the table where it is now, without NOT VALID. */
  readonly sql: string;
  /** The source itself had never validated it. */
  readonly neverValidated?: boolean;
  /** What the source says of it. */
  readonly comment?: string;
  /** Its table is outside of what was restored, and others use it: nothing may lock it for long. */
  readonly inUse?: true;
}

export interface Renamed {
  /** `already` where it had happened before. */
  readonly names: 'renamed' | 'already';
  /** Dependents of the live schemas, and the result for each. */
  readonly dependents: readonly Dependent[];
  /** Keys of tables outside that are there, NOT VALID. */
  readonly keys: readonly OutsideForeignKey[];
}

export interface RenameOptions {
  readonly project: RestoringProject;
  /** Names of the project itself: all others are only set aside or returned. */
  readonly names: readonly string[];
  /** The schemas that must have those names, if known: those in the safety backup. */
  readonly expected?: readonly LiveSchema[];
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
  /** The swap that is undone: only where the live schemas are still those that it brought. */
  readonly undoes?: MarkerSecret;
  /** Repoint the live schemas' dependents to the schemas that replace them. */
  readonly repoint?: { readonly acceptOthers: boolean };
}

/** One source with the login of its restore role. Rejections are named errors; nothing is half done after one. */
export interface RestoreServer {
  preflight(request: PreflightRequest): Promise<Preflight>;
  /** One transaction: all or nothing. @throws RestoreMismatch, RestoreRefused, LockTimeout, ... */
  load(request: LoadRequest): Promise<Loaded>;
  /** What an earlier attempt of this restore committed before it died, by the mark it left; undefined where it had not. */
  findLoaded(by: MarkerSecret, places: readonly SchemaPlace[]): Promise<Loaded | undefined>;
  /** Adds them NOT VALID in short transactions, then validates them; those that are there already are no error. */
  addForeignKeys(
    keys: readonly OutsideForeignKey[],
    options: { readonly lockTimeoutMs: number; readonly signal: AbortSignal },
  ): Promise<readonly RestoredForeignKey[]>;
  /**
   * Exchanges names in one short transaction: `from` becomes `to` for each, in order. Nothing is done where it was done before.
   * With `undoes` only where the live schemas are still those that this swap brought. With `repoint` their dependents are
   * recreated, and so use the new live schemas; foreign keys have to be validated afterwards (`addForeignKeys`).
   * @throws LockTimeout, SchemaNotFound, SchemaNotOwned, RestoreRefused (also for what stays, unless `acceptOthers`)
   */
  rename(
    by: MarkerSecret,
    places: readonly SchemaPlace[],
    options: RenameOptions,
  ): Promise<Renamed>;
  /** After such an exchange: the dependents that the live schemas had, and which schemas they use now. */
  lookAfter(places: readonly SchemaPlace[]): Promise<Pick<Renamed, 'dependents' | 'keys'>>;
  /** Whether the exchange of `places` has happened, by the marks that it left. */
  isExchanged(by: MarkerSecret, places: readonly SchemaPlace[]): Promise<boolean>;
  /** Ends sessions that earlier attempts of this restore left behind. */
  endLeftovers(restoreId: string, belowAttempt: number): Promise<number>;
}
