import type { QueuePositions } from '../../core/queue-ports.ts';
import { type StatusPart, statusIndex, statusKeyOf } from './rows.ts';
import { type HistoryTable, queryRows, SHARDS } from './table.ts';

/** Entries that are counted at most in each shard: enough to say that it takes long. */
const COUNTED = 125;

const PARTS: Readonly<Record<Parameters<QueuePositions['ahead']>[0], StatusPart>> = {
  backup: 'pending',
  restore: 'restore-pending',
  verification: 'verification-pending',
};

/** The order of the index is source, time of creation, id. Verifications of all sources have one queue. */
export const makeQueuePositions = (access: HistoryTable): QueuePositions => ({
  ahead: async (kind, { source, createdAt, id }) => {
    const ofSource = kind !== 'verification';
    const counts = await Promise.all(
      SHARDS.map(async (shard) => {
        const rows = queryRows(access, {
          index: statusIndex.name,
          where: `#${statusIndex.pk} = :part${ofSource ? ` AND #${statusIndex.sk} BETWEEN :first AND :own` : ''}`,
          values: {
            ':part': statusKeyOf(PARTS[kind], shard),
            ...(ofSource && { ':first': `${source}#`, ':own': `${source}#${createdAt}#${id}` }),
            ...(!ofSource && { ':created': createdAt }),
          },
          ...(!ofSource && { filter: '#createdAt < :created' }),
          only: ['id'],
        });
        let count = 0;
        for await (const row of rows) {
          if (row.id !== id) count += 1;
          if (count === COUNTED) break;
        }
        return count;
      }),
    );
    return {
      ahead: counts.reduce((sum, count) => sum + count, 0),
      more: counts.includes(COUNTED),
    };
  },
});
