import type { Backup, BackupType, Completion, Failure, Progress, Status } from './backup.ts';
import type { Page } from './ports.ts';

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
  /** The newest completed full backup that no verification found to be damaged, if any. */
  latest(projectId: string): Promise<Backup | undefined>;
  /** Rows of one UTC day (`2026-11-21`), newest first, without what has expired or was deleted. */
  ofDay(day: string, limit: number): Promise<readonly Backup[]>;
  /** What is open in one of three ways. `untold`: final, and not reported yet. */
  open(state: 'pending' | 'in-progress' | 'untold'): AsyncIterable<OpenBackup>;

  /** One conditional write: pending, or in-progress with its lease run out; attempt + 1, a new lease. */
  claim(projectId: string, backupId: string): Promise<ClaimOutcome>;
  /** Renews the lease and writes the progress. */
  heartbeat(claim: Claim, progress?: Progress): Promise<'held' | 'cancelling' | 'lost'>;
  /** The fenced write that alone makes a backup completed, and settles the project's retention. */
  complete(claim: Claim, completion: Completion): Promise<'written' | 'lost'>;
  fail(claim: Claim, failure: Failure): Promise<'written' | 'lost'>;
  cancel(claim: Claim): Promise<'written' | 'lost'>;
  /** Back to `pending` for a retry, keeping `attempt` and the failure. */
  release(claim: Claim, failure: Failure, retryAt: string): Promise<'written' | 'lost'>;

  /** A pending one becomes `cancelled`, a running one is asked to stop; answers the status it has now. */
  requestCancel(projectId: string, backupId: string): Promise<Status | undefined>;
  /** Fails a row without a worker: pending, or its lease has run out. */
  failAbandoned(
    projectId: string,
    backupId: string,
    failure: Failure,
  ): Promise<'written' | 'not-abandoned'>;
  /** Makes a row whose lease ran out `pending` again, or renews `queuedAt` of a pending one, for a message sent anew. */
  requeue(projectId: string, backupId: string): Promise<'written' | 'not-abandoned'>;
  /** Its end was reported, or needs no report: takes the row out of `untold` and sets `toldAt`. */
  told(projectId: string, backupId: string): Promise<void>;
  /** Leaves a `deleted` row where retention removed one. Changes nothing if a row is there. */
  leaveDeleted(backup: Backup, why: string): Promise<'written' | 'exists'>;
  /** Replays the move of `ttl` for one project, after a crash between its two writes. */
  settleRetention(projectId: string): Promise<void>;
  /** The same request again: gives the backup id kept under this key, or keeps the one given, for 24 h. @throws IdempotencyConflict */
  remember(projectId: string, key: string, requestHash: string, backupId: string): Promise<string>;
}
