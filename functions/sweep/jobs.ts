import { iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { describeError, type LarderError, quoted } from '../../core/errors/base.ts';
import { JobMessageBuried, JobWorkerDied } from '../../core/errors/work.ts';
import type { Job } from '../../core/job.ts';
import type { JobFindings, JobQueue, Jobs, OpenJob } from '../../core/job-ports.ts';
import type { OutcomeMessage } from '../../core/messages.ts';
import { notRun } from '../../core/verification.ts';
import { isDue } from './due.ts';
import { HOUR, MINUTE, type Step, type SweepPorts } from './step.ts';

/**
 * Restores and verifications whose worker died, whose message is gone, or of whose end nobody was told: helped by the rules
 * that hold for exports (requests.ts), one row at a time, for there are few.
 */
const LEASE_GRACE = 2 * MINUTE;
const LEASE_TOO_OLD = 20 * MINUTE;
const PENDING_GRACE = 5 * MINUTE;
const PENDING_TOO_OLD = 6 * HOUR;
const UNTOLD_GRACE = 10 * MINUTE;

export interface JobSweep<J extends Job> {
  readonly what: 'restore' | 'verification';
  readonly jobs: Pick<Jobs<J>, 'get' | 'open' | 'requeue' | 'failAbandoned'>;
  readonly queueOf: (source: string) => Pick<JobQueue<unknown>, 'depth'> | undefined;
  readonly send: (row: OpenJob, renewal: string) => Promise<void>;
  readonly outcomeOf: (row: OpenJob) => OutcomeMessage;
  /** Beside the failure of one that is given up: what its row is to say. */
  readonly findingsOf?: (why: string) => JobFindings<J>;
  /** What else is to be written once a row has failed; done again until people have been told. */
  readonly afterFailure?: (row: OpenJob) => Promise<void>;
}

const giveUp = async <J extends Job>(
  { outcomes, log }: SweepPorts,
  { what, jobs, outcomeOf, findingsOf, afterFailure }: JobSweep<J>,
  step: Step,
  row: OpenJob,
  error: LarderError,
): Promise<void> => {
  const failure = describeError(error);
  const findings = findingsOf?.(failure.message);
  const failed = await jobs.failAbandoned(row.projectId, row.id, failure, findings);
  if (failed === 'not-abandoned') return;
  step.count('jobsGivenUp');
  await afterFailure?.(row);
  log.error(`a ${what} was given up`, { projectId: row.projectId, id: row.id, failure });
  await outcomes.send(outcomeOf(row));
};

const help = async <J extends Job>(
  ports: SweepPorts,
  sweep: JobSweep<J>,
  step: Step,
  row: OpenJob,
  waited: { readonly ms: number; readonly tooOld: number },
): Promise<void> => {
  const queue = sweep.queueOf(row.source);
  if (!queue) {
    const why = `the configuration has no such queue for source ${quoted(row.source)} any more`;
    return await giveUp(ports, sweep, step, row, new JobMessageBuried(sweep.what, why));
  }
  if (waited.ms <= waited.tooOld && (await queue.depth()) > 0) return;
  if ((await sweep.jobs.requeue(row.projectId, row.id)) !== 'written') return;
  await sweep.send(row, iso(step.now));
  step.count('requestsSentAgain');
  ports.log.warn(`the message of a ${sweep.what} was sent again`, { id: row.id });
};

const helpRunning = async <J extends Job>(
  ports: SweepPorts,
  sweep: JobSweep<J>,
  step: Step,
  { projectId, id }: OpenJob,
): Promise<void> => {
  // The index is a little behind, and does not hold the lease.
  const row = await sweep.jobs.get(projectId, id);
  if (row?.status !== 'in-progress') return;
  const ms = step.now - millis(row.leaseUntil ?? row.createdAt);
  if (ms <= LEASE_GRACE) return;
  if (row.attempt >= TIMES.maxAttempts) {
    return await giveUp(ports, sweep, step, row, new JobWorkerDied(sweep.what, row.attempt));
  }
  await help(ports, sweep, step, row, { ms, tooOld: LEASE_TOO_OLD });
};

const eachOpen = async <J extends Job>(
  { jobs }: JobSweep<J>,
  state: 'pending' | 'in-progress' | 'untold',
  step: Step,
  work: (row: OpenJob) => Promise<void>,
): Promise<void> => {
  for await (const row of jobs.open(state)) {
    if (!step.hasTime()) return;
    await step.attempt(() => work(row));
  }
};

export const sweepJobs = async <J extends Job>(
  ports: SweepPorts,
  sweep: JobSweep<J>,
  step: Step,
): Promise<void> => {
  await eachOpen(sweep, 'in-progress', step, (row) => helpRunning(ports, sweep, step, row));
  await eachOpen(sweep, 'pending', step, async (row) => {
    const ms = step.now - millis(row.queuedAt);
    if (ms > PENDING_GRACE) await help(ports, sweep, step, row, { ms, tooOld: PENDING_TOO_OLD });
  });
  await eachOpen(sweep, 'untold', step, async (row) => {
    const waited = step.now - millis(row.completedAt ?? row.queuedAt);
    if (waited < UNTOLD_GRACE || !isDue(waited)) return;
    if (row.status === 'failed') await sweep.afterFailure?.(row);
    await ports.outcomes.send(sweep.outcomeOf(row));
    step.count('outcomesSentAgain');
  });
};

/** Only once its own row has failed: a worker that came to an end in between has said what it found. */
const noteNotRun = async (
  { verifications, validations }: SweepPorts,
  step: Step,
  { projectId, id }: OpenJob,
): Promise<void> => {
  const row = await verifications.get(projectId, id);
  if (row?.status !== 'failed') return;
  await validations.noteValidation(projectId, row.backupId, {
    validation: 'could-not-run',
    verificationId: id,
    validatedAt: iso(step.now),
    why: row.error?.message ?? 'it was given up',
  });
};

export const sweepRestores = (ports: SweepPorts, step: Step): Promise<void> =>
  sweepJobs(
    ports,
    {
      what: 'restore',
      jobs: ports.restores,
      queueOf: (source) => ports.restoreQueues.get(source),
      send: async ({ projectId, id, source }, renewal) =>
        ports.restoreQueues.get(source)?.send({ projectId, restoreId: id }, renewal),
      outcomeOf: ({ projectId, id }) => ({ kind: 'restore', projectId, restoreId: id }),
    },
    step,
  );

export const sweepVerifications = (ports: SweepPorts, step: Step): Promise<void> =>
  sweepJobs(
    ports,
    {
      what: 'verification',
      jobs: ports.verifications,
      queueOf: () => ports.verificationQueue,
      send: ({ projectId, id }, renewal) =>
        ports.verificationQueue.send({ projectId, verificationId: id }, renewal),
      outcomeOf: ({ projectId, id }) => ({ kind: 'verification', projectId, verificationId: id }),
      findingsOf: (why) => ({ result: notRun(why) }),
      afterFailure: (row) => noteNotRun(ports, step, row),
    },
    step,
  );
