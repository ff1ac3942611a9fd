import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRun } from '../../../functions/plan/plan-run.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { eventFor, planPorts, project, settings, sourceOf } from './planning.ts';

let tables: Tables;
let queues: Queues;

beforeAll(async () => {
  [tables, queues] = await Promise.all([startTables(), startQueues()]);
});
afterAll(async () => {
  await tables.stop();
  await queues.stop();
});

test('10,000 projects are planned in one invocation, each with its row, its message and its place on the list', async () => {
  const listing = Array.from({ length: 10_000 }, (_, index) => project(`p${index}`));
  const table = await tables.newTable();
  const ports = planPorts(
    { tables, queues, table },
    sourceOf('main', () => listing),
  );
  const { runId, part } = await planRun(ports, settings, eventFor(['main']));
  expect(part).toEqual({ planned: 10_000, skippedCount: 0 });
  const messages = queues
    .bodies('main.fifo')
    .map((body) => (body as { projectId: string }).projectId);
  expect(messages).toHaveLength(10_000);
  expect(new Set(messages).size).toBe(10_000);
  let waiting = 0;
  for await (const _ of ports.history.open('pending')) waiting += 1;
  expect(waiting).toBe(10_000);
  expect(await ports.runs.unsettled(runId)).toHaveLength(10_000);
  // The emulator takes most of half a minute for its 30,000 writes on a busy machine.
}, 300_000);
