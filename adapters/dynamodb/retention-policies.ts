import { hasExpired } from '../../core/backup.ts';
import type { RetentionPolicies } from '../../core/retention-ports.ts';
import { projectKey } from './registry.ts';
import { completedOf, settleRetention } from './retention.ts';
import { changeRow, type HistoryTable } from './table.ts';

/** The policy is an attribute of the project's row. Retention reads it whenever it settles the project (retention.ts). */
export const makeRetentionPolicies = (access: HistoryTable): RetentionPolicies => ({
  affected: async (projectId) =>
    (await completedOf(access, projectId)).filter(
      ({ backup }) => !hasExpired(backup, access.clock()),
    ),

  set: async (projectId, retentionPolicy) => {
    const row = await changeRow(access, projectKey(projectId), {
      set: { retentionPolicy },
      when: 'attribute_exists(#pk)',
    });
    if (row) await settleRetention(access, projectId);
    return row !== undefined;
  },

  clear: async (projectId) => {
    await changeRow(access, projectKey(projectId), {
      remove: ['retentionPolicy'],
      when: 'attribute_exists(#pk)',
    });
  },
});
