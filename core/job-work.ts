import { type Failure, iso } from './backup.ts';
import { TIMES } from './contract.ts';
import { describeError, failureFacts, isRetryable } from './errors/base.ts';
import { StepNotDone } from './errors/restore.ts';
import { Cancelled, ClaimLost, JobTookTooLong, JobWorkerDied } from './errors/work.ts';
import { keepClaim } from './heartbeat.ts';
import { isEnded, type Job } from './job.ts';
import type { JobClaim, JobFindings, JobQueue, Jobs } from './job-ports.ts';
import type { Clock, Log } from './ports.ts';

/**
 * One message of a queue of jobs, from claim to final row, as an export's is handled: the row decides, never the message,
 * which may come twice, late or never.
 */
export interface JobPorts<J extends Job> {
  readonly jobs: Jobs<J>;
  readonly queue: Pick<JobQueue<never>, 'hide'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface JobContext<J extends Job> {
  readonly claim: JobClaim;
  /** Aborted with Cancelled, ClaimLost or JobTookTooLong. */
  readonly stop: AbortController;
  /** What the next heartbeat is to write. */
  note(findings: JobFindings<J>): void;
  /** Writes it now. @throws ClaimLost */
  write(findings: JobFindings<J>): Promise<void>;
  /** Seconds until it is stopped, at its beginning. */
  readonly seconds: number;
}

export interface JobTask<J extends Job> {
  /** For messages. */
  readonly what: 'restore' | 'verification';
  work(job: J, context: JobContext<J>): Promise<JobFindings<J>>;
  /** What is written beside a failure; `job` as it was claimed. */
  readonly failed?: (job: J, failure: Failure) => JobFindings<J>;
  /** What a job whose attempts are used up has come to nevertheless, though its last worker died; undefined where it failed. */
  readonly done?: (job: J) => Promise<JobFindings<J> | undefined>;
  /** After the row is final, however it ended. A rejection is logged: the sweep tells people then. */
  ended(job: J): Promise<void>;
}

export type JobDisposition<J extends Job> =
  | { readonly message: 'done'; readonly job?: J; readonly error?: unknown }
  /** It stays in the queue, hidden for as long as the retry is to wait. */
  | { readonly message: 'again'; readonly error: unknown };

export interface JobRequest {
  readonly projectId: string;
  readonly jobId: string;
  readonly receiptHandle: string;
  /** Milliseconds until the function is stopped. */
  readonly remainingMs: number;
}

/** When the message comes again is all that hangs on it; no job is given up for that. */
const hide = async <J extends Job>(ports: JobPorts<J>, receiptHandle: string, seconds: number) => {
  try {
    await ports.queue.hide(receiptHandle, seconds);
  } catch (error) {
    ports.log.warn('a message could not be hidden', { error: describeError(error).name });
  }
};

const secondsFor = (remainingMs: number): number =>
  Math.max(1, Math.floor(remainingMs / 1000) - TIMES.stopBeforeTimeoutSeconds);

/** Works while the claim is kept; every reason to end comes through one AbortController. */
const work = async <J extends Job>(
  ports: JobPorts<J>,
  task: JobTask<J>,
  claim: JobClaim,
  job: J,
  request: JobRequest,
): Promise<JobFindings<J>> => {
  const stop = new AbortController();
  const seconds = secondsFor(request.remainingMs);
  const name = task.what === 'restore' ? 'Restore' : 'Verification';
  const timer = setTimeout(
    () => stop.abort(new JobTookTooLong(task.what, seconds)),
    seconds * 1000,
  );
  let noted: JobFindings<J> | undefined;
  const end = keepClaim({
    id: claim.jobId,
    beat: () => ports.jobs.heartbeat(claim, noted),
    look: async () => {
      const row = await ports.jobs.get(claim.projectId, claim.jobId);
      if (row && row.attempt !== claim.attempt) return 'lost';
      return row?.cancelRequested ? 'cancelling' : 'held';
    },
    hide: (hidden) => ports.queue.hide(request.receiptHandle, hidden),
    onEnd: (why) =>
      stop.abort(
        why === 'lost' ? new ClaimLost(claim.jobId, name) : new Cancelled(claim.jobId, name),
      ),
    log: ports.log,
  });
  const write = async (findings: JobFindings<J>): Promise<void> => {
    const held = await ports.jobs.heartbeat(claim, findings);
    if (held === 'lost') throw new ClaimLost(claim.jobId, name);
  };
  try {
    return await task.work(job, {
      claim,
      stop,
      seconds,
      note: (findings) => {
        noted = { ...noted, ...findings };
      },
      write,
    });
  } catch (error) {
    // What follows an abort is many things; the reason is what the caller has to know, unless something is there already.
    throw stop.signal.aborted && !(error instanceof StepNotDone) ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    end();
  }
};

const finish = async <J extends Job>(
  ports: JobPorts<J>,
  task: JobTask<J>,
  { projectId, id }: J,
  written: 'written' | 'lost' | 'not-abandoned',
  error?: unknown,
): Promise<JobDisposition<J>> => {
  if (written === 'lost') return { message: 'again', error: new ClaimLost(id) };
  if (written === 'not-abandoned') return { message: 'done' };
  const job = await ports.jobs.get(projectId, id);
  // Sent back to wait, or ended by another: nothing here has ended.
  if (!job || !isEnded(job.status)) return { message: 'again', error };
  try {
    await task.ended(job);
  } catch (failure) {
    ports.log.warn('the outcome could not be told; the sweep will tell it', {
      id,
      error: describeError(failure).name,
    });
  }
  return { message: 'done', job, ...(error === undefined ? {} : { error }) };
};

const settleFailure = async <J extends Job>(
  ports: JobPorts<J>,
  task: JobTask<J>,
  claim: JobClaim,
  job: J,
  receiptHandle: string,
  error: unknown,
): Promise<JobDisposition<J>> => {
  if (error instanceof ClaimLost) return { message: 'again', error };
  if (error instanceof Cancelled) {
    return await finish(ports, task, job, await ports.jobs.cancel(claim), error);
  }
  const failure = describeError(error);
  if (!isRetryable(error) || claim.attempt >= TIMES.maxAttempts) {
    const written = await ports.jobs.fail(claim, failure, task.failed?.(job, failure));
    return await finish(ports, task, job, written, error);
  }
  const delaySeconds = TIMES.retryDelaysSeconds[claim.attempt - 1] ?? 900;
  await ports.jobs.release(claim, failure, iso(ports.clock() + delaySeconds * 1000));
  await hide(ports, receiptHandle, delaySeconds);
  return { message: 'again', error };
};

/** @throws what the history throws; the message then comes again by itself */
export const workJob = async <J extends Job>(
  ports: JobPorts<J>,
  task: JobTask<J>,
  request: JobRequest,
): Promise<JobDisposition<J>> => {
  const { projectId, jobId, receiptHandle } = request;
  const [outcome] = await Promise.all([
    ports.jobs.claim(projectId, jobId),
    // The queue's own visibility is the function's timeout: whatever goes wrong from here, the message comes sooner.
    hide(ports, receiptHandle, TIMES.visibilityWhileWorkingSeconds),
  ]);
  if (outcome.kind === 'exhausted') {
    const { job } = outcome;
    const found = await task.done?.(job);
    if (found) {
      const completed = await ports.jobs.completeAbandoned(projectId, jobId, found);
      return await finish(ports, task, job, completed);
    }
    const error = new JobWorkerDied(task.what, job.attempt);
    const failure = describeError(error);
    const written = await ports.jobs.failAbandoned(
      projectId,
      jobId,
      failure,
      task.failed?.(job, failure),
    );
    return await finish(ports, task, job, written, error);
  }
  if (outcome.kind === 'busy') {
    await hide(ports, receiptHandle, TIMES.leaseSeconds);
    return { message: 'again', error: new ClaimLost(jobId) };
  }
  if (outcome.kind !== 'claimed') {
    ports.log.info('nothing to do for this message', { projectId, id: jobId, row: outcome.kind });
    return { message: 'done' };
  }
  const { claim, job } = outcome;
  ports.log.info(`${task.what} begins`, { projectId, id: jobId, attempt: claim.attempt });
  try {
    const findings = await work(ports, task, claim, job, request);
    return await finish(ports, task, job, await ports.jobs.complete(claim, findings));
  } catch (error) {
    ports.log.warn(`${task.what} ended without success`, {
      projectId,
      id: jobId,
      attempt: claim.attempt,
      ...failureFacts(error),
    });
    return await settleFailure(ports, task, claim, job, receiptHandle, error);
  }
};
