import type { Failure, Validation } from './backup.ts';
import type { Job, JobStatus } from './job.ts';
import type { RestoreMessage, VerificationMessage } from './messages.ts';
import type { Page } from './ports.ts';
import type { Restore } from './restore.ts';
import type { Comparison, Verification } from './verification.ts';

/** The right to write one job's row, held by one attempt of one worker. Every write of it carries `attempt`. */
export interface JobClaim {
  readonly projectId: string;
  readonly jobId: string;
  readonly attempt: number;
}

export type JobClaimOutcome<J extends Job> =
  | { readonly kind: 'claimed'; readonly claim: JobClaim; readonly job: J }
  /** Another worker's lease runs until then. */
  | { readonly kind: 'busy'; readonly leaseUntil: string }
  | { readonly kind: 'final'; readonly status: JobStatus }
  /** All attempts are used up and none holds it: it must be failed. */
  | { readonly kind: 'exhausted'; readonly job: J }
  | { readonly kind: 'missing' };

/** A row as the sparse index of open work shows it. Eventually consistent: read the row before acting on it. */
export type OpenJob = Pick<
  Job,
  'id' | 'projectId' | 'source' | 'status' | 'createdAt' | 'queuedAt' | 'completedAt' | 'attempt'
>;

/** Members that a job's own kind adds, which its worker writes under its claim. */
export type JobFindings<J extends Job> = Partial<Omit<J, keyof Job>>;

/** Restores or verifications in the history table: claimed, leased, retried and ended as backups are (see `History`). */
export interface Jobs<J extends Job> {
  /** Writes a `pending` row, unless one with this id is there. */
  create(job: J): Promise<'created' | 'exists'>;
  /** Strongly consistent. */
  get(projectId: string, id: string): Promise<J | undefined>;
  /** Newest first; of one backup where its id is given. @throws InvalidInput for a cursor not of this project. */
  list(
    projectId: string,
    query: { readonly backupId?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<Page<J>>;
  open(state: 'pending' | 'in-progress' | 'untold'): AsyncIterable<OpenJob>;
  /**
   * Ids of those that have ended since then without what was asked for, in no order: failed, or found what they looked at not to be well.
   * Eventually consistent. @param since UTC, ISO 8601
   */
  failedSince(since: string): AsyncIterable<string>;
  /** One conditional write: pending, or in-progress with its lease run out; attempt + 1, a new lease. */
  claim(projectId: string, id: string): Promise<JobClaimOutcome<J>>;
  /** Renews the lease and writes what has been found so far. */
  heartbeat(claim: JobClaim, findings?: JobFindings<J>): Promise<'held' | 'cancelling' | 'lost'>;
  complete(claim: JobClaim, findings: JobFindings<J>): Promise<'written' | 'lost'>;
  fail(claim: JobClaim, failure: Failure, findings?: JobFindings<J>): Promise<'written' | 'lost'>;
  cancel(claim: JobClaim): Promise<'written' | 'lost'>;
  /** Back to `pending` for a retry, keeping `attempt` and the failure. */
  release(claim: JobClaim, failure: Failure, retryAt: string): Promise<'written' | 'lost'>;
  /** A pending one becomes `cancelled`, a running one is asked to stop; answers the status it has now. */
  requestCancel(projectId: string, id: string): Promise<JobStatus | undefined>;
  /** Ends a row without a worker: pending, or its lease has run out. */
  failAbandoned(
    projectId: string,
    id: string,
    failure: Failure,
    findings?: JobFindings<J>,
  ): Promise<'written' | 'not-abandoned'>;
  /** The same for one that was done, as was found afterwards. */
  completeAbandoned(
    projectId: string,
    id: string,
    findings: JobFindings<J>,
  ): Promise<'written' | 'not-abandoned'>;
  /** Makes a row whose lease ran out `pending` again, or renews `queuedAt` of a pending one, for a message sent anew. */
  requeue(projectId: string, id: string): Promise<'written' | 'not-abandoned'>;
  /** Its end was reported, or needs no report. */
  told(projectId: string, id: string): Promise<void>;
}
export type Restores = Jobs<Restore>;
export type Verifications = Jobs<Verification>;

/** What a backup's row says of its verification. */
export interface ValidationNote {
  readonly validation: Validation;
  readonly verificationId: string;
  readonly validatedAt: string;
  /** What was compared; absent where nothing was. A failure by rows is only taken back by a comparison of rows. */
  readonly compare?: Comparison;
  readonly why?: string;
}
export interface Validations {
  /** Writes it on the backup's row, unless a newer verification (by id) has written there, or the row is gone. */
  noteValidation(projectId: string, backupId: string, note: ValidationNote): Promise<void>;
}

/** A queue of jobs: restores.fifo of a source, or verifications. */
export interface JobQueue<M> {
  /** `renewal` makes a message that SQS would swallow as a repetition within 5 minutes a new one. */
  send(message: M, renewal?: string): Promise<void>;
  /** Messages waiting or in flight, as SQS estimates. */
  depth(): Promise<number>;
  /** Hides the message of a receipt for so many seconds from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}
export type RestoreQueue = JobQueue<RestoreMessage>;
export type VerificationQueue = JobQueue<VerificationMessage>;
