import { setTimeout } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import type { Backup } from '../../core/backup.ts';
import type { DayQuery } from '../../core/history-ports.ts';
import { allEnded, chunksOf } from '../../core/parallel.ts';
import type { Page } from '../../core/ports.ts';
import { filterOf, isShown, listName, pageOf } from './backup-filter.ts';
import { positionOf } from './cursors.ts';
import { backupKey, backupOf, dayIndex, dayKeyOf } from './rows.ts';
import { type HistoryTable, queryRows, type Row, SHARDS } from './table.ts';

/** Backups of all projects by the day of their request, merged from the shards of the day index. */
/** Rows by key, in no order; rows deleted in the meantime are left out. */
export const getBackups = async (
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

const idOf = (row: Row): string => String(row.id);

/** One shard's part of a day, in order, from after a position on. */
const ofShard = (
  access: HistoryTable,
  day: string,
  shard: number,
  query: DayQuery,
  after: string | undefined,
): AsyncGenerator<Row> => {
  const { filter, values } = filterOf(query);
  const isBehind = query.sort === 'oldest' ? '>' : '<';
  return queryRows(access, {
    index: dayIndex.name,
    where:
      `#${dayIndex.pk} = :day` +
      (after === undefined ? '' : ` AND #${dayIndex.sk} ${isBehind} :after`),
    values: {
      ...values,
      ':day': dayKeyOf(day, shard),
      ...(after !== undefined && { ':after': after }),
    },
    filter,
    newestFirst: query.sort !== 'oldest',
    firstPage: query.limit + 1,
  });
};

/** Merges sorted rows. */
async function* merged(
  shards: readonly AsyncGenerator<Row>[],
  sort: DayQuery['sort'],
): AsyncGenerator<Row> {
  const heads = await allEnded(shards.map((shard) => shard.next()));
  for (;;) {
    const open = heads.flatMap(({ done, value }, index) => (done ? [] : [{ row: value, index }]));
    const [first] = open.toSorted((one, other) =>
      idOf(one.row) < idOf(other.row) === (sort === 'oldest') ? -1 : 1,
    );
    const shard = first && shards[first.index];
    if (!shard) return;
    yield first.row;
    heads[first.index] = await shard.next();
  }
}

/** Rows as they are now, in the order of the index; those that have expired or were removed since are left out. */
const present = async (
  access: HistoryTable,
  listed: readonly Row[],
  { status }: DayQuery,
): Promise<Backup[]> => {
  const keys = listed.map((row) => ({ projectId: String(row.projectId), id: idOf(row) }));
  const rows = new Map((await getBackups(access, keys)).map((backup) => [backup.id, backup]));
  const now = access.clock();
  return keys.flatMap(({ id }) => {
    const backup = rows.get(id);
    const isWanted = backup && (status ? backup.status === status : backup.status !== 'deleted');
    return isWanted && isShown(backup, now) ? [backup] : [];
  });
};

export const ofDay = async (
  access: HistoryTable,
  day: string,
  query: DayQuery,
): Promise<Page<Backup>> => {
  const name = listName(`day\0${day}`, query.sort);
  const after = query.cursor === undefined ? undefined : positionOf(name, query.cursor);
  const shards = SHARDS.map((shard) => ofShard(access, day, shard, query, after));
  const found: Backup[] = [];
  let listed: Row[] = [];
  for await (const row of merged(shards, query.sort)) {
    listed.push(row);
    if (listed.length <= query.limit) continue;
    // The index has only part of a backup's attributes and is slightly behind.
    found.push(...(await present(access, listed, query)));
    listed = [];
    if (found.length > query.limit) break;
  }
  found.push(...(await present(access, listed, query)));
  return pageOf(found, query.limit, name);
};
