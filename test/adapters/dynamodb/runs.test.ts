import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { InvalidInput } from '../../../core/errors/request.ts';
import { runIdOf, uuidv7 } from '../../../core/ids.ts';
import { chunksOf, inParallel } from '../../../core/parallel.ts';
import type { Run, RunPart } from '../../../core/run.ts';
import type { PlannedBackup } from '../../../core/run-ports.ts';
import { DAY, NIGHT, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const runOf = (changes: Partial<Run> = {}): Run => {
  const scheduledAt = changes.scheduledAt ?? iso(NIGHT);
  return {
    id: runIdOf('nightly', scheduledAt),
    schedule: 'nightly',
    scheduledAt,
    createdAt: scheduledAt,
    sources: ['main', 'second'],
    retentionClass: 'daily',
    parts: {},
    ...changes,
  };
};
const partOf = (planned: number, changes: Partial<RunPart> = {}): RunPart => ({
  planned,
  skipped: [],
  skippedCount: 0,
  plannedAt: iso(NIGHT),
  ...changes,
});
const planned = (count: number, name = 'project'): PlannedBackup[] =>
  Array.from({ length: count }, (_, index) => ({
    projectId: `${name}-${index}`,
    backupId: uuidv7(NIGHT, `${name}-${index}`),
  }));
const unfinishedIds = async (): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of it.runs.unfinished()) ids.push(id);
  return ids;
};

describe('a run', () => {
  test('started many times at once is one run, and keeps what is needed to plan it again', async () => {
    const run = runOf({ projects: ['acme', '🐘'], retentionClass: 'weekly' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => it.runs.begin(run)));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    for (const answer of answers) expect(answer.run).toEqual(run);
  });

  test('started again keeps its parts', async () => {
    const run = runOf();
    await it.runs.begin(run);
    await it.runs.endPart(run.id, 'main', partOf(3));
    expect(await it.runs.begin(runOf())).toEqual({
      run: { ...run, parts: { main: partOf(3) } },
      created: false,
    });
  });

  test("gets each source's part once: the first one is kept", async () => {
    const run = runOf();
    await it.runs.begin(run);
    await it.runs.endPart(run.id, 'main', partOf(3));
    await it.runs.endPart(run.id, 'main', partOf(0, { error: { name: 'X', message: 'x' } }));
    await it.runs.endPart(run.id, 'second', partOf(2));
    expect((await it.runs.get(run.id))?.parts).toEqual({ main: partOf(3), second: partOf(2) });
  });

  test('holds 100 skipped projects of the longest names for each of 20 sources', async () => {
    const sources = Array.from({ length: 20 }, (_, index) => `source-${index}`);
    const skipped = Array.from({ length: 100 }, () => ({
      projectId: 'x'.repeat(128),
      why: 'y'.repeat(300),
    }));
    const run = runOf({ sources });
    await it.runs.begin(run);
    for (const source of sources) {
      await it.runs.endPart(run.id, source, partOf(1, { skipped, skippedCount: 100 }));
    }
    expect(Object.keys((await it.runs.get(run.id))?.parts ?? {})).toHaveLength(20);
  });

  test('is missing if it does not exist', async () => {
    expect(await it.runs.get(runOf().id)).toBeUndefined();
    expect(await it.runs.planned(runOf().id)).toEqual([]);
  });
});

describe('the runs', () => {
  test('are listed newest first, across the ends of months', async () => {
    const times = [0, -10, -25, -50, -100].map((days) => iso(NIGHT + days * DAY));
    for (const scheduledAt of times) await it.runs.begin(runOf({ scheduledAt }));
    const found = async (limit: number) =>
      (await it.runs.list({ limit })).items.map(({ scheduledAt }) => scheduledAt);
    expect(await found(10)).toEqual(times);
    expect(await found(2)).toEqual(times.slice(0, 2));
  });

  test('are each on one page, whatever the size of the pages', async () => {
    const times = [1, 0, -1, -10, -25, -26, -50, -100].map((days) => iso(NIGHT + days * DAY));
    for (const scheduledAt of times) await it.runs.begin(runOf({ scheduledAt }));
    for (const limit of [1, 2, 3, 7, 8]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await it.runs.list({ limit, ...(cursor && { cursor }) });
        seen.push(...page.items.map(({ scheduledAt }) => scheduledAt));
        cursor = page.cursor;
      } while (cursor);
      expect(seen).toEqual(times);
    }
    await expect(it.runs.list({ limit: 1, cursor: 'x' })).rejects.toThrow(InvalidInput);
  });

  test('are unfinished until they have been mailed', async () => {
    const [one, two] = [runOf(), runOf({ scheduledAt: iso(NIGHT + DAY) })];
    await it.runs.begin(one);
    await it.runs.begin(two);
    expect(await unfinishedIds()).toEqual([one.id, two.id]);
    expect(await it.runs.claimMail(one.id, 60)).toBe('claimed');
    expect(await unfinishedIds()).toEqual([one.id, two.id]);
    await it.runs.mailed(one.id);
    expect(await unfinishedIds()).toEqual([two.id]);
  });
});

describe('the right to mail a run', () => {
  test('is given to one of many', async () => {
    const { id } = runOf();
    await it.runs.begin(runOf());
    const answers = await Promise.all(Array.from({ length: 10 }, () => it.runs.claimMail(id, 60)));
    expect(answers.filter((answer) => answer === 'claimed')).toHaveLength(1);
  });

  test('is given again if its holder died, and never after the mail was sent', async () => {
    const { id } = runOf();
    await it.runs.begin(runOf());
    expect(await it.runs.claimMail(id, 60)).toBe('claimed');
    it.pass(59_999);
    expect(await it.runs.claimMail(id, 60)).toBe('taken');
    it.pass(1);
    expect(await it.runs.claimMail(id, 60)).toBe('claimed');
    await it.runs.mailed(id);
    it.pass(DAY);
    expect(await it.runs.claimMail(id, 60)).toBe('taken');
    expect(await it.runs.get(id)).toMatchObject({ mailedAt: '2026-11-21T02:01:00.000Z' });
  });

  test('is not given for a run that does not exist', async () => {
    expect(await it.runs.claimMail(runOf().id, 60)).toBe('taken');
    await it.runs.mailed(runOf().id);
    expect(await it.runs.get(runOf().id)).toBeUndefined();
  });
});

describe('the planned backups of a run', () => {
  test('are open until each was settled, and counted once by their outcome', async () => {
    const { id } = runOf();
    const [first, second, third] = planned(3);
    if (!first || !second || !third) throw new Error('three were planned');
    await it.runs.noteChunk(id, 'main', 0, [first, second]);
    await it.runs.noteChunk(id, 'second', 0, [third]);
    await Promise.all(
      Array.from({ length: 5 }, () => it.runs.settle(id, 'main#0', first.backupId, 'completed')),
    );
    await it.runs.settle(id, 'second#0', third.backupId, 'failed');
    expect(await it.runs.unsettled(id)).toEqual([{ ...second, chunk: 'main#0' }]);
    expect(await it.runs.tally(id)).toEqual({
      planned: 3,
      open: 1,
      ended: { completed: 1, failed: 1 },
    });
    await it.runs.settle(id, 'main#0', second.backupId, 'cancelled');
    expect(await it.runs.unsettled(id)).toEqual([]);
    expect((await it.runs.tally(id)).open).toBe(0);
    expect(await it.runs.planned(id)).toEqual([first, second, third]);
  });

  test('are the first list written, and writing another reopens nothing that was settled', async () => {
    const { id } = runOf();
    const [one, other] = planned(2);
    if (!one || !other) throw new Error('two were planned');
    expect(await it.runs.noteChunk(id, 'main', 0, [one])).toEqual([one]);
    await it.runs.settle(id, 'main#0', one.backupId, 'completed');
    expect(await it.runs.noteChunk(id, 'main', 0, [one, other])).toEqual([one]);
    expect(await it.runs.unsettled(id)).toEqual([]);
    expect(await it.runs.planned(id)).toEqual([one]);
  });

  test('may be none: an empty chunk ends a list and waits for nothing', async () => {
    const { id } = runOf();
    expect(await it.runs.noteChunk(id, 'main', 0, [])).toEqual([]);
    expect(await it.runs.noteChunk(id, 'main', 0, planned(1))).toEqual([]);
    expect(await it.runs.tally(id)).toEqual({ planned: 0, open: 0, ended: {} });
  });

  test('are settled without a trace if none was planned', async () => {
    const { id } = runOf();
    await it.runs.settle(id, 'main#7', uuidv7(1), 'completed');
    await it.runs.noteChunk(id, 'main', 0, planned(1));
    await it.runs.settle(id, 'main#0', uuidv7(1), 'completed');
    expect(await it.runs.tally(id)).toEqual({ planned: 1, open: 1, ended: {} });
  });

  test('may be of 10,000 projects with the longest names', async () => {
    const { id } = runOf();
    const name = '🐘'.repeat(30);
    const all = planned(10_000, name);
    await inParallel([...chunksOf(all, TABLE.runChunk).entries()], 8, ([index, chunk]) =>
      it.runs.noteChunk(id, 'main', index, chunk),
    );
    expect(await it.runs.tally(id)).toEqual({ planned: 10_000, open: 10_000, ended: {} });
    const found = await it.runs.unsettled(id);
    expect(new Set(found.map(({ backupId }) => backupId)).size).toBe(10_000);
    expect(await it.runs.planned(id)).toHaveLength(10_000);
  });
});
