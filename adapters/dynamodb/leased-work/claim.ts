import { randomUUID } from 'node:crypto';
import { iso } from '../../../core/backup.ts';
import { TIMES } from '../../../core/contract.ts';
import type { ClaimOutcome } from '../../../core/leased-work/store.ts';
import { isFinal, type LeasedWork } from '../../../core/leased-work/work.ts';
import { inPart } from '../rows.ts';
import { changeRow, getRow, type HistoryTable, type Row } from '../table.ts';
import type { Layout } from './layout.ts';

/** A row without a worker: it is pending, or its worker's lease has run out. */
export const ABANDONED =
  '(#status = :pending OR (#status = :running AND ' +
  '(attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)))';

export const abandonedValues = (now: number): Row => ({
  ':pending': 'pending',
  ':running': 'in-progress',
  ':now': iso(now),
});

export const leaseUntil = (access: HistoryTable): string =>
  iso(access.clock() + TIMES.leaseSeconds * 1000);

const tryToClaim = <W extends LeasedWork>(
  access: HistoryTable,
  layout: Layout<W>,
  projectId: string,
  id: string,
  worker: string,
) => {
  const now = access.clock();
  return changeRow(access, layout.keyOf(projectId, id), {
    set: {
      status: 'in-progress',
      startedAt: iso(now),
      leaseUntil: leaseUntil(access),
      claimedBy: worker,
      ...inPart(projectId, layout.partOf('in-progress')),
    },
    increment: 'attempt',
    remove: ['retryAt', 'progress'],
    when: `${ABANDONED} AND #attempt < :most AND attribute_not_exists(#cancelRequested)`,
    values: { ...abandonedValues(now), ':most': TIMES.maxAttempts },
  });
};

type CancelAbandoned = (projectId: string, id: string) => Promise<unknown>;

/** Why a claim was refused; undefined if the row has changed since and may be claimed now. */
const refusal = async <W extends LeasedWork>(
  access: HistoryTable,
  layout: Layout<W>,
  projectId: string,
  id: string,
  worker: string,
  cancelAbandoned: CancelAbandoned,
): Promise<ClaimOutcome<W> | undefined> => {
  const row = await getRow(access, layout.keyOf(projectId, id));
  if (!row) return { kind: 'missing' };
  const work = layout.recordOf(row);
  if (isFinal(work.status)) return { kind: 'final', status: work.status };
  if (row.claimedBy === worker) return claimed(work);
  if (work.status === 'in-progress' && work.leaseUntil) {
    if (work.leaseUntil > iso(access.clock())) return { kind: 'busy', leaseUntil: work.leaseUntil };
  }
  if (work.cancelRequested) {
    const ended = await cancelAbandoned(projectId, id);
    return ended ? { kind: 'final', status: 'cancelled' } : undefined;
  }
  return work.attempt >= TIMES.maxAttempts ? { kind: 'exhausted', work } : undefined;
};

const claimed = <W extends LeasedWork>(work: W): ClaimOutcome<W> => {
  const { projectId, id, attempt } = work;
  return { kind: 'claimed', claim: { projectId, id, attempt }, work };
};

/** @param cancelAbandoned cancels a row without a worker */
export const claim = async <W extends LeasedWork>(
  access: HistoryTable,
  layout: Layout<W>,
  projectId: string,
  id: string,
  cancelAbandoned: CancelAbandoned,
): Promise<ClaimOutcome<W>> => {
  const worker = randomUUID();
  for (let round = 0; round < 5; round += 1) {
    const row = await tryToClaim(access, layout, projectId, id, worker);
    if (row) return claimed(layout.recordOf(row));
    const why = await refusal(access, layout, projectId, id, worker, cancelAbandoned);
    if (why) return why;
  }
  // Many workers write this row at once: one of them has the claim or will get it.
  return { kind: 'busy', leaseUntil: leaseUntil(access) };
};
