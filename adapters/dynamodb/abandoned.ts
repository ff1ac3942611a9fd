import { iso } from '../../core/backup.ts';
import type { History } from '../../core/ports.ts';
import { ABANDONED, abandonedValues, cancelAbandoned, endingOf } from './claims.ts';
import { backupKey, backupOf, inState, statusIndex } from './rows.ts';
import { changeRow, getRow, type HistoryTable } from './table.ts';

/**
 * Writes by others than the worker: of rows that wait, or whose worker's lease has run out, and a person's
 * wish to cancel. None can touch a row that a living worker holds, but for asking it to stop.
 */
export const makeAbandoned = (
  access: HistoryTable,
): Pick<History, 'failAbandoned' | 'requeue' | 'requestCancel' | 'told'> => ({
  failAbandoned: async (projectId, backupId, failure) => {
    const now = access.clock();
    const ending = endingOf(projectId, 'failed', now);
    const row = await changeRow(access, backupKey(projectId, backupId), {
      ...ending,
      set: { ...ending.set, error: failure },
      when: ABANDONED,
      values: abandonedValues(now),
    });
    return row ? 'written' : 'not-abandoned';
  },

  requeue: async (projectId, backupId) => {
    const now = access.clock();
    const row = await changeRow(access, backupKey(projectId, backupId), {
      set: { status: 'pending', queuedAt: iso(now), ...inState(projectId, 'pending') },
      remove: ['leaseUntil', 'claimedBy', 'retryAt', 'progress'],
      when: `${ABANDONED} AND attribute_not_exists(#cancelRequested)`,
      values: abandonedValues(now),
    });
    if (row) return 'written';
    const there = await getRow(access, backupKey(projectId, backupId));
    if (there?.cancelRequested) await cancelAbandoned(access, projectId, backupId);
    return 'not-abandoned';
  },

  requestCancel: async (projectId, backupId) => {
    if (await cancelAbandoned(access, projectId, backupId)) return 'cancelled';
    const key = backupKey(projectId, backupId);
    const asked = await changeRow(access, key, {
      set: { cancelRequested: true },
      when: '#status = :running',
      values: { ':running': 'in-progress' },
    });
    const row = asked ?? (await getRow(access, key));
    return row && backupOf(row).status;
  },

  told: async (projectId, backupId) => {
    // Refused where it was told before, or the row is gone: nothing is left to do then.
    await changeRow(access, backupKey(projectId, backupId), {
      set: { toldAt: iso(access.clock()) },
      remove: [statusIndex.pk],
      when: `begins_with(#${statusIndex.pk}, :untold)`,
      values: { ':untold': 'untold#' },
    });
  },
});
