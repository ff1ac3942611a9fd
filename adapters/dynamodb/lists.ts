import type { Backup } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import type { BackupQuery, History } from '../../core/history-ports.ts';
import { isFull } from '../../core/last-good.ts';
import type { Page } from '../../core/ports.ts';
import type { BackupSummary } from '../../core/statistics.ts';
import { filterOf, isShown, listName, pageOf } from './backup-filter.ts';
import { positionOf } from './cursors.ts';
import { getBackups, ofDay } from './day-list.ts';
import { backupKey, backupOf, dayIndex, dayKeyOf, partitionOf } from './rows.ts';
import { type HistoryTable, queryRows, type Row, SHARDS } from './table.ts';

const list = async (
  access: HistoryTable,
  projectId: string,
  query: BackupQuery,
): Promise<Page<Backup>> => {
  const name = listName(projectId, query.sort);
  const after = query.cursor === undefined ? undefined : positionOf(name, query.cursor);
  const { filter, values } = filterOf(query);
  const now = access.clock();
  const found: Backup[] = [];
  const rows = queryRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :backups)',
    values: { ...values, ':pk': partitionOf(projectId), ':backups': TABLE.backupPrefix },
    filter,
    newestFirst: query.sort !== 'oldest',
    firstPage: query.limit + 1,
    ...(after !== undefined && { after: { ...backupKey(projectId, after) } }),
  });
  for await (const row of rows) {
    const backup = backupOf(row);
    if (!isShown(backup, now)) continue;
    found.push(backup);
    if (found.length > query.limit) break;
  }
  return pageOf(found, query.limit, name);
};

const LATEST_PAGE = 20;

/** The newest backup that can restore the project: full, and not known to be bad. */
const latest = async (
  access: HistoryTable,
  projectId: string,
  at?: string,
): Promise<Backup | undefined> => {
  const isInTime = ({ completedAt = '' }: Backup): boolean => at === undefined || completedAt <= at;
  let cursor: string | undefined;
  do {
    const page = await list(access, projectId, {
      limit: LATEST_PAGE,
      status: 'completed',
      ...(at !== undefined && { to: at }),
      ...(cursor !== undefined && { cursor }),
    });
    const good = page.items.find(
      (backup) => isFull(backup) && backup.validation !== 'failed' && isInTime(backup),
    );
    if (good) return good;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
};

/** Attributes of a summary, and no others, so that less is transferred. */
const SUMMARY = [
  'id',
  'projectId',
  'source',
  'status',
  'validation',
  'size',
  'createdAt',
  'completedAt',
  'durationMs',
] as const satisfies (keyof BackupSummary)[];

/** The shards are read one after the other: a caller that reads many days reads them at the same time. */
async function* summaries(
  access: HistoryTable,
  day: string,
  most: number,
): AsyncGenerator<BackupSummary> {
  let left = most;
  for (const shard of SHARDS) {
    if (left <= 0) return;
    const rows = queryRows(access, {
      index: dayIndex.name,
      where: `#${dayIndex.pk} = :day`,
      values: { ':day': dayKeyOf(day, shard) },
      only: SUMMARY,
      firstPage: left,
    });
    for await (const row of rows) {
      yield row as Row & BackupSummary;
      left -= 1;
      if (left === 0) return;
    }
  }
}

export const makeLists = (
  access: HistoryTable,
): Pick<History, 'list' | 'latest' | 'ofDay' | 'summaries' | 'read'> => ({
  list: (projectId, query) => list(access, projectId, query),
  latest: (projectId, at) => latest(access, projectId, at),
  ofDay: (day, query) => ofDay(access, day, query),
  summaries: (day, most) => summaries(access, day, most),
  read: (refs) => getBackups(access, refs),
});
