import { iso } from '../backup.ts';
import { TIMES } from '../contract.ts';
import { describeError, failureFacts, isRetryable } from '../errors/base.ts';
import { StepNotDone } from '../errors/restore.ts';
import { Cancelled, ClaimLost, TookTooLong, WorkerDied } from '../errors/work.ts';
import type { Clock, Log } from '../ports.ts';
import { keepClaim } from './heartbeat.ts';
import type { WorkKind } from './kinds.ts';
import type { Claim, Findings, WorkQueue, WorkStore } from './store.ts';
import { isFinal, type LeasedWork, type WorkRef } from './work.ts';

/**
 * Handles one message of a queue of leased work, from the claim to the final row. The row decides, never the message: a message
 * may be delivered twice, late or never.
 */
export interface WorkPorts<W extends LeasedWork, R extends Findings<W>> {
  readonly store: Pick<
    WorkStore<W, R>,
    | 'get'
    | 'claim'
    | 'heartbeat'
    | 'complete'
    | 'fail'
    | 'cancel'
    | 'release'
    | 'failAbandoned'
    | 'completeAbandoned'
  >;
  readonly queue: Pick<WorkQueue, 'hide'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the work of an attempt receives. */
export interface WorkContext<W extends LeasedWork> {
  readonly claim: Claim;
  /** Aborted with Cancelled, ClaimLost or TookTooLong. */
  readonly stop: AbortController;
  /** Seconds that the attempt has, counted from its start. */
  readonly seconds: number;
  /** Sets the function whose result each next heartbeat writes. */
  note(findings: () => Findings<W>): void;
  /** Writes immediately. @throws ClaimLost */
  write(findings: Findings<W>): Promise<void>;
}

/** The work of one kind. */
export interface WorkTask<W extends LeasedWork, R extends Findings<W>> {
  readonly kind: WorkKind<W>;
  /** Longest time of an attempt in seconds, if it is shorter than the function's. */
  readonly mostSeconds?: number;
  work(work: W, context: WorkContext<W>): Promise<R>;
  /** Finds the result of work whose last worker died after finishing it; undefined if there is none. */
  readonly recover?: (work: W) => Promise<R | undefined>;
  /** Runs once the row is final. A rejection is logged; the sweep then sends the outcome. */
  ended(work: W): Promise<void>;
}

export type Disposition<W extends LeasedWork> =
  | { readonly message: 'done'; readonly work?: W; readonly error?: unknown }
  /** The message stays in the queue, hidden until the retry is due. */
  | { readonly message: 'again'; readonly error: unknown };

export interface Delivery extends WorkRef {
  readonly receiptHandle: string;
  /** Milliseconds until Lambda stops the function. */
  readonly remainingMs: number;
}

/** A failure only changes when the message is delivered again, so it does not end the work. */
const hide = async (
  { queue, log }: Pick<WorkPorts<LeasedWork, object>, 'queue' | 'log'>,
  { receiptHandle }: Delivery,
  seconds: number,
): Promise<void> => {
  try {
    await queue.hide(receiptHandle, seconds);
  } catch (error) {
    log.warn('a message could not be hidden', { error: describeError(error).name });
  }
};

const secondsFor = (remainingMs: number, most = Number.POSITIVE_INFINITY): number =>
  Math.max(1, Math.min(most, Math.floor(remainingMs / 1000) - TIMES.stopBeforeTimeoutSeconds));

/** Does the work while the claim is kept. Every reason to stop goes through one AbortController. */
const attempt = async <W extends LeasedWork, R extends Findings<W>>(
  { store, queue, log }: WorkPorts<W, R>,
  task: WorkTask<W, R>,
  claim: Claim,
  work: W,
  { remainingMs, receiptHandle }: Delivery,
): Promise<R> => {
  const { name } = task.kind;
  const stop = new AbortController();
  const seconds = secondsFor(remainingMs, task.mostSeconds);
  const timer = setTimeout(() => stop.abort(new TookTooLong(name, seconds)), seconds * 1000);
  let findings: () => Findings<W> | undefined = () => undefined;
  const endHeartbeat = keepClaim({
    name,
    store,
    claim,
    findings: () => findings(),
    hide: (hidden) => queue.hide(receiptHandle, hidden),
    stop: (error) => stop.abort(error),
    log,
  });
  try {
    return await task.work(work, {
      claim,
      stop,
      seconds,
      note: (read) => {
        findings = read;
      },
      write: async (found) => {
        if ((await store.heartbeat(claim, found)) === 'lost') throw new ClaimLost(name, claim.id);
      },
    });
  } catch (error) {
    // An abort causes errors of many kinds; the caller needs the reason of the abort, unless a schema was already committed.
    throw stop.signal.aborted && !(error instanceof StepNotDone) ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    endHeartbeat();
  }
};

/** @param work the row after the write; undefined if another attempt has it */
const finish = async <W extends LeasedWork, R extends Findings<W>>(
  { log }: WorkPorts<W, R>,
  { kind, ended }: WorkTask<W, R>,
  { id }: WorkRef,
  work: W | undefined,
  error?: unknown,
): Promise<Disposition<W>> => {
  if (!work) return { message: 'again', error: new ClaimLost(kind.name, id) };
  try {
    await ended(work);
  } catch (failure) {
    log.warn('the outcome could not be sent; the sweep will send it', {
      [kind.idName]: id,
      error: describeError(failure).name,
    });
  }
  return { message: 'done', work, ...(error === undefined ? {} : { error }) };
};

const settleFailure = async <W extends LeasedWork, R extends Findings<W>>(
  ports: WorkPorts<W, R>,
  task: WorkTask<W, R>,
  claim: Claim,
  delivery: Delivery,
  error: unknown,
): Promise<Disposition<W>> => {
  const { store } = ports;
  if (error instanceof ClaimLost) return { message: 'again', error };
  if (error instanceof Cancelled)
    return await finish(ports, task, claim, await store.cancel(claim), error);
  const failure = describeError(error);
  if (!isRetryable(error) || claim.attempt >= TIMES.maxAttempts) {
    const failed = await store.fail(claim, failure, task.kind.findingsOf?.(failure));
    return await finish(ports, task, claim, failed, error);
  }
  const delaySeconds = TIMES.retryDelaysSeconds[claim.attempt - 1] ?? 900;
  const retryAt = iso(ports.clock() + delaySeconds * 1000);
  const released = await store.release(claim, failure, retryAt);
  if (released && isFinal(released.status))
    return await finish(ports, task, claim, released, error);
  await hide(ports, delivery, delaySeconds);
  return { message: 'again', error };
};

/** Ends work whose workers all died. The last one may have finished it and died before it wrote the row. */
const settleExhausted = async <W extends LeasedWork, R extends Findings<W>>(
  ports: WorkPorts<W, R>,
  task: WorkTask<W, R>,
  work: W,
): Promise<Disposition<W>> => {
  const { projectId, id } = work;
  const result = await task.recover?.(work);
  if (result) {
    const completed = await ports.store.completeAbandoned(projectId, id, result);
    return completed ? await finish(ports, task, work, completed) : { message: 'done' };
  }
  const error = new WorkerDied(task.kind.name, work.attempt);
  const failure = describeError(error);
  const findings = task.kind.findingsOf?.(failure);
  const failed = await ports.store.failAbandoned(projectId, id, failure, findings);
  return failed ? await finish(ports, task, work, failed, error) : { message: 'done' };
};

/** @throws errors of the history; the message is then delivered again */
export const workMessage = async <W extends LeasedWork, R extends Findings<W>>(
  ports: WorkPorts<W, R>,
  task: WorkTask<W, R>,
  delivery: Delivery,
): Promise<Disposition<W>> => {
  const { store, log } = ports;
  const { name, task: doing, idName } = task.kind;
  const { projectId, id } = delivery;
  const facts = { projectId, [idName]: id };
  // The queue's own visibility timeout is the function's timeout: after any later failure, the message is delivered sooner.
  const hidden = hide(ports, delivery, TIMES.visibilityWhileWorkingSeconds);
  const outcome = await store.claim(projectId, id).finally(() => hidden);
  if (outcome.kind === 'exhausted') return await settleExhausted(ports, task, outcome.work);
  if (outcome.kind === 'busy') {
    await hide(ports, delivery, TIMES.leaseSeconds);
    return { message: 'again', error: new ClaimLost(name, id) };
  }
  if (outcome.kind !== 'claimed') {
    log.info('nothing to do for this message', { ...facts, row: outcome.kind });
    return { message: 'done' };
  }
  const { claim, work } = outcome;
  log.info(`${doing} begins`, { ...facts, attempt: claim.attempt });
  try {
    const result = await attempt(ports, task, claim, work, delivery);
    return await finish(ports, task, claim, await store.complete(claim, result));
  } catch (error) {
    log.warn(`${doing} ended without success`, {
      ...facts,
      attempt: claim.attempt,
      ...failureFacts(error),
    });
    return await settleFailure(ports, task, claim, delivery, error);
  }
};
