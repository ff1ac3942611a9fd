import { type Backup, iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { quoted } from '../../core/errors/base.ts';
import { MessageBuried, WorkerDied } from '../../core/errors/work.ts';
import type { OpenWork, WorkQueue, WorkStore } from '../../core/leased-work/store.ts';
import { giveUp, type UnattendedWork, unattendedOf } from '../../core/leased-work/unattended.ts';
import type { LeasedWork } from '../../core/leased-work/work.ts';
import { inParallel } from '../../core/parallel.ts';
import type { Restore } from '../../core/restore.ts';
import type { Verification } from '../../core/verification.ts';
import { isDue } from './due.ts';
import { HOUR, MINUTE, portionsOf, type Step, type SweepPorts } from './step.ts';

/**
 * Repairs leased work whose worker died, whose message was lost, or whose end was not notified. A queue delivers its messages
 * without help, a dead worker's after two minutes. So the sweep sends a message only if the queue is empty, or if the row has waited
 * so long that its message must be lost. A second message for the same row does no harm.
 */
const LEASE_GRACE = 2 * MINUTE;
const LEASE_TOO_OLD = 20 * MINUTE;
const PENDING_GRACE = 5 * MINUTE;
const PENDING_TOO_OLD = 6 * HOUR;
const UNNOTIFIED_GRACE = 10 * MINUTE;
const PORTION = 200;
const WRITES_AT_ONCE = 16;

type Queue = Pick<WorkQueue, 'send' | 'depth'>;

interface SweptWork<W extends LeasedWork> extends UnattendedWork<W> {
  readonly store: UnattendedWork<W>['store'] & Pick<WorkStore<W>, 'open' | 'requeue'>;
  /** Undefined for a source that is no longer configured, or that no longer has such a queue. */
  readonly queueOf: (source: string) => Queue | undefined;
  /** What is no longer configured, for messages. */
  readonly lacks: string;
  readonly givenUp: 'backupsGivenUp' | 'jobsGivenUp';
}

/** The number of messages of a source's queue, read once per step. */
const makeDepths = ({ queueOf }: Pick<SweptWork<LeasedWork>, 'queueOf'>) => {
  const asked = new Map<Queue, Promise<number>>();
  return async (source: string): Promise<number | undefined> => {
    const queue = queueOf(source);
    if (!queue) return undefined;
    const depth = asked.get(queue) ?? queue.depth();
    asked.set(queue, depth);
    return await depth;
  };
};
type Depths = ReturnType<typeof makeDepths>;

/** Makes rows of one source pending and sends their messages. */
const sendAgain = async <W extends LeasedWork>(
  { log }: SweepPorts,
  { kind, store, queueOf }: SweptWork<W>,
  step: Step,
  source: string,
  rows: readonly OpenWork[],
): Promise<void> => {
  const requeued = await inParallel(rows, WRITES_AT_ONCE, async ({ projectId, id }) =>
    (await store.requeue(projectId, id)) ? [{ projectId, id }] : [],
  );
  const refs = requeued.flat();
  if (!refs.length) return;
  const unsent = await queueOf(source)?.send(refs, iso(step.now));
  for (const { projectId, id } of refs) {
    step.count('requestsSentAgain');
    log.warn(`the message of a ${kind.name} was sent again`, { projectId, [kind.idName]: id });
  }
  // Their rows are pending, and the next sweep finds them.
  if (unsent?.length) throw new Error(`the queue did not accept ${unsent.length} requests`);
};

/** Repairs rows of one source that have waited too long without a worker. */
const help = async <W extends LeasedWork>(
  ports: SweepPorts,
  swept: SweptWork<W>,
  step: Step,
  depthOf: Depths,
  source: string,
  rows: readonly OpenWork[],
  isTooOld: (row: OpenWork) => boolean,
): Promise<void> => {
  const depth = await depthOf(source);
  if (depth !== undefined) {
    const lost = rows.filter((row) => depth === 0 || isTooOld(row));
    return await sendAgain(ports, swept, step, source, lost);
  }
  const why = `the configuration no longer has a ${swept.lacks} ${quoted(source)}`;
  for (const row of rows) {
    if (await giveUp(ports, swept, row, new MessageBuried(swept.kind.name, why)))
      step.count(swept.givenUp);
  }
};

/** Rows in progress whose lease expired: starts another attempt, or fails those that have none left. */
export const sweepRunning = async <W extends LeasedWork>(
  ports: SweepPorts,
  swept: SweptWork<W>,
  step: Step,
): Promise<void> => {
  const depthOf = makeDepths(swept);
  const helpOne = async ({ projectId, id }: OpenWork): Promise<void> => {
    // The index lags behind, and does not have the lease.
    const row = await swept.store.get(projectId, id);
    if (row?.status !== 'in-progress') return;
    const dead = step.now - millis(row.leaseUntil ?? row.createdAt);
    if (dead <= LEASE_GRACE) return;
    if (row.attempt < TIMES.maxAttempts)
      return await help(ports, swept, step, depthOf, row.source, [row], () => dead > LEASE_TOO_OLD);
    if (await giveUp(ports, swept, row, new WorkerDied(swept.kind.name, row.attempt)))
      step.count(swept.givenUp);
  };
  for await (const row of swept.store.open('in-progress')) {
    if (!step.hasTime()) return;
    await step.attempt(() => helpOne(row));
  }
};

/** Pending rows whose message was lost. */
export const sweepPending = async <W extends LeasedWork>(
  ports: SweepPorts,
  swept: SweptWork<W>,
  step: Step,
): Promise<void> => {
  const depthOf = makeDepths(swept);
  const waitedOver = (ms: number) => (row: OpenWork) => step.now - millis(row.queuedAt) > ms;
  for await (const portion of portionsOf(swept.store.open('pending'), PORTION)) {
    if (!step.hasTime()) return;
    const waiting = portion.filter(waitedOver(PENDING_GRACE));
    for (const [source, rows] of Map.groupBy(waiting, (row) => row.source))
      await step.attempt(() =>
        help(ports, swept, step, depthOf, source, rows, waitedOver(PENDING_TOO_OLD)),
      );
  }
};

/** Final rows whose end was not notified: the worker died after its last write, or the notification failed. */
export const sweepUnnotified = async <W extends LeasedWork>(
  { outcomes }: SweepPorts,
  { kind, store, beforeNotifying }: SweptWork<W>,
  step: Step,
): Promise<void> => {
  const notify = async (row: OpenWork): Promise<void> => {
    const waited = step.now - millis(row.completedAt ?? row.queuedAt);
    if (waited < UNNOTIFIED_GRACE || !isDue(waited)) return;
    await beforeNotifying?.(row);
    await outcomes.send(kind.outcomeOf(row));
    step.count('outcomesSentAgain');
  };
  for await (const portion of portionsOf(store.open('unnotified'), PORTION)) {
    if (!step.hasTime()) return;
    await inParallel(portion, WRITES_AT_ONCE, (row) => step.attempt(() => notify(row)));
  }
};

export const sweepAll = async <W extends LeasedWork>(
  ports: SweepPorts,
  swept: SweptWork<W>,
  step: Step,
): Promise<void> => {
  await sweepRunning(ports, swept, step);
  await sweepPending(ports, swept, step);
  await sweepUnnotified(ports, swept, step);
};

export interface Swept {
  readonly backups: SweptWork<Backup>;
  readonly restores: SweptWork<Restore>;
  readonly verifications: SweptWork<Verification>;
}

export const sweptOf = (ports: SweepPorts): Swept => {
  const { backups, restores, verifications } = unattendedOf(ports);
  return {
    backups: {
      ...backups,
      store: ports.history,
      queueOf: (source) => ports.queues.get(source),
      lacks: 'source',
      givenUp: 'backupsGivenUp',
    },
    restores: {
      ...restores,
      store: ports.restores,
      queueOf: (source) => ports.restoreQueues.get(source),
      lacks: 'such queue for source',
      givenUp: 'jobsGivenUp',
    },
    verifications: {
      ...verifications,
      store: ports.verifications,
      queueOf: () => ports.verificationQueue,
      lacks: 'such queue for source',
      givenUp: 'jobsGivenUp',
    },
  };
};
