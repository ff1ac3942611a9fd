import type { Backup, Completion } from '../../core/backup.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import { IdempotencyConflict } from '../../core/errors/request.ts';
import type { History } from '../../core/history-ports.ts';
import { sha256Hex } from '../../core/ids.ts';
import { makeChanges } from './changes.ts';
import { BACKUP_LAYOUT } from './leased-work/layout.ts';
import { makeWorkStore } from './leased-work/store.ts';
import { makeLists } from './lists.ts';
import { makeRetention } from './retention.ts';
import { epochSeconds, partitionOf } from './rows.ts';
import { getRow, type HistoryTable, putRow } from './table.ts';

/**
 * The history in one DynamoDB table: every backup is a row in its project's partition, sorted by its UUIDv7 and
 * therefore by time.
 */
export const makeHistory = (access: HistoryTable): History => ({
  ...makeWorkStore<Backup, Completion>(access, BACKUP_LAYOUT),
  ...makeRetention(access),
  ...makeLists(access),
  ...makeChanges(access),
  remember: (projectId, key, requestHash, backupId) =>
    remember(access, projectId, key, requestHash, backupId),
});

/** Clients choose keys of any length, so the row's key holds their digest. */
const remember = async (
  access: HistoryTable,
  projectId: string,
  key: string,
  requestHash: string,
  backupId: string,
): Promise<string> => {
  const now = access.clock();
  const rowKey = {
    pk: partitionOf(projectId),
    sk: `${TABLE.idempotencyPrefix}${sha256Hex(key)}`,
  };
  const row = {
    ...rowKey,
    kind: 'idempotency',
    requestHash,
    backupId,
    [TABLE.ttl]: epochSeconds(now + TIMES.idempotencyHours * 3_600_000),
  };
  // DynamoDB removes a row up to some days after its ttl; from its ttl on, the row counts as gone.
  const kept = await putRow(access, row, {
    condition: `attribute_not_exists(#${TABLE.pk}) OR #${TABLE.ttl} <= :now`,
    values: { ':now': Math.floor(now / 1000) },
  });
  if (kept) return backupId;
  const there = await getRow(access, rowKey);
  if (there && there.requestHash === requestHash && typeof there.backupId === 'string') {
    return there.backupId;
  }
  throw new IdempotencyConflict();
};
