import type { Duplex, Readable } from 'node:stream';
import type { Content, Format } from './backup.ts';
import type { ArchiveContents, CopiedTable, Engine, StockReason } from './engine.ts';
import type { Inventory } from './manifest.ts';
import type { Comparison } from './verification.ts';

export interface SnapshotRequest {
  readonly backupId: string;
  readonly attempt: number;
  /**
   * One for a project; several if a source's shared schemas are exported together. The names may still be looked up while
   * sessions are opened; if the look-up fails, the sessions are closed.
   */
  readonly schemas: readonly string[] | Promise<readonly string[]>;
  readonly content: Content;
  readonly lockTimeoutMs: number;
  readonly giveWayAfterSeconds: number | 'never';
  readonly partitionsElsewhere: 'refuse' | 'accept';
  /** `rows` hashes each table's rows besides counting them. */
  readonly compare?: Comparison;
  /** Who writes the archive, where it can; pg_dump by default. */
  readonly engine?: Engine;
  /** Aborting it drops the sessions immediately, during the opening of the snapshot and afterwards. */
  readonly signal?: AbortSignal;
}

export interface SnapshotSource {
  open(request: SnapshotRequest): Promise<Snapshot>;
  /** Ends backends that earlier attempts of this backup left behind, and no others; returns their number. */
  endLeftovers(backupId: string, belowAttempt: number): Promise<number>;
}

/** A consistent state of a project's schemas: tables locked in ACCESS SHARE, everything read in the same snapshot. */
export interface Snapshot {
  readonly server: ServerFacts;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Read before the dump, with everything that could refuse it; `rows` is null. */
  readonly tables: Inventory['tables'];
  /** Everything but exact rows: `tables[].rows` is null. Read during the dump. */
  readonly inventory: Promise<Inventory>;
  /** Bytes of the schema's tables on the server. */
  readonly sourceBytes: number;
  /** Exact rows by `tableKey`, in the snapshot, with their hash if it was requested; runs during the dump, after the inventory. */
  countRows(signal: AbortSignal): Promise<ReadonlyMap<string, TableCount>>;
  /** Called after everything was read: checks that every used name still means the same object. @throws SchemaInMotion */
  confirmNames(): Promise<void>;
  /** Starts pg_dump, or the engine, on this snapshot. @throws ServerTooNew, TlsRefused */
  dump(request: DumpRequest): Promise<Dump>;
  /** Rejects if the export must stop: it blocks another session, or its own session is lost. Never resolves. */
  readonly disturbed: Promise<never>;
  /** Roles with their memberships and settings as SQL, without passwords. They are not part of the snapshot. */
  dumpGlobals(signal: AbortSignal): Promise<Buffer>;
  /** Releases locks and snapshot. May be called again, and waits for the end each time. */
  close(): Promise<void>;
}

export interface TableCount {
  readonly rows: number;
  readonly hash?: string;
  /** What the engine wrote of the table, and whether its text is the same after a restore. */
  readonly copied?: Omit<CopiedTable, 'rows'> & { readonly comparable: boolean };
}

export interface ServerFacts {
  readonly version: string;
  readonly major: number;
  readonly database: string;
  readonly encoding: string;
  readonly collation: string;
  /** As in the manifest's source. */
  readonly characters?: string;
  readonly localeProvider?: string;
  readonly locale?: string | null;
  readonly icuRules?: string | null;
  readonly collationVersion?: string | null;
}

export interface DumpRequest {
  readonly format: Format;
  readonly compress: string;
  readonly content: Content;
  readonly signal: AbortSignal;
  readonly onTable: (name: string) => void;
}

export interface Dump {
  /** pg_dump's own version, such as `17.11`. */
  readonly version: string;
  readonly output: Readable;
  /** Resolves after exit code 0; rejects with a named error otherwise. */
  readonly exited: Promise<void>;
  /** Who writes the output. */
  readonly engine: Engine;
  /** Why it is pg_dump, if the engine was asked for. */
  readonly instead?: StockReason;
  /** Of the engine's archive; settled when `exited` is. */
  readonly contents?: Promise<ArchiveContents>;
}

/** A compressor after pg_dump. Its output is valid only after `exited` has resolved. */
export interface Compressor {
  readonly stream: Duplex;
  readonly exited: Promise<void>;
}
