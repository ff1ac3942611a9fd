import { afterAll, beforeAll, expect, test } from 'vitest';
import { iso } from '../../core/backup.ts';
import { type BeginPorts, beginRun } from '../../core/begin-run.ts';
import { planEventOf, type Run, runOf } from '../../core/run.ts';
import { NIGHT, newHistory } from '../support/backups.ts';
import { startTables, type Tables } from '../support/tables.ts';

let tables: Tables;
let stored: Awaited<ReturnType<typeof newHistory>>;
beforeAll(async () => {
  tables = await startTables();
  stored = await newHistory(tables);
});
afterAll(() => tables.stop());

const nothing = (): void => undefined;
/** Ports whose Lambda refuses the planning of the named sources. */
const portsWith = (refused: readonly string[] = []) => {
  const started: string[] = [];
  const ports: BeginPorts = {
    runs: stored.runs,
    functions: {
      startPlan: async (source, event) => {
        if (refused.includes(source)) throw new Error('throttled');
        expect(event).toMatchObject({ sources: ['main', 'second', 'third'] });
        started.push(source);
      },
    },
    clock: () => NIGHT,
    log: { info: nothing, warn: nothing, error: nothing },
  };
  return { ports, started };
};
const runAt = (schedule: string): Run =>
  runOf(
    {
      schedule,
      scheduledAt: iso(NIGHT),
      sources: ['main', 'second', 'third'],
      retentionClass: 'daily',
    },
    NIGHT,
  );

test('a run has a row, and the planning of each of its sources is started', async () => {
  const { ports, started } = portsWith();
  const run = await beginRun(ports, runAt('nightly'));
  expect(started).toEqual(['main', 'second', 'third']);
  expect(await stored.runs.get(run.id)).toEqual(run);
});

test('the same firing again starts what has not been planned, and is the same run', async () => {
  const wanted = runAt('twice');
  await beginRun(portsWith().ports, wanted);
  const part = { planned: 1, skipped: [], skippedCount: 0, plannedAt: iso(NIGHT) };
  await stored.runs.endPart(wanted.id, 'second', part);
  const { ports, started } = portsWith();
  const again = await beginRun(ports, { ...wanted, createdAt: iso(NIGHT + 60_000) });
  expect(again).toMatchObject({ id: wanted.id, createdAt: iso(NIGHT) });
  expect(started).toEqual(['main', 'third']);
});

test('a source whose planning cannot be started blocks no other, and stays missing for sweep', async () => {
  const { ports, started } = portsWith(['main']);
  const run = await beginRun(ports, runAt('throttled'));
  expect(started).toEqual(['second', 'third']);
  const open: Run[] = [];
  for await (const one of stored.runs.unfinished()) open.push(one);
  expect(open.map(planEventOf)).toContainEqual(planEventOf(run));
});

test('without a row nothing is started: Lambda tries again', async () => {
  const { ports, started } = portsWith();
  const broken = { ...ports, runs: { begin: () => Promise.reject(new Error('no table')) } };
  await expect(beginRun(broken, runAt('broken'))).rejects.toThrow('no table');
  expect(started).toEqual([]);
});
