import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeQueuePositions } from '../../adapters/dynamodb/queue-positions.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { makeRetentionPolicies } from '../../adapters/dynamodb/retention-policies.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeVaultRounds } from '../../adapters/dynamodb/vault-rounds.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import type { Backup } from '../../core/backup.ts';
import { classDays } from '../../core/retention/policy.ts';
import type { Schedules } from '../../core/schedule-ports.ts';
import { exportSettings } from '../../core/settings.ts';
import { serve } from '../../functions/api/dispatch.ts';
import type { Api } from '../../functions/api/ports.ts';
import { problemDetails } from '../../functions/api/problem-details.ts';
import { silent } from '../support/backups.ts';
import { TEST_KEY } from '../support/manifest-keys.ts';
import { type Bench, openBench } from './harness.ts';
import { holdingVault, untilDumping, untilWaiting } from './holding.ts';
import { openRoom, projectOf, type Room } from './room.ts';
import { verdictOf } from './verdict.ts';

/** `POST /projects/{projectId}/backups/{backupId}/cancel`, while a worker is at one point of its work. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
  await room.postgres.sql(projectOf('locked', 1), room.database);
});
afterAll(() => room.close());

const refuse = (): never => {
  throw new Error('cancelling calls no other function');
};

/** Asks the API to cancel it; returns the HTTP status and the message. */
/** Cancelling has nothing to do with them. */
const noSchedules: Schedules = {
  get: async () => refuse(),
  of: async () => refuse(),
  count: async () => refuse(),
  configured: async () => refuse(),
  page: async () => refuse(),
  put: async () => refuse(),
  create: async () => refuse(),
  removeAll: async () => refuse(),
  remove: async () => refuse(),
};

const cancel = async (bench: Bench, { projectId, id }: Backup) => {
  const access = { table: bench.table, client: room.tables.client, clock: Date.now };
  const path = `/projects/${projectId}/backups/${id}/cancel`;
  const context: Partial<APIGatewayProxyEvent['requestContext']> = { requestId: 'x', path };
  const api: Api = {
    settings: {
      environment: 'test',
      exportDefaults: exportSettings.parse({}),
      retention: classDays.parse({}),
      retentionBySource: new Map(),
      bucket: 'vault',
      verification: { compare: 'counts' },
      sources: ['main'],
      restoreFrom: new Map(),
      lookUpMs: 500,
    },
    ports: {
      history: bench.historyAt(Date.now),
      runs: makeRuns(access),
      registry: makeRegistry(access),
      restores: makeRestores(access),
      verifications: makeVerifications(access),
      erasures: { get: async () => refuse(), begin: async () => refuse() },
      eraser: { start: async () => refuse() },
      retentionPolicies: makeRetentionPolicies(access),
      schedules: noSchedules,
      firings: { last: async () => undefined },
      vault: bench.vault,
      rounds: makeVaultRounds(access),
      positions: makeQueuePositions(access),
      manifestKeys: TEST_KEY,
      functions: { lookUp: async () => refuse(), startPlan: async () => refuse() },
      queues: new Map(),
      restoreQueues: new Map(),
      verificationQueue: { send: async () => refuse() },
      outcomes: makeOutcomes({ url: bench.outcomesUrl, client: room.queues.client }),
      clock: Date.now,
      log: silent,
    },
  };
  const handle = middy(serve(api)).use(problemDetails(api.ports));
  const result = await handle(
    {
      resource: '/projects/{projectId}/backups/{backupId}/cancel',
      path,
      httpMethod: 'POST',
      headers: {},
      multiValueHeaders: {},
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: { projectId, backupId: id },
      stageVariables: null,
      requestContext: context as APIGatewayProxyEvent['requestContext'],
      body: null,
      isBase64Encoded: false,
    },
    {} as Context,
  );
  const { status, detail } = JSON.parse(result.body) as { status: string; detail?: string };
  return { code: result.statusCode, status, detail };
};

const CANCELLED = { ends: 'cancelled', object: 'none', left: 'nothing' };

it.concurrent('a backup that waits is cancelled at once, and its message finds nothing to do', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  expect(await cancel(bench, backup)).toMatchObject({ code: 200, status: 'cancelled' });
  expect(await bench.deliver(backup)).toEqual({ message: 'done' });
  expect(await verdictOf(bench, backup)).toMatchObject(CANCELLED);
});

it.concurrent('a backup that waits for its next attempt is cancelled at once', async () => {
  const bench = await openBench(room, { pgDump: 'exit 1' });
  const backup = await bench.request('acme');
  await bench.deliver(backup);
  expect(await cancel(bench, backup)).toMatchObject({ code: 200, status: 'cancelled' });
  expect(await verdictOf(bench, backup)).toMatchObject(CANCELLED);
});

it.concurrent('a running dump is ended, its upload aborted, its backends gone', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  const { vault } = holdingVault(bench);
  const exported = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  expect(await cancel(bench, backup)).toMatchObject({ code: 202, status: 'in-progress' });
  expect((await exported).message).toBe('done');
  expect(await verdictOf(bench, backup)).toEqual({ ...CANCELLED, reported: 'by the worker' });
});

it.concurrent('a dump that ignores the request to end is ended all the same', async () => {
  const flag = `${room.folder}/deaf`;
  const pgDump = `trap '' TERM; touch '${flag}'; for s in {1..60}; do sleep 1; done`;
  const bench = await openBench(room, { pgDump });
  const backup = await bench.request('acme');
  const exported = bench.deliver(backup);
  while (!existsSync(flag)) await sleep(20);
  expect((await cancel(bench, backup)).code).toBe(202);
  expect((await exported).message).toBe('done');
  expect(await verdictOf(bench, backup)).toMatchObject(CANCELLED);
});

it.concurrent('an export that waits for a lock is cancelled before it has it', async () => {
  const bench = await openBench(room, { settings: { lockTimeoutMs: 60_000 } });
  const holder = await room.postgres.session(room.database);
  await holder.query('BEGIN; LOCK TABLE locked.orders IN ACCESS EXCLUSIVE MODE');
  const backup = await bench.request('locked');
  const exported = bench.deliver(backup);
  await untilWaiting(bench, 1, 'LOCK TABLE ONLY "locked"."orders"%');
  expect((await cancel(bench, backup)).code).toBe(202);
  expect((await exported).message).toBe('done');
  const verdict = await verdictOf(bench, backup);
  await holder.end();
  expect(verdict).toMatchObject(CANCELLED);
});

it.concurrent('a cancellation that was seen is not overwritten by the last writes', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  let reached = false;
  const storeManifest: Bench['vault']['storeManifest'] = async (key, manifest) => {
    reached = true;
    // Until the worker has checked, which it does every 4 s.
    await sleep(5000);
    return await bench.ports.vault.storeManifest(key, manifest);
  };
  const exported = bench.deliver(backup, {
    ports: { vault: { ...bench.ports.vault, storeManifest } },
  });
  while (!reached) await sleep(20);
  expect((await cancel(bench, backup)).code).toBe(202);
  expect((await exported).message).toBe('done');
  expect(await verdictOf(bench, backup)).toMatchObject(CANCELLED);
});

it.concurrent('a backup that has ended is not cancelled: 409, with its status', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  await bench.settle(backup);
  const answer = await cancel(bench, backup);
  expect(answer.code).toBe(409);
  expect(answer.detail).toContain('completed');
  expect(await verdictOf(bench, backup)).toMatchObject({ object: 'whole', left: 'nothing' });
});
