import { iso, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { hasLapsed, type Job } from '../../core/job.ts';
import type { Jobs, Restores, Verifications } from '../../core/job-ports.ts';
import type { Page } from '../../core/ports.ts';
import { cursorOf, positionOf } from './cursors.ts';
import {
  badDayKeyOf,
  type JobKind,
  type Layout,
  RESTORE_LAYOUT,
  VERIFICATION_LAYOUT,
} from './leased-work/layout.ts';
import { makeWorkStore } from './leased-work/store.ts';
import { dayIndex, partitionOf } from './rows.ts';
import { type HistoryTable, queryRows, SHARDS } from './table.ts';

/** Restores and verifications: the store of their rows, and the lists of them. */
const PREFIXES = { restore: TABLE.restorePrefix, verification: TABLE.verificationPrefix };

const list = async <J extends Job>(
  access: HistoryTable,
  { keyOf, recordOf }: Layout<J>,
  kind: JobKind,
  projectId: string,
  query: Parameters<Jobs<J>['list']>[1],
): Promise<Page<J>> => {
  const { backupId, limit, cursor } = query;
  const name = `${projectId}\0${kind}\0${backupId ?? ''}`;
  const after = cursor === undefined ? undefined : positionOf(name, cursor);
  const now = access.clock();
  const found: J[] = [];
  const all = queryRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :jobs)',
    values: {
      ':pk': partitionOf(projectId),
      ':jobs': PREFIXES[kind],
      ...(backupId !== undefined && { ':backup': backupId }),
    },
    ...(backupId !== undefined && { filter: '#backupId = :backup' }),
    newestFirst: true,
    firstPage: limit + 1,
    ...(after !== undefined && { after: { ...keyOf(projectId, after) } }),
  });
  for await (const row of all) {
    const job = recordOf(row);
    if (hasLapsed(job, now)) continue;
    found.push(job);
    // One more than asked for shows whether there is another page.
    if (found.length > limit) break;
  }
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > items.length && last
    ? { items, cursor: cursorOf(name, last.id) }
    : { items };
};

const DAY_MS = 86_400_000;

async function* failedSince(
  access: HistoryTable,
  kind: JobKind,
  since: string,
): AsyncGenerator<string> {
  const last = iso(access.clock()).slice(0, 10);
  for (let day = since.slice(0, 10); day <= last; day = iso(millis(day) + DAY_MS).slice(0, 10)) {
    for (const shard of SHARDS) {
      const found = queryRows(access, {
        index: dayIndex.name,
        where: `#${dayIndex.pk} = :day AND #${dayIndex.sk} >= :since`,
        values: { ':day': badDayKeyOf(kind, day, shard), ':since': since },
      });
      for await (const row of found) yield String(row[dayIndex.sk]).replace(/^.*#/, '');
    }
  }
}

const makeJobs = <J extends Job>(
  access: HistoryTable,
  layout: Layout<J>,
  kind: JobKind,
): Jobs<J> => ({
  ...makeWorkStore(access, layout),
  list: (projectId, query) => list(access, layout, kind, projectId, query),
  failedSince: (since) => failedSince(access, kind, since),
});

export const makeRestores = (access: HistoryTable): Restores =>
  makeJobs(access, RESTORE_LAYOUT, 'restore');

export const makeVerifications = (access: HistoryTable): Verifications =>
  makeJobs(access, VERIFICATION_LAYOUT, 'verification');
