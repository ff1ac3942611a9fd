import { afterAll, beforeAll, expect, test } from 'vitest';
import { TABLE } from '../../../core/contract.ts';
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

/** Ten full chunks of the run's list and one that is not full; `npm run bench` plans 10,000 and prints how long that takes. */
const PROJECTS = 10 * TABLE.runChunk + 1;

test('thousands of projects are planned in one invocation, each with its row, its message and its place on the list', async () => {
  const listing = Array.from({ length: PROJECTS }, (_, index) => project(`p${index}`));
  const table = await tables.newTable();
  const ports = planPorts(
    { tables, queues, table },
    sourceOf('main', () => listing),
  );
  const { runId, part } = await planRun(ports, settings, eventFor(['main']));
  expect(part).toEqual({ planned: PROJECTS, skippedCount: 0 });
  const messages = queues
    .bodies('main.fifo')
    .map((body) => (body as { projectId: string }).projectId);
  expect(messages).toHaveLength(PROJECTS);
  expect(new Set(messages).size).toBe(PROJECTS);
  let waiting = 0;
  for await (const _ of ports.history.open('pending')) waiting += 1;
  expect(waiting).toBe(PROJECTS);
  expect(await ports.runs.unsettled(runId)).toHaveLength(PROJECTS);
});
