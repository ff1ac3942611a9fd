import type { Duplex, Readable } from 'node:stream';
import type { Content, Format } from './backup.ts';
import type { Inventory } from './manifest.ts';
import type { Comparison } from './verification.ts';

export interface SnapshotRequest {
  readonly backupId: string;
  readonly attempt: number;
  /**
   * One for a project; several where a source's shared schemas are exported together. They may still be being looked up: sessions are
   * opened meanwhile, and closed where the looking up fails.
   */
  readonly schemas: readonly string[] | Promise<readonly string[]>;
  readonly content: Content;
  readonly lockTimeoutMs: number;
  readonly giveWayAfterSeconds: number | 'never';
  readonly partitionsElsewhere: 'refuse' | 'accept';
  /** `rows` hashes each table's rows beside counting them. */
  readonly compare?: Comparison;
  /** Aborting it drops the sessions at once, while the snapshot is being opened and afterwards. */
  readonly signal?: AbortSignal;
}

export interface SnapshotSource {
  open(request: SnapshotRequest): Promise<Snapshot>;
  /** Ends backends that earlier attempts of this backup left behind, and only those; answers how many. */
  endLeftovers(backupId: string, belowAttempt: number): Promise<number>;
}

/** A held instant of a project's schemas: tables locked in ACCESS SHARE, everything read at the same snapshot. */
export interface Snapshot {
  readonly server: ServerFacts;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Read before the dump, with what could refuse it; `rows` is null. */
  readonly tables: Inventory['tables'];
  /** All but exact rows: `tables[].rows` is null. Read beside the dump. */
  readonly inventory: Promise<Inventory>;
  /** Bytes of the schema's tables on the server. */
  readonly sourceBytes: number;
  /** Exact rows by `tableKey`, in the snapshot, with their hash where it was asked for; runs beside the dump, behind the inventory. */
  countRows(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, { readonly rows: number; readonly hash?: string }>>;
  /** Asked after everything was read: every name that was used still means the same object. @throws SchemaInMotion */
  confirmNames(): Promise<void>;
  /** Starts pg_dump on this snapshot. @throws ServerTooNew, TlsRefused */
  dump(request: DumpRequest): Promise<Dump>;
  /** Rejects when the export must stop: it holds up another session, or its own is gone. Never resolves. */
  readonly disturbed: Promise<never>;
  /** Roles with their memberships and settings as SQL, without passwords. They have no snapshot. */
  dumpGlobals(signal: AbortSignal): Promise<Buffer>;
  /** Lets go of locks and snapshot. May be called again, and waits for the end each time. */
  close(): Promise<void>;
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
  /** Resolves after exit code 0; rejects with a named error for any other end. */
  readonly exited: Promise<void>;
}

/** A compression put behind pg_dump. Its output counts only once `exited` has resolved. */
export interface Compressor {
  readonly stream: Duplex;
  readonly exited: Promise<void>;
}
