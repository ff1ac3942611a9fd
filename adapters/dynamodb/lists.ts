import { setTimeout } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { type Backup, hasExpired } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import type { BackupQuery, History } from '../../core/history-ports.ts';
import { isFull } from '../../core/last-good.ts';
import { chunksOf } from '../../core/parallel.ts';
import type { Page } from '../../core/ports.ts';
import type { BackupSummary } from '../../core/statistics.ts';
import { cursorOf, positionOf } from './cursors.ts';
import { backupKey, backupOf, dayIndex, dayKeyOf, partitionOf } from './rows.ts';
import { type HistoryTable, queryRows, type Row, SHARDS } from './table.ts';

/**
 * Selects the rows of a project that a list shows. Expired rows stay in the table for up to some days until
 * DynamoDB removes them. The newest full backup has no `ttl` and is shown whatever its age.
 */
const filterOf = (query: BackupQuery): { readonly filter: string; readonly values: Row } => {
  const conditions = [
    query.status ? '#status = :status' : '#status <> :deleted',
    query.type && '#type = :type',
    query.from && '#createdAt >= :from',
    query.to && '#createdAt <= :to',
  ];
  return {
    filter: conditions.filter(Boolean).join(' AND '),
    values: {
      ...(query.status ? { ':status': query.status } : { ':deleted': 'deleted' }),
      ...(query.type && { ':type': query.type }),
      ...(query.from && { ':from': query.from }),
      ...(query.to && { ':to': query.to }),
    },
  };
};

/** A `deleted` row records a removed backup and stays visible until its own `ttl`. */
const isShown = (backup: Backup, now: number): boolean =>
  backup.status === 'deleted' ? (backup.ttl ?? 0) * 1000 > now : !hasExpired(backup, now);

const list = async (
  access: HistoryTable,
  projectId: string,
  query: BackupQuery,
): Promise<Page<Backup>> => {
  const after = query.cursor === undefined ? undefined : positionOf(projectId, query.cursor);
  const { filter, values } = filterOf(query);
  const now = access.clock();
  const found: Backup[] = [];
  const rows = queryRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :backups)',
    values: { ...values, ':pk': partitionOf(projectId), ':backups': TABLE.backupPrefix },
    filter,
    newestFirst: true,
    firstPage: query.limit + 1,
    ...(after !== undefined && { after: { ...backupKey(projectId, after) } }),
  });
  for await (const row of rows) {
    const backup = backupOf(row);
    if (!isShown(backup, now)) continue;
    found.push(backup);
    // One more row than requested shows whether there is another page.
    if (found.length > query.limit) break;
  }
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return found.length > items.length && last
    ? { items, cursor: cursorOf(projectId, last.id) }
    : { items };
};

/** Rows by key, in no order; rows deleted in the meantime are left out. */
const getBackups = async (
  access: HistoryTable,
  keys: readonly Pick<Backup, 'projectId' | 'id'>[],
): Promise<Backup[]> => {
  const found: Backup[] = [];
  for (const chunk of chunksOf(keys, 100)) {
    let asked: Record<string, unknown>[] = chunk.map(({ projectId, id }) => ({
      ...backupKey(projectId, id),
    }));
    for (let round = 0; asked.length; round += 1) {
      // Unprocessed keys mean throttling. The SDK treats that as a success and does not wait.
      if (round) await setTimeout(Math.min(50 * 2 ** round, 2000));
      const answer = await access.client.send(
        new BatchGetCommand({ RequestItems: { [access.table]: { Keys: asked } } }),
      );
      found.push(...(answer.Responses?.[access.table] ?? []).map(backupOf));
      asked = answer.UnprocessedKeys?.[access.table]?.Keys ?? [];
    }
  }
  return found;
};

const LATEST_PAGE = 20;

/** The newest backup that can restore the project: full, and not known to be bad. */
const latest = async (access: HistoryTable, projectId: string): Promise<Backup | undefined> => {
  let cursor: string | undefined;
  do {
    const page = await list(access, projectId, {
      limit: LATEST_PAGE,
      status: 'completed',
      ...(cursor !== undefined && { cursor }),
    });
    const good = page.items.find((backup) => isFull(backup) && backup.validation !== 'failed');
    if (good) return good;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
};

const byNewest = (one: Pick<Backup, 'id'>, other: Pick<Backup, 'id'>): number =>
  one.id < other.id ? 1 : one.id > other.id ? -1 : 0;

const newestOfShard = async (
  access: HistoryTable,
  day: string,
  shard: number,
  limit: number,
): Promise<Backup[]> => {
  const found: Backup[] = [];
  const rows = queryRows(access, {
    index: dayIndex.name,
    where: `#${dayIndex.pk} = :day`,
    values: { ':day': dayKeyOf(day, shard), ':deleted': 'deleted' },
    filter: '#status <> :deleted',
    newestFirst: true,
    firstPage: limit,
  });
  for await (const row of rows) {
    found.push(backupOf(row));
    if (found.length === limit) break;
  }
  return found;
};

const ofDay = async (access: HistoryTable, day: string, limit: number): Promise<Backup[]> => {
  const shards = await Promise.all(SHARDS.map((shard) => newestOfShard(access, day, shard, limit)));
  const newest = shards.flat().sort(byNewest).slice(0, limit);
  // The index has only part of a backup's attributes and is slightly behind.
  const now = access.clock();
  const backups = await getBackups(access, newest);
  return backups
    .filter((backup) => backup.status !== 'deleted' && isShown(backup, now))
    .sort(byNewest);
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
  latest: (projectId) => latest(access, projectId),
  ofDay: (day, limit) => ofDay(access, day, limit),
  summaries: (day, most) => summaries(access, day, most),
  read: (refs) => getBackups(access, refs),
});
