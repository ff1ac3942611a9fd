import { type Failure, iso } from '../../core/backup.ts';
import {
  ABANDONED,
  abandonedValues,
  cancelAbandoned,
  endingOf,
  type Leased,
  type LeasedKind,
} from './leases.ts';
import { inPart, statusIndex } from './rows.ts';
import { changeRow, getRow, type HistoryTable, type Row } from './table.ts';

/**
 * Writes by others than the worker: of rows that wait, or whose worker's lease has run out, and a person's
 * wish to cancel. None can touch a row that a living worker holds, but for asking it to stop.
 */
export const makeAbandoned = <R extends Leased>(access: HistoryTable, kind: LeasedKind<R>) => ({
  failAbandoned: async (
    projectId: string,
    id: string,
    failure: Failure,
    found: Row = {},
  ): Promise<'written' | 'not-abandoned'> => {
    const now = access.clock();
    const ending = endingOf(kind, projectId, 'failed', now);
    const row = await changeRow(access, kind.keyOf(projectId, id), {
      ...ending,
      set: { ...found, ...ending.set, error: failure },
      when: ABANDONED,
      values: abandonedValues(now),
    });
    return row ? 'written' : 'not-abandoned';
  },

  completeAbandoned: async (
    projectId: string,
    id: string,
    found: Row,
  ): Promise<'written' | 'not-abandoned'> => {
    const now = access.clock();
    const ending = endingOf(kind, projectId, 'completed', now);
    const set = { ...found, ...ending.set };
    const row = await changeRow(access, kind.keyOf(projectId, id), {
      ...ending,
      set,
      remove: [...ending.remove, 'progress', 'error'].filter((name) => !(name in set)),
      when: ABANDONED,
      values: abandonedValues(now),
    });
    return row ? 'written' : 'not-abandoned';
  },

  requeue: async (projectId: string, id: string): Promise<'written' | 'not-abandoned'> => {
    const now = access.clock();
    const key = kind.keyOf(projectId, id);
    const row = await changeRow(access, key, {
      set: {
        status: 'pending',
        queuedAt: iso(now),
        ...inPart(projectId, kind.partOf('pending')),
      },
      remove: ['leaseUntil', 'claimedBy', 'retryAt', 'progress'],
      when: `${ABANDONED} AND attribute_not_exists(#cancelRequested)`,
      values: abandonedValues(now),
    });
    if (row) return 'written';
    const there = await getRow(access, key);
    if (there?.cancelRequested) await cancelAbandoned(access, kind, projectId, id);
    return 'not-abandoned';
  },

  requestCancel: async (projectId: string, id: string): Promise<R['status'] | undefined> => {
    if (await cancelAbandoned(access, kind, projectId, id)) return 'cancelled';
    const key = kind.keyOf(projectId, id);
    const asked = await changeRow(access, key, {
      set: { cancelRequested: true },
      when: '#status = :running',
      values: { ':running': 'in-progress' },
    });
    const row = asked ?? (await getRow(access, key));
    return row && kind.recordOf(row).status;
  },

  told: async (projectId: string, id: string): Promise<void> => {
    // Refused where it was told before, or the row is gone: nothing is left to do then.
    await changeRow(access, kind.keyOf(projectId, id), {
      set: { toldAt: iso(access.clock()) },
      remove: [statusIndex.pk],
      when: `begins_with(#${statusIndex.pk}, :untold)`,
      values: { ':untold': `${kind.partOf('untold')}#` },
    });
  },
});
