import { expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { planEvent } from '../../../core/messages.ts';
import { ROUTES } from '../../../core/routes.ts';
import { planRun } from '../../../functions/plan/plan-run.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { restoreRow, verificationRow } from '../../support/jobs.ts';
import { project, settings, silent, sourceOf } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

/** Runs the plan functions that the API started. */
const plan = async () => {
  for (const { source, event } of api.plans.splice(0)) {
    const ports = {
      source: sourceOf(source, () => api.listings[source] ?? []),
      registry: api.registry,
      history: api.history,
      runs: api.runs,
      queue: { send: async () => [], depth: async () => 0, hide: async () => {} },
      outcomes: { send: async () => {} },
      clock: api.access.clock,
      log: silent,
    };
    await planRun(ports, settings, event);
  }
};

test('a run over everything writes its row, then starts the planning of every source', async () => {
  const reply = await api.post('/runs');
  expect(reply.status).toBe(202);
  expect(reply.headers.location).toBe(`/runs/${reply.json.id}`);
  expect(reply.json).toMatchObject({
    schedule: 'manual',
    scheduledAt: iso(NIGHT),
    sources: ['main', 'second'],
    parts: {},
  });
  expect(api.plans.map(({ source }) => source).sort()).toEqual(['main', 'second']);
  for (const { event } of api.plans) expect(planEvent.parse(event)).toEqual(event);
  await plan();
  const { json } = await api.get(`/runs/${reply.json.id}`);
  expect(json).toMatchObject({
    parts: { main: { planned: 2 }, second: { planned: 1 } },
    counts: { planned: 3, pending: 3, completed: 0 },
  });
});

test('two runs requested at the same moment are two runs', async () => {
  const [one, other] = await Promise.all([api.post('/runs'), api.post('/runs')]);
  expect(one?.json.id).not.toBe(other?.json.id);
});

test('an Idempotency-Key makes the same request the same run, and starts the parts that are missing', async () => {
  const headers = { 'Idempotency-Key': 'tonight' };
  const one = await api.post('/runs', {}, { headers });
  await plan();
  api.pass(60_000);
  const other = await api.post('/runs', {}, { headers });
  expect(other.json.id).toBe(one.json.id);
  expect(other.json.scheduledAt).toBe(one.json.scheduledAt);
  expect(api.plans).toEqual([]);
  expect((await api.post('/runs', { sources: ['main'] }, { headers })).status).toBe(422);
});

test('a run may name sources and projects', async () => {
  const reply = await api.post('/runs', { sources: ['main'], projects: ['acme', 'acme'] });
  expect(api.plans).toEqual([
    {
      source: 'main',
      event: expect.objectContaining({ sources: ['main'], projects: ['acme'] }),
    },
  ]);
  await plan();
  expect((await api.get(`/runs/${reply.json.id}`)).json).toMatchObject({
    projects: ['acme'],
    counts: { planned: 1 },
  });
});

test('unknown sources, impossible ids and other mistakes are 400, all of them listed', async () => {
  const reply = await api.post('/runs', {
    sources: ['main', 'third'],
    projects: ['acme', 'x'.repeat(129), 'a\0b'],
  });
  expect(reply.status).toBe(400);
  expect(reply.json.problems).toEqual([
    expect.stringContaining('projects.1'),
    expect.stringContaining('projects.2'),
    expect.stringContaining('sources.1'),
  ]);
  for (const body of ['no json', { sources: [] }, { projects: 'acme' }, { when: 'now' }])
    expect((await api.post('/runs', body)).status).toBe(400);
  expect(api.plans).toEqual([]);
});

test('a source whose planning cannot be started does not prevent the planning of the others', async () => {
  api.down.set('main', new Error('throttled'));
  const reply = await api.post('/runs');
  expect(reply.status).toBe(202);
  expect(api.plans.map(({ source }) => source)).toEqual(['second']);
  expect(await api.runs.get(String(reply.json.id))).toBeDefined();
  expect(api.logged.some(({ message }) => message.includes('sweep starts it'))).toBe(true);
});

test('a run shows its progress by state', async () => {
  const { json } = await api.post('/runs');
  await plan();
  const open = await api.runs.unsettled(json.id);
  const [first, second] = open;
  if (!first || !second) throw new Error('nothing was planned');
  await api.history.claim(first.projectId, first.backupId);
  await api.history.claim(second.projectId, second.backupId);
  await api.runs.settle(json.id, second.chunk, second.backupId, 'failed');
  expect((await api.get(`/runs/${json.id}`)).json).toMatchObject({
    counts: { planned: 3, 'in-progress': 2, pending: 0, failed: 1, completed: 0, cancelled: 0 },
  });
});

test('an unknown run is 404', async () => {
  for (const id of [uuidv7(NIGHT), 'x', '%2E%2E%2Fstatus'])
    expect((await api.get(`/runs/${id}`)).json).toMatchObject({ status: 404, code: 'RunNotFound' });
});

test('the status shows running work with its progress, waiting work, past work, runs and last successes', async () => {
  await api.registry.register(project('acme'), 'main');
  const done = await api.completed({ createdAt: iso(NIGHT - DAY) });
  const running = await api.pending({ projectId: 'globex' });
  const claim = await api.claimed(running);
  await api.pending({ createdAt: iso(NIGHT + 1) });
  const at = iso(NIGHT + 5);
  const progress = { tablesDone: 2, tablesTotal: 7, bytes: 5, bytesPerSecond: 1, at };
  await api.history.heartbeat(claim, { progress });
  const run = await api.post('/runs');
  const { status, json } = await api.get('/status');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    environment: 'test',
    running: [{ id: running.id, status: 'in-progress', progress }],
    waiting: { count: 1, more: false },
    runs: [{ id: run.json.id, counts: { planned: 0 } }],
    projects: [{ id: 'acme', lastSuccess: { backupId: done.id } }],
    moreProjects: false,
  });
  expect(json.recent.map(({ id }) => id)).toContain(done.id);
});

test('the status counts restores and verifications that run and wait separately from backups and from ended work', async () => {
  const { restores, verifications } = api.api.ports;
  const now = api.access.clock();
  const asked = Array.from({ length: 4 }, () => restoreRow(now));
  for (const one of asked) await restores.create(one);
  const [first] = await Promise.all(
    asked.slice(0, 3).map(({ projectId, id }) => restores.claim(projectId, id)),
  );
  if (first?.kind !== 'claimed') throw new Error('not claimed');
  await restores.fail(first.claim, { name: 'X', message: 'x' });
  await verifications.create(verificationRow(now));
  const { json } = await api.get('/status');
  expect(json).toMatchObject({
    running: [],
    waiting: { count: 0, more: false },
    restores: {
      running: { count: 2, more: false },
      waiting: { count: 1, more: false },
      failed: { count: 1, more: false },
    },
    verifications: {
      running: { count: 0, more: false },
      waiting: { count: 1, more: false },
      failed: { count: 0, more: false },
    },
  });
});

test('one read of the status costs a bounded number of calls, however much waits', async () => {
  let taken = 0;
  Object.assign(api.api.ports.history, {
    open: async function* (state: string) {
      for (let index = 0; state === 'pending'; index += 1) {
        taken += 1;
        yield { id: `b${index}` };
      }
    },
  });
  const { json } = await api.get('/status');
  expect(json).toMatchObject({ waiting: { count: 1000, more: true } });
  expect(taken).toBeLessThan(1100);
});

test('the OpenAPI document describes every route, with its parameters, body and answers', async () => {
  const { status, json } = await api.get('/openapi.json', { stage: '/prod' });
  expect(status).toBe(200);
  expect(json).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/prod' }] });
  // Deprecated members are marked as deprecated.
  for (const name of ['functionsNamingLive', 'dependents'])
    expect(JSON.stringify(json)).toMatch(new RegExp(`"${name}":.{0,80}"deprecated":true`));
  for (const route of ROUTES) {
    const operation = json.paths[route.path]?.[route.method.toLowerCase()];
    expect(operation, route.id).toMatchObject({ operationId: route.id });
  }
  const request = json.paths['/projects/{projectId}/backups']?.post;
  expect(request).toMatchObject({
    parameters: [
      { name: 'projectId', in: 'path', required: true },
      { name: 'Idempotency-Key', in: 'header', required: false },
    ],
    responses: {
      202: {
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/Backup' },
            example: { status: 'completed' },
          },
        },
      },
      409: {},
    },
  });
});

test('a run of many unknown projects is refused by name, one with a few new ones is left to planning', async () => {
  const strangers = Array.from({ length: 1000 }, (_, index) => `stranger-${index}`);
  const refused = await api.post('/runs', { projects: strangers });
  expectProblem(refused, 400);
  expect(refused.json.problems).toEqual([
    expect.stringMatching(
      /1000 of 1000 ids are unknown in every source, such as "stranger-0", .*at most 20 unknown ids/,
    ),
  ]);
  expect(api.plans).toEqual([]);
  expectProblem(await api.post('/runs', { projects: strangers.slice(0, 21) }), 400);
  expect((await api.post('/runs', { projects: strangers.slice(0, 20) })).status).toBe(202);
});
