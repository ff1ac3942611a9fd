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
 * The ports of restores and verifications. The SQL of a backup flows from the vault through an archive reader
 * into one session and one transaction. Its COMMIT is sent only after `confirm` has resolved.
 */

/** Reads objects of the vault. */
export interface VaultReader {
  /**
   * The object from the byte `from` (default 0), to its end or for `bytes`. After a broken connection the read continues at the
   * same byte. @throws BackupGone if there is no object, ReadInterrupted
   */
  read(key: string, range?: { readonly from: number; readonly bytes?: number }): Readable;
  /** Key and size, or undefined if there is no object. */
  head(key: string): Promise<{ readonly key: string; readonly bytes: number } | undefined>;
  readManifest(key: string, sha256?: string): Promise<StoredManifest | undefined>;
}

export interface SqlRequest {
  readonly format: Format;
  readonly compression: Compression;
  /** The stored object's bytes. All of them are read, even if the reader needs only some. */
  readonly input: Readable;
  /** Ids of the table of contents to restore, in its order; absent means all. Never set for a plain backup. */
  readonly entries?: readonly number[];
  /** The server that gets the SQL: programs of its major are used, else of the next higher one. */
  readonly serverMajor: number;
  readonly signal: AbortSignal;
}

/** A backup's SQL. */
export interface SqlText {
  /** Ends only after the program that writes it has exited 0 and read all of `input`, and the end of the SQL was seen. Any error ends it. */
  readonly text: AsyncIterable<Buffer>;
}
export interface ArchiveReader {
  open(request: SqlRequest): Promise<SqlText>;
  /**
   * Some entries of a stored archive, as an archive of their own, read by ranges and checked by the manifest's digests of them. Undefined
   * if the manifest has none. @throws BackupDamaged, DumpUnreadable, and errors of the vault
   */
  readParts(request: {
    readonly manifest: Manifest;
    readonly entries: readonly number[];
    readonly vault: Pick<VaultReader, 'read'>;
  }): AsyncIterable<Buffer> | undefined;
  /**
   * Which entries of an archive's table of contents the chosen tables need: their indexes, constraints, sequences and triggers, and their
   * partitions. @throws DumpUnreadable
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
  /** Foreign keys to tables that were not chosen, and similar objects. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Further ones if `withNeeds` are restored: rows of tables that are only needed, owners of sequences. */
  readonly leftOutBeside?: ChosenEntries['leftOut'];
  /** Names that `entries` create besides those of `tables`. Relations (indexes, sequences) and statistics have names of the schema. */
  readonly makes?: readonly (TableName & { readonly kind: 'relation' | 'statistics' })[];
  /** Sequences that the tables use and that belong to no chosen table: a restore into live schemas uses the existing ones. */
  readonly uses?: readonly TableName[];
  /** Types, functions and other objects of the backup's schemas that the tables need, as SQL writes them. Part of `withNeeds`. */
  readonly needs: readonly string[];
  /** `entries` and the objects that they need, for an empty target. */
  readonly withNeeds: readonly number[];
}

/** Objects of a backup that call functions, the backup's own or PostgreSQL's, during a restore. */
export interface OwnCode {
  /** Its id in the table of contents. */
  readonly entry: number;
  /** Such as `table "acme.orders"`. */
  readonly what: string;
  /** As SQL names them: `acme.is_price(numeric)`. */
  readonly functions: readonly string[];
  /** Names that it calls without a schema. They are PostgreSQL's: the server knows which of them do more than compute. */
  readonly builtIns: readonly string[];
  /** Functions that it calls in schemas outside of the backup, such as those of extensions: the server knows which of them only compute. */
  readonly outside?: readonly TableName[];
  /** Its owner; empty if the backup does not name one. */
  readonly owner: string;
  /** True for indexes and materialized views: PostgreSQL lets no code in them change the role. */
  readonly restricted: boolean;
  /** A materialized view's query, which may call any function that is not volatile and reads no tables by name. */
  readonly isView?: true;
}
/** Reads an archive's table of contents. @throws DumpUnreadable */
export type ReadOwnCode = (
  request: Omit<Parameters<ArchiveReader['choose']>[0], 'tables'>,
) => Promise<readonly OwnCode[]>;

/**
 * Reads an archive's table of contents and finds the objects that name schemas in string constants.
 * @returns all of them, and the functions among them as SQL writes them. @throws DumpUnreadable
 */
export type ReadNaming = (request: {
  /** Bytes of the stored object. */
  readonly read: (from: number, bytes: number) => Promise<Buffer>;
  readonly schemas: readonly string[];
  /** Ids of the table of contents to examine; absent: all. */
  readonly entries?: readonly number[];
}) => Promise<{ readonly all: readonly NamesLive[]; readonly functions: readonly string[] }>;

/** What the preflight checks of a restore need. They only read. */
export interface PreflightRequest {
  readonly manifest: Manifest;
  readonly project: RestoringProject;
  readonly places: readonly SchemaPlace[];
  /** Whether the backup's schemas are live and stay live while they are restored under other names. */
  readonly mode: 'beside' | 'tables-live' | 'swap' | 'elsewhere';
  readonly tables?: readonly TableName[];
  /** For `tables-live`: what else the chosen entries create, use and need. */
  readonly chosen?: Partial<Pick<ChosenEntries, 'makes' | 'uses' | 'needs'>>;
  readonly owners: 'keep' | 'drop';
  readonly createExtensions: boolean;
  readonly acceptDependents: boolean;
  readonly repointDependents?: boolean;
  /** Absent if it cannot be known in advance, as for a plain backup. */
  readonly ownCode?: readonly OwnCode[];
  /** The request accepts that the backup's code runs as the restore role, as under `owners: 'drop'`. */
  readonly acceptOwnCode?: boolean;
  /** Absent: `stop`. */
  readonly onConflict?: OnConflict;
  /** For a swap: names that the live schemas get, which must be free. */
  readonly before?: readonly SchemaPlace[];
  readonly signal: AbortSignal;
}
export type Preflight = Omit<RestoreReport, 'at' | 'needs' | 'schemas' | 'serverVersion'> & {
  readonly server: ServerFacts;
  /** Those of the backup's schemas that exist now. */
  readonly live: readonly LiveSchema[];
  /** Schemas that the restore would change although they do not belong to the project; `problems` has a line for each. */
  readonly notOwned: readonly NotOwned[];
};

/** A schema by its OID, which stays the same when the schema is renamed. */
export interface LiveSchema {
  readonly schema: string;
  readonly oid: string;
}

/** Proves that this restore wrote a marker: markers are in comments, which every owner of the object may write. */
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
  /** The SQL contains only these tables; absent: all of the manifest's. */
  readonly tables?: readonly TableName[];
  /** What is restored with them. */
  readonly chosen?: Partial<Pick<ChosenEntries, 'makes' | 'needs'>>;
  readonly owners: 'keep' | 'drop';
  /** Code of the backup may run with the restore role's rights if it cannot be restricted to another owner. */
  readonly acceptOwnCode?: boolean;
  /** Roles that cannot get anything: their grants and ownerships are left out and listed. */
  readonly missingRoles: readonly string[];
  readonly createExtensions: boolean;
  readonly lockTimeoutMs: number;
  /** Absent: `stop`. */
  readonly onConflict?: OnConflict;
  /** With `report`, after a StatementRefused whose `conflict` named it. */
  readonly loosen?: Loosening;
  readonly text: AsyncIterable<Buffer>;
  /** Called before COMMIT, when everything has been executed and counted. If it rejects, everything is rolled back. */
  readonly confirm: () => Promise<void>;
  readonly onTable: (table: TableName) => void;
  readonly signal: AbortSignal;
}
export interface Loaded {
  readonly tables: number;
  readonly rows: number;
  /** Constraints to tables outside, not added in the transaction. */
  readonly foreignKeys: readonly OutsideForeignKey[];
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** With `report`: objects that were not restored completely. */
  readonly unfinished: readonly UnfinishedObject[];
  readonly warnings: readonly string[];
  /** Objects that name the live schema in string constants; absent if an earlier attempt loaded the schema, or if no schema gets another name. */
  readonly namingLive?: readonly NamesLive[];
}
export interface OutsideForeignKey {
  /** Its table in the new schema. */
  readonly table: TableName;
  readonly name: string;
  /** The statement that adds it to the table in the new schema, without NOT VALID. */
  readonly sql: string;
  /** The source itself had never validated it. */
  readonly neverValidated?: boolean;
  /** The comment on it in the source. */
  readonly comment?: string;
  /** Its table is outside of the restored schemas and in use: no statement may lock it for long. */
  readonly inUse?: true;
}

export interface Renamed {
  /** `already` if an earlier attempt has renamed them. */
  readonly names: 'renamed' | 'already';
  /** Dependents of the live schemas, and the result for each. */
  readonly dependents: readonly Dependent[];
  /** Keys of outside tables that were added NOT VALID. */
  readonly keys: readonly OutsideForeignKey[];
}

export interface RenameOptions {
  readonly project: RestoringProject;
  /** Names of the project itself: schemas with other names are only set aside or returned. */
  readonly names: readonly string[];
  /** The schemas that must have those names, if known: those in the safety backup. */
  readonly expected?: readonly LiveSchema[];
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
  /** The schemas that take the names must be those that this restore has loaded. */
  readonly loaded?: true;
  /** The swap to undo: done only if the live schemas are still the ones from that swap. */
  readonly undoes?: MarkerSecret;
  /** Repoint the live schemas' dependents to the schemas that replace them. */
  readonly repoint?: { readonly acceptOthers: boolean };
}

/** One source with the login of its restore role. It rejects with named errors, and then nothing is half done. */
export interface RestoreServer {
  preflight(request: PreflightRequest): Promise<Preflight>;
  /** One transaction: all or nothing. @throws RestoreMismatch, RestoreRefused, LockTimeout, ... */
  load(request: LoadRequest): Promise<Loaded>;
  /** The schemas that an earlier attempt of this restore committed before it died, found by its marker; undefined if it committed none. */
  findLoaded(by: MarkerSecret, places: readonly SchemaPlace[]): Promise<Loaded | undefined>;
  /** Adds them NOT VALID in short transactions, then validates them; existing ones are no error. */
  addForeignKeys(
    keys: readonly OutsideForeignKey[],
    options: { readonly lockTimeoutMs: number; readonly signal: AbortSignal },
  ): Promise<readonly RestoredForeignKey[]>;
  /**
   * Exchanges names in one short transaction: `from` becomes `to` for each, in order. Does nothing if it was done before.
   * With `undoes` only if the live schemas are still the ones from that swap. With `repoint` their dependents are
   * recreated and use the new live schemas; foreign keys must be validated afterwards (`addForeignKeys`).
   * @throws LockTimeout, SchemaNotFound, SchemaNotOwned, RestoreRefused (also for what stays, unless `acceptOthers`)
   */
  rename(
    by: MarkerSecret,
    places: readonly SchemaPlace[],
    options: RenameOptions,
  ): Promise<Renamed>;
  /** After such an exchange: the dependents that the live schemas had, and which schemas they use now. */
  lookAfter(places: readonly SchemaPlace[]): Promise<Pick<Renamed, 'dependents' | 'keys'>>;
  /** Whether the exchange of `places` has happened, according to its markers. */
  isExchanged(by: MarkerSecret, places: readonly SchemaPlace[]): Promise<boolean>;
  /** Ends sessions that earlier attempts of this restore left behind. */
  endLeftovers(restoreId: string, belowAttempt: number): Promise<number>;
}
