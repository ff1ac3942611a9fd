import type { Failure, LeasedWork, WorkRef } from './work.ts';

/** The right of one attempt to write one row. Every write under a claim has `attempt` as a condition. */
export interface Claim extends WorkRef {
  readonly attempt: number;
}

export type ClaimOutcome<W extends LeasedWork> =
  | { readonly kind: 'claimed'; readonly claim: Claim; readonly work: W }
  /** Another worker's lease runs until then. */
  | { readonly kind: 'busy'; readonly leaseUntil: string }
  | { readonly kind: 'final'; readonly status: W['status'] }
  /** All attempts are used up and none holds the row: the row must be ended. */
  | { readonly kind: 'exhausted'; readonly work: W }
  | { readonly kind: 'missing' };

/** What a worker writes under its claim: fields of its kind, and the time of the end. */
export type Findings<W extends LeasedWork> = Partial<
  Omit<W, Exclude<keyof LeasedWork, 'completedAt' | 'durationMs'>>
>;

/** A row as the sparse index of open work shows it. Eventually consistent: read the row before acting on it. */
export type OpenWork = Pick<
  LeasedWork,
  'id' | 'projectId' | 'source' | 'status' | 'createdAt' | 'queuedAt' | 'completedAt' | 'attempt'
> & {
  /** Only for a backup that a run planned. */
  readonly runId?: string;
};

/** `unnotified`: final, and not notified yet. */
export type OpenState = 'pending' | 'in-progress' | 'unnotified';

/**
 * The rows of one kind. Each write is one conditional write. It returns the row after the write, or undefined if its
 * condition does not hold. For a worker this means that its claim is lost; for others, that a worker holds the row or the row is
 * final.
 *
 * @typeParam R what completes a row
 */
export interface WorkStore<W extends LeasedWork, R extends Findings<W> = Findings<W>> {
  /** Writes a `pending` row, unless a row with this id exists. */
  create(work: W): Promise<'created' | 'exists'>;
  /** Strongly consistent. */
  get(projectId: string, id: string): Promise<W | undefined>;
  open(state: OpenState): AsyncIterable<OpenWork>;

  /** Claims a row that is pending, or in progress with an expired lease: attempt + 1, and a new lease. */
  claim(projectId: string, id: string): Promise<ClaimOutcome<W>>;
  /** Renews the lease, and writes what the worker has found so far. */
  heartbeat(claim: Claim, findings?: Findings<W>): Promise<'held' | 'cancelling' | 'lost'>;
  complete(claim: Claim, result: R): Promise<W | undefined>;
  fail(claim: Claim, failure: Failure, findings?: Findings<W>): Promise<W | undefined>;
  cancel(claim: Claim): Promise<W | undefined>;
  /** Sets the row back to `pending` for a retry, with `attempt` and the failure. If a cancellation was requested, cancels the row instead. */
  release(claim: Claim, failure: Failure, retryAt: string): Promise<W | undefined>;

  /** Cancels a pending row, or asks the worker of a running one to stop. Returns the row's new status. */
  requestCancel(projectId: string, id: string): Promise<W['status'] | undefined>;
  /** Fails a row without a worker: it is pending, or its lease has expired. */
  failAbandoned(
    projectId: string,
    id: string,
    failure: Failure,
    findings?: Findings<W>,
  ): Promise<W | undefined>;
  /** Completes a row without a worker, after its result was found. */
  completeAbandoned(projectId: string, id: string, result: R): Promise<W | undefined>;
  /** Before a message is sent again: makes a row with an expired lease `pending`, or renews `queuedAt` of a pending one. */
  requeue(projectId: string, id: string): Promise<W | undefined>;
  /** Its end was notified, or needs no notification: takes the row out of `unnotified` and sets `toldAt`. */
  markNotified(projectId: string, id: string): Promise<void>;
}

/** The queue of one kind: exports.fifo or restores.fifo of a source, or verifications. */
export interface WorkQueue {
  /**
   * Sends a message for each row, for any number of rows; returns those that could not be sent. SQS drops a repeated message within
   * 5 minutes as a duplicate: `renewal` makes it a new one.
   */
  send(refs: readonly WorkRef[], renewal?: string): Promise<readonly WorkRef[]>;
  /** Messages waiting or in flight, as SQS estimates. */
  depth(): Promise<number>;
  /** Hides the message of a receipt for this number of seconds from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}
