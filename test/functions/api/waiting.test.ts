import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { uuidv7 } from '../../../core/ids.ts';
import { NIGHT } from '../../support/backups.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import type { TestApi } from './calling.ts';
import { claimRestore, pathOf, storedBackup } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const at = (ms: number) => new Date(NIGHT + ms).toISOString();
const SOON_MS = 300;

const progress = {
  tablesDone: 1,
  tablesTotal: 2,
  sourceBytesDone: 100,
  sourceBytesTotal: 400,
  bytes: 10,
  bytesPerSecond: 1,
  at: at(10_000),
};

test('wait answers with the state after the next change, of a backup that waits and of one that runs', async () => {
  const backup = await api.pending();
  const claimed = api.get(`${pathOf(backup)}?wait=25`);
  await sleep(SOON_MS);
  const claim = await api.claimed(backup);
  expect((await claimed).json).toMatchObject({ status: 'in-progress' });

  const advanced = api.get(`${pathOf(backup)}?wait=25`);
  await sleep(SOON_MS);
  await api.history.heartbeat(claim, { progress });
  expect((await advanced).json).toMatchObject({
    progress: { percent: 25, secondsLeft: 30, tablesDone: 1 },
  });

  const ended = api.get(`${pathOf(backup)}?wait=25`);
  await sleep(SOON_MS);
  await api.history.fail(claim, { name: 'DumpFailed', message: 'It failed.' });
  expect((await ended).json).toMatchObject({ status: 'failed' });
});

test('a renewed lease is no change, and the answer comes in the end anyway', async () => {
  const backup = await api.pending();
  const claim = await api.claimed(backup);
  let reads = 0;
  const { get } = api.api.ports.history;
  Object.assign(api.api.ports.history, {
    get: async (...ids: Parameters<typeof get>) => {
      reads += 1;
      await api.history.heartbeat(claim, {});
      return get(...ids);
    },
  });
  const { status, json } = await api.get(`${pathOf(backup)}?wait=1`);
  expect([status, json.status]).toEqual([200, 'in-progress']);
  // At the beginning and at the end: it does not read without a pause.
  expect(reads).toBeLessThanOrEqual(3);
});

test('wait answers at once for what has ended, and is refused beyond its limit', async () => {
  const { id } = await api.completed();
  let reads = 0;
  const { get } = api.api.ports.history;
  Object.assign(api.api.ports.history, {
    get: (...ids: Parameters<typeof get>) => {
      reads += 1;
      return get(...ids);
    },
  });
  expect((await api.get(`${pathOf({ id })}?wait=25`)).json).toMatchObject({ status: 'completed' });
  expect(reads).toBe(1);
  for (const wait of ['0', '26', '-1', '1.5', 'x', ''])
    expect((await api.get(`${pathOf({ id })}?wait=${wait}`)).status, wait).toBe(400);
  expect((await api.get(`/projects/acme/backups/${uuidv7(NIGHT)}?wait=25`)).status).toBe(404);
});

test('a restore, a verification and a run can be waited for, too', async () => {
  const backup = await storedBackup(api);
  const made = (await api.post(`${pathOf(backup)}/restores`, {})).json;
  const self = `${pathOf(backup)}/restores/${made.id}`;
  const restored = api.get(`${self}?wait=25`);
  await sleep(SOON_MS);
  await claimRestore(api, made);
  expect((await restored).json).toMatchObject({ status: 'in-progress' });

  const { json } = await api.post(`${pathOf(backup)}/verify`, {});
  const path = `${pathOf(backup)}/verifications/${json.id}`;
  const verified = api.get(`${path}?wait=25`);
  await sleep(SOON_MS);
  await api.api.ports.verifications.requestCancel('acme', json.id);
  expect((await verified).json).toMatchObject({ status: 'cancelled' });

  const run = (await api.post('/runs', { sources: ['main'] })).json;
  const planned = api.get(`/runs/${run.id}?wait=25`);
  await sleep(SOON_MS);
  const part = { planned: 0, skipped: [], skippedCount: 0, plannedAt: at(0) };
  await api.runs.endPart(run.id, 'main', part);
  expect((await planned).json).toMatchObject({ parts: { main: { planned: 0 } } });
  expect((await api.get(`/runs/${run.id}?wait=26`)).status).toBe(400);
});

test('what waits says how many wait before it for the same queue', async () => {
  for (const id of ['acme', 'globex', 'hooli']) await api.registry.register(project(id), 'main');
  await api.pending({ projectId: 'globex', createdAt: at(-2000) });
  const running = await api.pending({ projectId: 'hooli', createdAt: at(-1500) });
  await api.claimed(running);
  await api.pending({ projectId: 'hooli', source: 'second', createdAt: at(-1000) });
  const own = await api.pending({ createdAt: at(0) });
  await api.pending({ projectId: 'globex', createdAt: at(1000) });
  expect((await api.get(pathOf(own))).json).toMatchObject({ queue: { ahead: 1, more: false } });
  await api.claimed(own);
  expect((await api.get(pathOf(own))).json).not.toHaveProperty('queue');
  const list = await api.get('/projects/globex/backups');
  expect(list.json.items[0]).not.toHaveProperty('queue');
});
