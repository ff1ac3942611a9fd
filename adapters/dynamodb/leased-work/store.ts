import { iso } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import type {
  Claim,
  Findings,
  OpenState,
  OpenWork,
  WorkStore,
} from '../../../core/leased-work/store.ts';
import type { Failure, LeasedWork, WorkRef } from '../../../core/leased-work/work.ts';
import { inPart, statusIndex, statusKeyOf, statusPrefixOf, withoutStorage } from '../rows.ts';
import {
  type Change,
  changeRow,
  getRow,
  type HistoryTable,
  putRow,
  queryRows,
  type Row,
  SHARDS,
} from '../table.ts';
import { ABANDONED, abandonedValues, claim, leaseUntil } from './claim.ts';
import type { Layout } from './layout.ts';

/**
 * The rows of one kind of leased work. A worker's write is ONE conditional update with its attempt in the condition, so a worker
 * that lost its claim can change nothing. Others write only rows without a worker; they can only ask a living worker to stop.
 * If the answer to a write is lost, the SDK sends the write again, and the condition fails because of our own first write.
 * Therefore a refused write is compared with the row before it counts as lost.
 */
interface Ending<W extends LeasedWork> {
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly findings?: Findings<W> | undefined;
  readonly error?: Failure;
}

/** Attributes that a row has only while an attempt works on it. */
const WORKING = ['leaseUntil', 'claimedBy', 'retryAt', 'cancelRequested'] as const;

const HELD = '#status = :running AND #attempt = :attempt';
const heldValues = ({ attempt }: Claim): Row => ({
  ':running': 'in-progress',
  ':attempt': attempt,
});

type Update = Omit<Change, 'when' | 'values'> & { readonly set: Row };

/** Whether a row already has the values that a write would give it. */
const isWritten = (work: LeasedWork, { attempt }: Claim, { set }: Update): boolean => {
  const { status, completedAt, retryAt, error } = set as Partial<LeasedWork>;
  return (
    work.attempt === attempt &&
    work.status === status &&
    work.completedAt === completedAt &&
    work.retryAt === retryAt &&
    (!error || work.error?.message === error.message)
  );
};

async function* open<W extends LeasedWork>(
  access: HistoryTable,
  { partOf }: Layout<W>,
  state: OpenState,
): AsyncGenerator<OpenWork> {
  for (const shard of SHARDS) {
    const rows = queryRows(access, {
      index: statusIndex.name,
      where: `#${statusIndex.pk} = :part`,
      values: { ':part': statusKeyOf(partOf(state), shard) },
    });
    for await (const row of rows) yield withoutStorage(row) as Row & OpenWork;
  }
}

export const makeWorkStore = <W extends LeasedWork, R extends Findings<W> = Findings<W>>(
  access: HistoryTable,
  layout: Layout<W>,
): WorkStore<W, R> => {
  const { keyOf, recordOf, partOf } = layout;

  const endingOf = (ref: WorkRef, { status, findings, error }: Ending<W>): Update => {
    const now = access.clock();
    const set = {
      completedAt: iso(now),
      ...findings,
      status,
      error,
      ...inPart(ref.projectId, partOf('unnotified')),
      ...layout.listBad(ref, findings ?? {}, status === 'failed', now),
    };
    const ofEarlier = status === 'completed' ? ['progress', 'error'] : [];
    return {
      set,
      remove: [...WORKING, ...ofEarlier.filter((name) => !findings || !(name in findings))],
      ...((status !== 'completed' || layout.completedExpires) && {
        copy: { [TABLE.ttl]: 'expirySeconds' },
      }),
    };
  };

  /** A write of the worker. */
  const held = async (
    claim: Claim,
    update: Update,
    and?: 'attribute_exists(#cancelRequested)' | 'attribute_not_exists(#cancelRequested)',
  ): Promise<W | undefined> => {
    const key = keyOf(claim.projectId, claim.id);
    const when = and ? `${HELD} AND ${and}` : HELD;
    const row = await changeRow(access, key, { ...update, when, values: heldValues(claim) });
    if (row) return recordOf(row);
    const there = await getRow(access, key);
    const work = there && recordOf(there);
    return work && isWritten(work, claim, update) ? work : undefined;
  };

  /** A write of another process, to a row without a worker. */
  const abandoned = async (ref: WorkRef, update: Update, and = ''): Promise<W | undefined> => {
    const row = await changeRow(access, keyOf(ref.projectId, ref.id), {
      ...update,
      when: `${ABANDONED}${and}`,
      values: abandonedValues(access.clock()),
    });
    return row && recordOf(row);
  };

  const end = (claim: Claim, ending: Ending<W>) => held(claim, endingOf(claim, ending));
  const endAbandoned = (projectId: string, id: string, ending: Ending<W>) =>
    abandoned({ projectId, id }, endingOf({ projectId, id }, ending));
  const cancelAbandoned = (projectId: string, id: string) =>
    endAbandoned(projectId, id, { status: 'cancelled' });

  const completed = async (write: Promise<W | undefined>): Promise<W | undefined> => {
    const work = await write;
    if (work) await layout.afterCompletion?.(access, work.projectId);
    return work;
  };

  return {
    create: async (work) => {
      const part = inPart(work.projectId, partOf('pending'));
      return (await putRow(access, { ...layout.rowOf(work), ...part })) ? 'created' : 'exists';
    },

    get: async (projectId, id) => {
      const row = await getRow(access, keyOf(projectId, id));
      return row && recordOf(row);
    },

    open: (state) => open(access, layout, state),

    claim: async (projectId, id) => {
      const outcome = await claim(access, layout, projectId, id, cancelAbandoned);
      // A message that arrives after the end shows that a worker died right after its last write.
      if (outcome.kind === 'final' && outcome.status === 'completed')
        await layout.afterCompletion?.(access, projectId);
      return outcome;
    },

    heartbeat: async (claim, findings) => {
      const row = await changeRow(access, keyOf(claim.projectId, claim.id), {
        set: { ...findings, leaseUntil: leaseUntil(access) },
        when: HELD,
        values: heldValues(claim),
      });
      if (!row) return 'lost';
      return row.cancelRequested ? 'cancelling' : 'held';
    },

    complete: (claim, findings) => completed(end(claim, { status: 'completed', findings })),
    fail: (claim, error, findings) => end(claim, { status: 'failed', findings, error }),
    cancel: (claim) => end(claim, { status: 'cancelled' }),

    release: async (claim, error, retryAt) => {
      const waits = inPart(claim.projectId, partOf('pending'));
      const update = {
        set: { status: 'pending', error, retryAt, ...waits },
        remove: ['leaseUntil', 'claimedBy', 'progress'],
      };
      return (
        (await held(claim, update, 'attribute_not_exists(#cancelRequested)')) ??
        // After a request to cancel, no other attempt follows.
        (await held(
          claim,
          endingOf(claim, { status: 'cancelled' }),
          'attribute_exists(#cancelRequested)',
        ))
      );
    },

    requestCancel: async (projectId, id) => {
      if (await cancelAbandoned(projectId, id)) return 'cancelled';
      const key = keyOf(projectId, id);
      const asked = await changeRow(access, key, {
        set: { cancelRequested: true },
        when: '#status = :running',
        values: { ':running': 'in-progress' },
      });
      const row = asked ?? (await getRow(access, key));
      return row && recordOf(row).status;
    },

    failAbandoned: (projectId, id, error, findings) =>
      endAbandoned(projectId, id, { status: 'failed', findings, error }),

    completeAbandoned: (projectId, id, findings) =>
      completed(endAbandoned(projectId, id, { status: 'completed', findings })),

    requeue: async (projectId, id) => {
      const update = {
        set: {
          status: 'pending',
          queuedAt: iso(access.clock()),
          ...inPart(projectId, partOf('pending')),
        },
        remove: ['leaseUntil', 'claimedBy', 'retryAt', 'progress'],
      };
      const wanted = ' AND attribute_not_exists(#cancelRequested)';
      const work = await abandoned({ projectId, id }, update, wanted);
      if (work) return work;
      const there = await getRow(access, keyOf(projectId, id));
      if (there?.cancelRequested) await cancelAbandoned(projectId, id);
      return undefined;
    },

    markNotified: async (projectId, id) => {
      // Refused if it was reported before or the row is gone: nothing more to do.
      await changeRow(access, keyOf(projectId, id), {
        set: { toldAt: iso(access.clock()) },
        remove: [statusIndex.pk],
        when: `begins_with(#${statusIndex.pk}, :unnotified)`,
        values: { ':unnotified': statusPrefixOf(partOf('unnotified')) },
      });
    },
  };
};
