import type { Backup } from '../../core/backup.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import type { History } from '../../core/history-ports.ts';
import { backupKey, backupOf, deletedRowOf, partitionOf } from './rows.ts';
import { allRows, changeRow, type HistoryTable, putRow } from './table.ts';

/**
 * Retention through DynamoDB's TTL. A row may be removed once it has the attribute `ttl`. Rows that end
 * without a backup get it in the write that ends them. A completed one gets it here, unless it is its project's
 * newest full one, so the last good backup can't expire and nothing ever has to be put back.
 *
 * This looks at all completed rows of the project and sets right whatever is not: so it heals what a crash
 * between the two writes left, and the order in which backups complete makes no difference. "Newest" is by
 * id: UUIDv7 orders by the time a backup was planned or asked for.
 */
export const settleRetention = async (access: HistoryTable, projectId: string): Promise<void> => {
  const completed = (
    await allRows(access, {
      where: `#pk = :pk AND begins_with(#sk, :backups)`,
      values: {
        ':pk': partitionOf(projectId),
        ':backups': TABLE.backupPrefix,
        ':completed': 'completed',
      },
      filter: '#status = :completed',
      only: ['id', 'projectId', 'type', 'content', 'completedAt', 'size', TABLE.ttl],
      newestFirst: true,
    })
  ).map(backupOf);
  const kept = completed.find(({ type, content }) => type === 'database' && content === 'full');
  // Kept before any other may go.
  if (kept?.ttl !== undefined) await keep(access, projectId, kept.id);
  await Promise.all([
    kept && noteLastSuccess(access, projectId, kept),
    letAllExpire(
      access,
      projectId,
      completed.filter((backup) => backup !== kept && backup.ttl === undefined),
    ),
  ]);
};

/** One, as a rule; where a crash left more, one after the other. */
const letAllExpire = async (
  access: HistoryTable,
  projectId: string,
  backups: readonly Backup[],
): Promise<void> => {
  for (const { id } of backups) await letExpire(access, projectId, id);
};

const letExpire = (access: HistoryTable, projectId: string, backupId: string) =>
  changeRow(access, backupKey(projectId, backupId), {
    copy: { [TABLE.ttl]: 'expirySeconds' },
    when: '#status = :completed',
    values: { ':completed': 'completed' },
  });

/** Needed only where the newest one was taken out of the history by hand. */
const keep = (access: HistoryTable, projectId: string, backupId: string) =>
  changeRow(access, backupKey(projectId, backupId), {
    remove: [TABLE.ttl],
    when: '#status = :completed',
    values: { ':completed': 'completed' },
  });

const noteLastSuccess = (access: HistoryTable, projectId: string, backup: Backup) =>
  changeRow(
    access,
    { pk: partitionOf(projectId), sk: TABLE.projectRow },
    {
      set: {
        lastSuccess: {
          backupId: backup.id,
          at: backup.completedAt ?? backup.createdAt,
          size: backup.size ?? 0,
        },
      },
      when:
        'attribute_exists(#pk) AND ' +
        '(attribute_not_exists(#lastSuccess) OR #lastSuccess.#backupId < :id)',
      values: { ':id': backup.id },
    },
  );

export const makeRetention = (
  access: HistoryTable,
): Pick<History, 'settleRetention' | 'leaveDeleted'> => ({
  settleRetention: (projectId) => settleRetention(access, projectId),

  leaveDeleted: async (backup, why) => {
    const row = deletedRowOf(backup, why, access.clock(), TIMES.deletedRowDays);
    return (await putRow(access, row)) ? 'written' : 'exists';
  },
});
