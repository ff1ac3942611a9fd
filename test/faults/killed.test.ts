import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Backup } from '../../core/backup.ts';
import type { Instance } from '../../local/lambda/instance.ts';
import type { Call, Meddle } from '../support/http-proxy.ts';
import type { FaultName } from './catalogue.ts';
import { type Bench, openBench } from './harness.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';
import { type Between, deploy, eventOf, LONG_MS, messageOf } from './worker-process.ts';

/**
 * A process with the deployed bundle is killed at one exact moment, at which a proxy or a program holds it until the
 * signal arrives. Then its message is delivered again, two minutes later by the clock of the next.
 */
let room: Room;
let deployed: Awaited<ReturnType<typeof deploy>>;
beforeAll(async () => {
  room = await openRoom();
  deployed = await deploy(room);
});
afterAll(async () => {
  await deployed.close();
  await room.close();
});

const ARN = 'arn:aws:lambda:eu-central-1:111111111111:function:export';

const killAndSettle = async (
  bench: Bench,
  backup: Backup,
  worker: Instance,
  reached: Promise<unknown>,
) => {
  const ended = worker.invoke(eventOf(messageOf(backup)), ARN, LONG_MS);
  await Promise.race([
    reached,
    ended.then((outcome) => {
      throw new Error(`it ended before: ${JSON.stringify(outcome)}`);
    }),
  ]);
  await worker.kill();
  expect((await ended).kind).toBe('failed');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
};

/** Killed during a call, before or after it was done. */
const killedAt = (
  name: FaultName,
  service: 's3' | 'history' | 'sqs' | 'secrets',
  wanted: (call: Call) => boolean,
  done: boolean,
): void =>
  fault(name, async () => {
    const bench = await openBench(room);
    const backup = await bench.request('large');
    let hold: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      hold = resolve;
    });
    const meddle: Meddle = (call) => (wanted(call) ? { hold, done } : 'pass');
    const between: Between = { [service]: meddle };
    return await killAndSettle(bench, backup, await deployed.start(bench, between), reached);
  });

const target = ({ headers }: Call): string => String(headers['x-amz-target']);
const updates = (attribute: string) => (call: Call) =>
  target(call).endsWith('.UpdateItem') && call.body.includes(`":to_${attribute}"`);
const s3 = (method: string, words: string) => (call: Call) =>
  call.method === method && call.url.includes(words);
const isSend = (call: Call): boolean => target(call).endsWith('.SendMessage');

killedAt('SIGKILL right after the claim', 'history', updates('claimedBy'), true);
killedAt('SIGKILL before it connects', 'secrets', () => true, false);
killedAt('SIGKILL while the upload begins', 's3', s3('POST', '?uploads'), true);
killedAt('SIGKILL at the first part', 's3', s3('PUT', 'partNumber=1'), false);
killedAt('SIGKILL after the second part', 's3', s3('PUT', 'partNumber=2'), true);
killedAt('SIGKILL right before the completion', 's3', s3('POST', 'uploadId='), false);
killedAt('SIGKILL right after the completion', 's3', s3('POST', 'uploadId='), true);
killedAt('SIGKILL right before the manifest', 's3', s3('PUT', '.manifest.json'), false);
killedAt('SIGKILL right after the manifest', 's3', s3('PUT', '.manifest.json'), true);
killedAt('SIGKILL right before the row', 'history', updates('fileId'), false);
killedAt('SIGKILL right after the row', 'history', updates('fileId'), true);
killedAt('SIGKILL right after the outcome', 'sqs', isSend, true);

fault('SIGKILL while it connects', async () => {
  const bench = await openBench(room);
  const network = await room.network();
  const backup = await bench.request('large');
  const worker = await deployed.start(bench, { port: network.port });
  return await killAndSettle(bench, backup, worker, network.cutAt('application_name', 'stall'));
});

fault('SIGKILL while it waits for a lock', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const holder = await room.postgres.session(room.database);
  await holder.query('BEGIN; LOCK TABLE acme.orders IN ACCESS EXCLUSIVE MODE');
  const waits = async () => {
    const found = await room.postgres.sql(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'larder/${backup.id}/%'`,
    );
    return found.rowCount === 1;
  };
  const reached = (async () => {
    while (!(await waits())) await sleep(20);
    // Its backend may notice only when it has the lock.
    void sleep(500).then(() => holder.end());
  })();
  return await killAndSettle(bench, backup, await deployed.start(bench), reached);
});

fault('SIGKILL after its snapshot, before pg_dump writes', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  const flag = `${room.folder}/${backup.id}`;
  const pgDump = `touch '${flag}'; sleep 600`;
  const reached = (async () => {
    while (!existsSync(flag)) await sleep(20);
  })();
  return await killAndSettle(bench, backup, await deployed.start(bench, { pgDump }), reached);
});

fault('the message is malformed', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const worker = await deployed.start(bench);
  const malformed = eventOf('', 'no JSON', '{}', `{"projectId":"acme","backupId":"${backup.id}'"}`);
  expect(await worker.invoke(malformed, ARN, LONG_MS)).toMatchObject({
    kind: 'ok',
    payload: { batchItemFailures: [] },
  });
  await worker.kill();
  expect(await bench.row(backup)).toEqual(backup);
  await bench.sweepAfter(6 * 60_000);
  expect(bench.requests()).toHaveLength(1);
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
