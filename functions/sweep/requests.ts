import { type Backup, iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { describeError, type LarderError, quoted } from '../../core/errors/base.ts';
import { MessageBuried, WorkerDied } from '../../core/errors/work.ts';
import type { OpenBackup } from '../../core/history-ports.ts';
import { inParallel } from '../../core/parallel.ts';
import { HOUR, MINUTE, portionsOf, type Step, type SweepPorts } from './step.ts';

/**
 * Requests whose worker died or whose message is gone. As long as there are messages in a source's queue they come by
 * themselves: a dead worker's after two minutes. So a row is only helped where the queue is empty, or where it has
 * waited so long that its message can't be there any more. A second message for the same row does no harm.
 */
const LEASE_GRACE = 2 * MINUTE;
const LEASE_TOO_OLD = 20 * MINUTE;
const PENDING_GRACE = 5 * MINUTE;
const PENDING_TOO_OLD = 6 * HOUR;
const PORTION = 200;
const WRITES_AT_ONCE = 16;

type Row = Pick<OpenBackup, 'id' | 'projectId' | 'source' | 'runId'>;

/** How many messages a source's queue has, asked for once a sweep; undefined for a source that is no more. */
const makeDepths = (ports: SweepPorts) => {
  const asked = new Map<string, Promise<number>>();
  return async (source: string): Promise<number | undefined> => {
    const queue = ports.queues.get(source);
    if (!queue) return undefined;
    const depth = asked.get(source) ?? queue.depth();
    asked.set(source, depth);
    return await depth;
  };
};

const giveUp = async (
  ports: SweepPorts,
  step: Step,
  { projectId, id, runId }: Row,
  error: LarderError,
): Promise<void> => {
  const failed = await ports.history.failAbandoned(projectId, id, describeError(error));
  if (failed === 'not-abandoned') return;
  step.count('backupsGivenUp');
  ports.log.error('a backup was given up', { projectId, backupId: id, error: error.message });
  await ports.outcomes.send({ kind: 'backup', projectId, backupId: id, ...(runId && { runId }) });
};

const noSource = (source: string): MessageBuried =>
  new MessageBuried(`the configuration has no source ${quoted(source)} any more`);

/** Makes rows pending anew and sends their messages. Rows of one source. */
const sendAgain = async (
  ports: SweepPorts,
  step: Step,
  source: string,
  rows: readonly Row[],
): Promise<void> => {
  const requeued = await inParallel(rows, WRITES_AT_ONCE, async ({ projectId, id }) =>
    (await ports.history.requeue(projectId, id)) === 'written' ? [{ projectId, backupId: id }] : [],
  );
  const messages = requeued.flat();
  if (!messages.length) return;
  const unsent = await ports.queues.get(source)?.send(messages, iso(step.now));
  for (const { projectId, backupId } of messages) {
    step.count('requestsSentAgain');
    ports.log.warn('a request was sent again', { projectId, backupId });
  }
  // Their rows wait, and the next sweep finds them.
  if (unsent?.length) throw new Error(`${unsent.length} requests were not taken by the queue`);
};

const helpRunning = async (
  ports: SweepPorts,
  step: Step,
  depthOf: (source: string) => Promise<number | undefined>,
  { projectId, id }: Row,
): Promise<void> => {
  // The index is a little behind, and does not hold the lease.
  const row: Backup | undefined = await ports.history.get(projectId, id);
  if (row?.status !== 'in-progress') return;
  const dead = step.now - millis(row.leaseUntil ?? row.createdAt);
  if (dead <= LEASE_GRACE) return;
  if (row.attempt >= TIMES.maxAttempts) {
    return await giveUp(ports, step, row, new WorkerDied(row.attempt));
  }
  const depth = await depthOf(row.source);
  if (depth === undefined) return await giveUp(ports, step, row, noSource(row.source));
  if (depth === 0 || dead > LEASE_TOO_OLD) await sendAgain(ports, step, row.source, [row]);
};

/** Rows in progress whose lease ran out: another attempt, or the end where there is none left. */
export const sweepRunning = async (ports: SweepPorts, step: Step): Promise<void> => {
  const depthOf = makeDepths(ports);
  for await (const row of ports.history.open('in-progress')) {
    if (!step.hasTime()) return;
    await step.attempt(() => helpRunning(ports, step, depthOf, row));
  }
};

/** Rows that wait though no message stands for them. */
export const sweepPending = async (ports: SweepPorts, step: Step): Promise<void> => {
  const depthOf = makeDepths(ports);
  for await (const portion of portionsOf(ports.history.open('pending'), PORTION)) {
    if (!step.hasTime()) return;
    const waiting = portion.filter(({ queuedAt }) => step.now - millis(queuedAt) > PENDING_GRACE);
    for (const [source, rows] of Map.groupBy(waiting, (row) => row.source)) {
      await step.attempt(async () => {
        const depth = await depthOf(source);
        if (depth === undefined) {
          for (const row of rows) await giveUp(ports, step, row, noSource(source));
          return;
        }
        const lost = rows.filter(
          ({ queuedAt }) => depth === 0 || step.now - millis(queuedAt) > PENDING_TOO_OLD,
        );
        await sendAgain(ports, step, source, lost);
      });
    }
  }
};
