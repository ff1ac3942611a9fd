import type { Failure, LeasedWork, WorkRef } from './work.ts';

/** The right to write one row, held by one attempt of one worker. Every write under it carries `attempt`. */
export interface Claim extends WorkRef {
  readonly attempt: number;
}

export type ClaimOutcome<W extends LeasedWork> =
  | { readonly kind: 'claimed'; readonly claim: Claim; readonly work: W }
  /** Another worker's lease runs until then. */
  | { readonly kind: 'busy'; readonly leaseUntil: string }
  | { readonly kind: 'final'; readonly status: W['status'] }
  /** All attempts are used up and none holds it: it must be ended. */
  | { readonly kind: 'exhausted'; readonly work: W }
  | { readonly kind: 'missing' };

/** Members that a worker writes under its claim: those of its kind, and when it ended. */
export type Findings<W extends LeasedWork> = Partial<
  Omit<W, Exclude<keyof LeasedWork, 'completedAt' | 'durationMs'>>
>;

/** A row as the sparse index of open work shows it. Eventually consistent: read the row before acting on it. */
export type OpenWork = Pick<
  LeasedWork,
  'id' | 'projectId' | 'source' | 'status' | 'createdAt' | 'queuedAt' | 'completedAt' | 'attempt'
> & {
  /** Of a backup that a run planned. */
  readonly runId?: string;
};

/** `untold`: final, and not reported yet. */
export type OpenState = 'pending' | 'in-progress' | 'untold';

/**
 * The rows of one kind. Each write is one conditional write, and answers the row as it is afterwards, or undefined where its
 * condition does not hold: for a worker's write that its claim is lost, for another's that somebody holds the row or it is final.
 *
 * @typeParam R what completes a row
 */
export interface WorkStore<W extends LeasedWork, R extends Findings<W> = Findings<W>> {
  /** Writes a `pending` row, unless one with this id is there. */
  create(work: W): Promise<'created' | 'exists'>;
  /** Strongly consistent. */
  get(projectId: string, id: string): Promise<W | undefined>;
  open(state: OpenState): AsyncIterable<OpenWork>;

  /** Pending, or in progress with its lease run out: attempt + 1, and a new lease. */
  claim(projectId: string, id: string): Promise<ClaimOutcome<W>>;
  /** Renews the lease, and writes what has been found so far. */
  heartbeat(claim: Claim, findings?: Findings<W>): Promise<'held' | 'cancelling' | 'lost'>;
  complete(claim: Claim, result: R): Promise<W | undefined>;
  fail(claim: Claim, failure: Failure, findings?: Findings<W>): Promise<W | undefined>;
  cancel(claim: Claim): Promise<W | undefined>;
  /** Back to `pending` for a retry, keeping `attempt` and the failure; one that was to be cancelled is cancelled instead. */
  release(claim: Claim, failure: Failure, retryAt: string): Promise<W | undefined>;

  /** A pending one becomes `cancelled`, a running one is asked to stop; answers the status it has now. */
  requestCancel(projectId: string, id: string): Promise<W['status'] | undefined>;
  /** Fails a row without a worker: pending, or its lease has run out. */
  failAbandoned(
    projectId: string,
    id: string,
    failure: Failure,
    findings?: Findings<W>,
  ): Promise<W | undefined>;
  /** The same for one that was done, as was found afterwards. */
  completeAbandoned(projectId: string, id: string, result: R): Promise<W | undefined>;
  /** Makes a row whose lease ran out `pending` again, or renews `queuedAt` of a pending one, for a message sent anew. */
  requeue(projectId: string, id: string): Promise<W | undefined>;
  /** Its end was reported, or needs no report: takes the row out of `untold` and sets `toldAt`. */
  told(projectId: string, id: string): Promise<void>;
}

/** The queue of one kind: exports.fifo or restores.fifo of a source, or verifications. */
export interface WorkQueue {
  /**
   * Sends a message for each row, in any number; answers those that could not be sent. `renewal` makes a message that SQS would
   * swallow as a repetition within 5 minutes a new one.
   */
  send(refs: readonly WorkRef[], renewal?: string): Promise<readonly WorkRef[]>;
  /** Messages waiting or in flight, as SQS estimates. */
  depth(): Promise<number>;
  /** Hides the message of a receipt for so many seconds from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}
