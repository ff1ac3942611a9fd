import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeExportQueue } from '../../adapters/sqs/work-queue.ts';
import { makePool } from '../../local/lambda/pool.ts';
import { startPoller } from '../../local/triggers/queue-poller.ts';
import { openBench } from './harness.ts';
import { openRoom, projectOf, type Room } from './room.ts';
import { deploy, UNREAD } from './worker-process.ts';

/** K is the maximum concurrency of the queue's event source mapping, whose poller this is; the workers are the deployed bundle. */
const K = 3;
const MESSAGES = 50;
const projects = Array.from({ length: MESSAGES }, (_, index) => `tenant_${index}`);

let room: Room;
let deployed: Awaited<ReturnType<typeof deploy>>;
beforeAll(async () => {
  room = await openRoom();
  await room.postgres.sql(projects.map((name) => projectOf(name, 10)).join(''), room.database);
  deployed = await deploy(room);
});
afterAll(async () => {
  await deployed.close();
  await room.close();
});

/** Exports that have sessions on the server now. */
const countDumps = async (): Promise<number> => {
  const found = await room.postgres.sql(
    `SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'larder/%/%'`,
  );
  return found.rowCount ?? 0;
};

test('of 50 messages for one database, at most K are exported at once, and all of them are', async () => {
  const bench = await openBench(room);
  const backups = await Promise.all(projects.map((project) => bench.request(project)));
  const queue = makeExportQueue({ url: bench.exportsUrl, client: room.queues.client });
  await queue.send(backups.map(({ projectId, id }) => ({ projectId, id })));
  const arn = 'arn:aws:lambda:eu-central-1:111111111111:function:export';
  const pool = makePool({
    name: 'export',
    arn,
    environment: await deployed.environment(bench),
    memoryMb: 512,
    timeoutSeconds: 900,
    log: UNREAD,
  });
  const problems: string[] = [];
  const poller = startPoller({
    client: room.queues.client,
    queueUrl: bench.exportsUrl,
    queueArn: 'arn:aws:sqs:eu-central-1:111111111111:exports.fifo',
    batchSize: 1,
    concurrency: K,
    reportsFailures: true,
    invoke: pool.invoke,
    onError: (problem) => problems.push(problem),
  });
  const seen: number[] = [];
  while (bench.requests().length > 0) {
    seen.push(await countDumps());
    await sleep(10);
  }
  await poller.stop();
  await pool.stop(0);
  expect(problems).toEqual([]);
  expect(Math.max(...seen)).toBe(K);
  const rows = await Promise.all(backups.map(bench.row));
  expect(rows.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(
    projects.map(() => 'completed 1'),
  );
});
