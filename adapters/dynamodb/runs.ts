import { iso, millis, type Status } from '../../core/backup.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import { allEnded } from '../../core/parallel.ts';
import type { Page } from '../../core/ports.ts';
import type { Run, RunPart } from '../../core/run.ts';
import type { PlannedBackup, Runs, RunTally } from '../../core/run-ports.ts';
import { cursorOf, positionOf } from './cursors.ts';
import { noteFiring } from './firings.ts';
import { dayIndex, epochSeconds, statusIndex } from './rows.ts';
import {
  allRows,
  changeRow,
  getRow,
  type HistoryTable,
  type Key,
  putRow,
  queryRows,
  type Row,
} from './table.ts';

/**
 * Runs. One partition for each run: its own row, a row for each source's part, and chunks of the planned ids. Parts
 * have their own rows because their lists of skipped projects add up, and a row holds 400 KB at most; a chunk of
 * 200 ids of the longest allowed length is about 50 KB. The ids that a chunk still waits for are a string set. One
 * write removes an id and counts how its backup ended; it is refused if the id is no longer in the set.
 */
const partitionOf = (runId: string): string => `${TABLE.runPrefix}${runId}`;
const runKey = (runId: string): Key => ({ pk: partitionOf(runId), sk: TABLE.runRow });
const chunkKey = (runId: string, chunk: string): Key => ({
  pk: partitionOf(runId),
  sk: `${TABLE.chunkPrefix}${chunk}`,
});

const UNFINISHED = 'run-open#0';
const monthKeyOf = (month: string): string => `runs#${month}`;
/** Runs are kept as long as the rows that record removals by retention. */
const MONTHS_KEPT = 13;

const expiryOf = (run: Pick<Run, 'createdAt'>): number =>
  epochSeconds(millis(run.createdAt) + TIMES.deletedRowDays * 86_400_000);

const rowOfRun = (run: Run): Row & Key => {
  const { parts: _, ...kept } = run;
  return {
    ...kept,
    ...runKey(run.id),
    kind: 'run',
    [TABLE.ttl]: expiryOf(run),
    [statusIndex.pk]: UNFINISHED,
    [statusIndex.sk]: `${run.createdAt}#${run.id}`,
    [dayIndex.pk]: monthKeyOf(run.scheduledAt.slice(0, 7)),
    [dayIndex.sk]: run.id,
  };
};

const RUN_STORAGE: ReadonlySet<string> = new Set([
  TABLE.pk,
  TABLE.sk,
  TABLE.ttl,
  statusIndex.pk,
  statusIndex.sk,
  dayIndex.pk,
  dayIndex.sk,
  'kind',
  'mailLeaseUntil',
]);

const runOf = (row: Row, parts: Readonly<Record<string, RunPart>>): Run => {
  const kept = Object.entries(row).filter(([attribute]) => !RUN_STORAGE.has(attribute));
  return { ...Object.fromEntries(kept), parts } as Row & Run;
};

const getRun = async (access: HistoryTable, runId: string): Promise<Run | undefined> => {
  const rows = await allRows(access, {
    where: '#pk = :pk AND #sk BETWEEN :parts AND :run',
    values: { ':pk': partitionOf(runId), ':parts': TABLE.partPrefix, ':run': TABLE.runRow },
  });
  const run = rows.find((row) => row.sk === TABLE.runRow);
  const parts = rows
    .filter((row) => row !== run)
    .map((row) => [row.source, row.part] as readonly [string, RunPart]);
  return run && runOf(run, Object.fromEntries(parts));
};

const chunksOfRun = (access: HistoryTable, runId: string): AsyncGenerator<Row> =>
  queryRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :chunks)',
    values: { ':pk': partitionOf(runId), ':chunks': TABLE.chunkPrefix },
  });

/** Settled backups of a chunk are counted by how they ended, in one attribute for each outcome. */
const ENDINGS = ['completed', 'failed', 'cancelled', 'deleted'] as const satisfies Status[];
const countOf = (ending: Status): string => `ended_${ending}`;

const plannedIn = (chunk: Row): readonly PlannedBackup[] =>
  chunk.planned as readonly PlannedBackup[];

const LIST = 'runs';

/** Months in which runs may be due, newest first. The first is one month ahead: for runs scheduled by a fast clock. */
const monthsUntil = (now: number): string[] => {
  const newest = new Date(now);
  return Array.from({ length: MONTHS_KEPT + 1 }, (_, back) =>
    iso(Date.UTC(newest.getUTCFullYear(), newest.getUTCMonth() + 1 - back, 1)).slice(0, 7),
  );
};

/** A position in the list: a run's month and its id. Ids sort by the time at which runs were due, so by month. */
const list = async (
  access: HistoryTable,
  { limit, cursor }: Parameters<Runs['list']>[0],
): Promise<Page<Run>> => {
  const [after, id] = cursor === undefined ? [] : positionOf(LIST, cursor).split('#');
  const found: { readonly month: string; readonly id: string }[] = [];
  for (const month of monthsUntil(access.clock())) {
    if (found.length > limit) break;
    if (after !== undefined && month > after) continue;
    const rows = queryRows(access, {
      index: dayIndex.name,
      where: `#${dayIndex.pk} = :month${month === after ? ` AND #${dayIndex.sk} < :id` : ''}`,
      values: { ':month': monthKeyOf(month), ...(month === after && { ':id': id }) },
      newestFirst: true,
      firstPage: limit + 1,
    });
    for await (const row of rows) {
      found.push({ month, id: String(row.id) });
      if (found.length > limit) break;
    }
  }
  const shown = found.slice(0, limit);
  const runs = await allEnded(shown.map((one) => getRun(access, one.id)));
  const items = runs.filter((run) => run !== undefined);
  const last = shown.at(-1);
  return found.length > shown.length && last
    ? { items, cursor: cursorOf(LIST, `${last.month}#${last.id}`) }
    : { items };
};

async function* unfinished(access: HistoryTable): AsyncGenerator<Run> {
  const rows = queryRows(access, {
    index: statusIndex.name,
    where: `#${statusIndex.pk} = :open`,
    values: { ':open': UNFINISHED },
  });
  for await (const row of rows) {
    // The index may be behind: the row itself says whether the run is still unfinished.
    const run = await getRun(access, String(row.id));
    if (run && !run.mailedAt) yield run;
  }
}

async function* unsettled(access: HistoryTable, runId: string) {
  for await (const row of chunksOfRun(access, runId)) {
    const open: ReadonlySet<unknown> = row.open instanceof Set ? row.open : new Set();
    const chunk = `${row.source}#${row.index}`;
    for (const backup of plannedIn(row)) {
      if (open.has(backup.backupId)) yield { ...backup, chunk };
    }
  }
}

const tally = async (access: HistoryTable, runId: string): Promise<RunTally> => {
  const chunks = await allRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :chunks)',
    values: { ':pk': partitionOf(runId), ':chunks': TABLE.chunkPrefix },
    only: ['plannedCount', ...ENDINGS.map(countOf)],
  });
  const sum = (attribute: string): number =>
    chunks.reduce((total, chunk) => total + Number(chunk[attribute] ?? 0), 0);
  const ended = ENDINGS.map((ending) => [ending, sum(countOf(ending))] as const).filter(
    ([, count]) => count > 0,
  );
  const planned = sum('plannedCount');
  const settled = ended.reduce((total, [, count]) => total + count, 0);
  return { planned, open: planned - settled, ended: Object.fromEntries(ended) };
};

export const makeRuns = (access: HistoryTable): Runs => ({
  begin: async (run) => {
    const created = await putRow(access, rowOfRun(run));
    await noteFiring(access, run);
    if (created) return { run: { ...run, parts: {} }, created };
    return { run: (await getRun(access, run.id)) ?? run, created: false };
  },

  get: (runId) => getRun(access, runId),
  list: (query) => list(access, query),
  unfinished: () => unfinished(access),

  noteChunk: async (runId, source, index, backups) => {
    const key = chunkKey(runId, `${source}#${index}`);
    const planned = backups.map(({ projectId, backupId }) => ({ projectId, backupId }));
    const noted = await putRow(access, {
      ...key,
      kind: 'chunk',
      source,
      index,
      planned,
      plannedCount: planned.length,
      ...Object.fromEntries(ENDINGS.map((ending) => [countOf(ending), 0])),
      // DynamoDB has no empty set; a chunk without a set waits for nothing.
      ...(planned.length && { open: new Set(planned.map(({ backupId }) => backupId)) }),
      [TABLE.ttl]: expiryOf({ createdAt: iso(access.clock()) }),
    });
    const there = noted ? undefined : await getRow(access, key);
    return there ? plannedIn(there) : planned;
  },

  endPart: async (runId, source, part) => {
    await putRow(access, {
      pk: partitionOf(runId),
      sk: `${TABLE.partPrefix}${source}`,
      kind: 'part',
      source,
      part,
      [TABLE.ttl]: expiryOf({ createdAt: iso(access.clock()) }),
    });
  },

  settle: async (runId, chunk, backupId, status) => {
    // Refused if it is settled already or the run is gone: nothing more to do.
    await changeRow(access, chunkKey(runId, chunk), {
      takeOut: { open: new Set([backupId]) },
      increment: countOf(status),
      when: 'contains(#open, :id)',
      values: { ':id': backupId },
    });
  },

  tally: (runId) => tally(access, runId),

  unsettled: async (runId) => {
    const open: (PlannedBackup & { readonly chunk: string })[] = [];
    for await (const backup of unsettled(access, runId)) open.push(backup);
    return open;
  },

  planned: async (runId) => {
    const planned: PlannedBackup[] = [];
    for await (const chunk of chunksOfRun(access, runId)) planned.push(...plannedIn(chunk));
    return planned;
  },

  claimMail: async (runId, seconds) => {
    const now = access.clock();
    const claimed = await changeRow(access, runKey(runId), {
      set: { finishedAt: iso(now), mailLeaseUntil: iso(now + seconds * 1000) },
      when:
        'attribute_exists(#pk) AND attribute_not_exists(#mailedAt) AND ' +
        '(attribute_not_exists(#mailLeaseUntil) OR #mailLeaseUntil <= :now)',
      values: { ':now': iso(now) },
    });
    return claimed ? 'claimed' : 'taken';
  },

  mailed: async (runId) => {
    await changeRow(access, runKey(runId), {
      set: { mailedAt: iso(access.clock()) },
      remove: [statusIndex.pk, 'mailLeaseUntil'],
      when: 'attribute_exists(#pk) AND attribute_not_exists(#mailedAt)',
    });
  },
});
