/**
 * What the domain needs from the world, as verbs of the domain. No SDK type crosses these lines. Adapters
 * make them real; a use case takes just those it calls.
 */
import type { Duplex, Readable } from 'node:stream';
import type {
  Backup,
  BackupType,
  Completion,
  Content,
  Failure,
  Format,
  Progress,
  Status,
} from './backup.ts';
import type { Inventory, Manifest } from './manifest.ts';
import type { ExportMessage, OutcomeMessage, PlanEvent } from './messages.ts';
import type { Project, RegisteredProject } from './project.ts';
import type { Run, RunPart } from './run.ts';
import type { Comparison } from './verification.ts';

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** One line of structured log; never with a secret, a row's content or a whole event. */
export interface Log {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

// ── history ─────────────────────────────────────────────────────────────────────────────────────────

/** The right to write one row, held by one attempt of one worker. Every write of it carries `attempt`. */
export interface Claim {
  readonly projectId: string;
  readonly backupId: string;
  readonly attempt: number;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claim: Claim; readonly backup: Backup }
  /** Another worker's lease runs until then. */
  | { readonly kind: 'busy'; readonly leaseUntil: string }
  | { readonly kind: 'final'; readonly status: Status }
  /** All attempts are used up and none holds it: it must be failed. */
  | { readonly kind: 'exhausted'; readonly backup: Backup }
  | { readonly kind: 'missing' };

export interface BackupQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly status?: Status;
  readonly type?: BackupType;
  /** ISO 8601, both inclusive, by `createdAt`. */
  readonly from?: string;
  readonly to?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly cursor?: string;
}

/** A row as the sparse index of open work shows it. Eventually consistent: read the row before acting on it. */
export type OpenBackup = Pick<
  Backup,
  | 'id'
  | 'projectId'
  | 'source'
  | 'status'
  | 'createdAt'
  | 'queuedAt'
  | 'completedAt'
  | 'trigger'
  | 'attempt'
> & { readonly runId?: string };

export interface History {
  /** Writes a `pending` row, unless one with this id is there. */
  create(backup: Backup): Promise<'created' | 'exists'>;
  /** Strongly consistent. */
  get(projectId: string, backupId: string): Promise<Backup | undefined>;
  /** Newest first; without what has expired or was deleted, unless `status` asks for it. @throws InvalidInput for a cursor not of this project. */
  list(projectId: string, query: BackupQuery): Promise<Page<Backup>>;
  /** The newest completed backup, if any. */
  latest(projectId: string): Promise<Backup | undefined>;
  /** Rows of one UTC day (`2026-11-21`), newest first, without what has expired or was deleted. */
  ofDay(day: string, limit: number): Promise<readonly Backup[]>;
  /** What is open in one of three ways. `untold`: final, but nobody has been told of it yet. */
  open(state: 'pending' | 'in-progress' | 'untold'): AsyncIterable<OpenBackup>;

  /** One conditional write: pending, or in-progress with its lease run out; attempt + 1, a new lease. */
  claim(projectId: string, backupId: string): Promise<ClaimOutcome>;
  /** Renews the lease and writes the progress. */
  heartbeat(claim: Claim, progress?: Progress): Promise<'held' | 'cancelling' | 'lost'>;
  /** The fenced write that alone makes a backup completed, and moves `ttl` off the project's newest full one. */
  complete(claim: Claim, completion: Completion): Promise<'written' | 'lost'>;
  fail(claim: Claim, failure: Failure): Promise<'written' | 'lost'>;
  cancel(claim: Claim): Promise<'written' | 'lost'>;
  /** Back to `pending` for a retry, keeping `attempt` and the failure. */
  release(claim: Claim, failure: Failure, retryAt: string): Promise<'written' | 'lost'>;

  /** A pending one becomes `cancelled`, a running one is asked to stop; answers the status it has now. */
  requestCancel(projectId: string, backupId: string): Promise<Status | undefined>;
  /** Fails a row that nobody works on: pending, or its lease has run out. */
  failAbandoned(
    projectId: string,
    backupId: string,
    failure: Failure,
  ): Promise<'written' | 'not-abandoned'>;
  /** Makes a row whose lease ran out `pending` again, or renews `queuedAt` of a pending one, for a message sent anew. */
  requeue(projectId: string, backupId: string): Promise<'written' | 'not-abandoned'>;
  /** A person has heard of it, or nobody needs to: takes the row out of `untold` and sets `toldAt`. */
  told(projectId: string, backupId: string): Promise<void>;
  /** Leaves a `deleted` row where retention removed one. Changes nothing if a row is there. */
  leaveDeleted(backup: Backup, why: string): Promise<'written' | 'exists'>;
  /** Replays the move of `ttl` for one project, after a crash between its two writes. */
  settleRetention(projectId: string): Promise<void>;
  /** The same request again: gives the backup id kept under this key, or keeps the one given, for 24 h. @throws IdempotencyConflict */
  remember(projectId: string, key: string, requestHash: string, backupId: string): Promise<string>;
}

export interface Runs {
  /** Writes the run's row unless it is there; answers the row there is. */
  begin(run: Run): Promise<{ readonly run: Run; readonly created: boolean }>;
  get(runId: string): Promise<Run | undefined>;
  /** Newest first. */
  recent(limit: number): Promise<readonly Run[]>;
  /** Runs that have no `mailedAt` yet. */
  unfinished(): AsyncIterable<Run>;
  /**
   * Notes backups as planned and not final yet: chunk `index` of `source`, written once. Answers what the chunk
   * holds: the backups given, or those that an earlier or a concurrent planning of this run wrote there. An
   * empty chunk is written too: it ends a source's list.
   */
  noteChunk(
    runId: string,
    source: string,
    index: number,
    backups: readonly PlannedBackup[],
  ): Promise<readonly PlannedBackup[]>;
  /** Writes one source's part, once. */
  endPart(runId: string, source: string, part: RunPart): Promise<void>;
  /** Takes a final backup out of its chunk and counts it there by its status, once. Idempotent. */
  settle(runId: string, chunk: string, backupId: string, status: Status): Promise<void>;
  /** How far a run is, from its chunks alone. */
  tally(runId: string): Promise<RunTally>;
  /** Everything the run planned that is not settled yet. */
  unsettled(runId: string): Promise<readonly (PlannedBackup & { readonly chunk: string })[]>;
  /** All backups the run planned. */
  planned(runId: string): Promise<readonly PlannedBackup[]>;
  /** Marks the run finished and takes the right to mail it, for `seconds`; 'taken' if another has it or it was mailed. */
  claimMail(runId: string, seconds: number): Promise<'claimed' | 'taken'>;
  mailed(runId: string): Promise<void>;
}

export interface PlannedBackup {
  readonly projectId: string;
  readonly backupId: string;
}

export interface RunTally {
  readonly planned: number;
  /** Planned and not settled. */
  readonly open: number;
  /** Settled ones, by the status they ended with. */
  readonly ended: Readonly<Partial<Record<Status, number>>>;
}

export interface Registry {
  get(projectId: string): Promise<RegisteredProject | undefined>;
  list(limit: number, cursor?: string): Promise<Page<RegisteredProject>>;
  /** All projects of one source, in no order. */
  ofSource(source: string): Promise<ReadonlyMap<string, RegisteredProject>>;
  /** Writes one project as seen now, unless another source has the id. Keeps `lastSuccess`. @throws DuplicateProject */
  register(project: Project, source: string): Promise<void>;
  /** The source no longer lists it: status GONE. */
  retire(projectId: string, source: string): Promise<void>;
}

/** Looking through the whole vault takes many invocations of sweep: where the last one stopped. */
export interface VaultRound {
  /** ISO 8601. */
  readonly begunAt: string;
  /** The last key looked at; absent once the round has ended. */
  readonly after?: string;
}

export interface VaultRounds {
  last(): Promise<VaultRound | undefined>;
  keep(round: VaultRound): Promise<void>;
}

// ── queues ──────────────────────────────────────────────────────────────────────────────────────────

export interface ExportQueue {
  /**
   * Sends requests, in any number; answers those that could not be sent. `renewal` makes a message that SQS would swallow as a
   * repetition within 5 minutes a new one.
   */
  send(messages: readonly ExportMessage[], renewal?: string): Promise<readonly ExportMessage[]>;
  /** Messages waiting or in flight, as SQS estimates. */
  depth(): Promise<number>;
  /** Hides the message of a receipt for so many seconds from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}

export interface Outcomes {
  send(message: OutcomeMessage): Promise<void>;
}

// ── vault ───────────────────────────────────────────────────────────────────────────────────────────

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

export interface StoreRequest {
  readonly key: string;
  /** Ends only when all is well; an error on it aborts the upload. */
  readonly body: Readable;
  /**
   * Nobody else reads the body's chunks: the memory of each is given back once it is stored, not when V8 collects it, which
   * takes tens of megabytes of garbage.
   */
  readonly isSoleReader?: boolean;
  readonly contentType: string;
  /** File name a browser saves it under. */
  readonly downloadName: string;
}

export interface Vault {
  /** Streams to a multipart upload, completed when the body has ended well, aborted otherwise. @throws UploadInterrupted, VaultRefused, or the body's error */
  store(request: StoreRequest): Promise<StoredObject>;
  storeManifest(key: string, manifest: Manifest): Promise<void>;
  /** Undefined where there is none. @throws InvalidInput where it is not a manifest */
  readManifest(key: string): Promise<Manifest | undefined>;
  /** Size of an object, or undefined where there is none. */
  head(key: string): Promise<StoredObject | undefined>;
  /** Removes objects with all their versions; those not there are no error. */
  remove(keys: readonly string[]): Promise<void>;
  /** Objects below a prefix in the order of their keys, those behind the key `after` where it is given. */
  list(
    prefix: string,
    after?: string,
  ): AsyncIterable<StoredObject & { readonly modifiedAt: string }>;
  /** Unfinished multipart uploads below a prefix. */
  uploads(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly uploadId: string; readonly startedAt: string }>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** A URL that lets its holder download the object for so many seconds. */
  downloadUrl(key: string, downloadName: string, seconds: number): Promise<string>;
}

// ── source ──────────────────────────────────────────────────────────────────────────────────────────

export interface ProjectSource {
  readonly name: string;
  /** All projects of any status. @throws InvalidInput where the query gives something else than projects */
  listProjects(): Promise<readonly Project[]>;
  /** Gives up where `signal` is aborted. */
  findProject(projectId: string, signal?: AbortSignal): Promise<Project | undefined>;
}

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
  /** Asked once all has been read: no name that was read by has come to mean something else. @throws SchemaInMotion */
  confirmNames(): Promise<void>;
  /** Starts pg_dump on this snapshot. @throws ServerTooNew, TlsRefused */
  dump(request: DumpRequest): Promise<Dump>;
  /** Rejects when the export must stop: it holds up somebody, or its session is gone. Never resolves. */
  readonly disturbed: Promise<never>;
  /** Roles with their memberships and settings as SQL, without passwords. They have no snapshot. */
  dumpGlobals(signal: AbortSignal): Promise<Buffer>;
  /** Lets go of locks and snapshot. May be called again, and waits for the end each time. */
  close(): Promise<void>;
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

export interface SnapshotSource {
  open(request: SnapshotRequest): Promise<Snapshot>;
  /** Ends backends that earlier attempts of this backup left behind, and only those; answers how many. */
  endLeftovers(backupId: string, belowAttempt: number): Promise<number>;
}

/** A compression put behind pg_dump. Its output counts only once `exited` has resolved. */
export interface Compressor {
  readonly stream: Duplex;
  readonly exited: Promise<void>;
}

// ── people, functions ───────────────────────────────────────────────────────────────────────────────

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
}

/** The functions of a source, as others call them. */
export interface SourceFunctions {
  /** Asks the source's discover function about one project. @throws the error it named */
  lookUp(source: string, projectId: string): Promise<RegisteredProject | undefined>;
  /** Starts planning, without waiting for its end. */
  startPlan(source: string, event: PlanEvent): Promise<void>;
}
