import { beforeEach, expect, test } from 'vitest';
import { uuidv7 } from '../../../core/ids.ts';
import { ROUTES } from '../../../core/routes.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { project } from '../plan/planning.ts';
import { apiForEach, type Emulators } from './api-for-each.ts';
import { expectProblem, startApi, type TestApi } from './calling.ts';
import { storedBackup, table } from './stored.ts';

let api: TestApi;
let emulators: Emulators;
apiForEach((made, shared) => {
  api = made;
  emulators = shared;
});
beforeEach(async () => {
  await api.registry.register(project('acme'), 'main');
  await api.registry.register(project('globex'), 'main');
});

const at = (ms: number) => new Date(NIGHT + ms).toISOString();
const BACKUPS = '/projects/acme/backups';

test('backups are listed newest first, page by page, each once', async () => {
  const made: string[] = [];
  for (let hour = 0; hour < 5; hour += 1)
    made.unshift((await api.pending({ createdAt: at(hour * 3_600_000) })).id);
  const seen: string[] = [];
  let url = `${BACKUPS}?limit=2`;
  for (let pages = 0; url; pages += 1) {
    expect(pages).toBeLessThan(3);
    const reply = await api.get(url);
    expect(reply.status).toBe(200);
    seen.push(...reply.json.items.map(({ id }) => id));
    const [, next] = /^<(.*)>; rel="next"$/.exec(String(reply.headers.link ?? '')) ?? [];
    expect(next === undefined).toBe(reply.json.cursor === undefined);
    url = next ?? '';
  }
  expect(seen).toEqual(made);
});

test('without a limit a page has 20', async () => {
  for (let index = 0; index < 21; index += 1) await api.pending({ createdAt: at(index) });
  expect((await api.get(BACKUPS)).json.items).toHaveLength(20);
  expect((await api.get(`${BACKUPS}?limit=100`)).json.items).toHaveLength(21);
});

test('a list can be filtered by status and dates', async () => {
  const old = await api.pending({ createdAt: at(-2 * DAY) });
  const done = await api.completed({ createdAt: at(-DAY) });
  const waiting = await api.pending({ createdAt: at(0) });
  const ids = async (query: string) =>
    (await api.get(`${BACKUPS}?${query}`)).json.items.map(({ id }) => id);
  expect(await ids('status=completed')).toEqual([done.id]);
  expect(await ids('from=2026-11-20&to=2026-11-20')).toEqual([done.id]);
  expect(await ids(`to=${encodeURIComponent('2026-11-19T03:00:00+01:00')}`)).toEqual([old.id]);
  expect(await ids(`from=${at(-2 * DAY + 1)}`)).toEqual([waiting.id, done.id]);
});

test('a list can be filtered by each documented parameter, and sorted both ways', async () => {
  const one = await api.completed({ createdAt: at(0), trigger: 'manual', name: 'before 100%' });
  const two = await api.completed({ createdAt: at(1) });
  const ids = async (query: string) =>
    (await api.get(`${BACKUPS}?${query}`)).json.items.map(({ id }) => id);
  expect(await ids('sort=oldest')).toEqual([one.id, two.id]);
  expect(await ids('sort=newest')).toEqual([two.id, one.id]);
  expect(await ids('trigger=manual')).toEqual([one.id]);
  expect(await ids(`name=${encodeURIComponent('100%')}`)).toEqual([one.id]);
  expect(await ids('validation=unverified&type=database')).toEqual([two.id, one.id]);
  expect(await ids('validation=verified')).toEqual([]);
  expect(await ids('minSize=1000&maxSize=1000')).toEqual([two.id, one.id]);
  expect(await ids('maxSize=999')).toEqual([]);
  expect(await ids('pinned=true')).toEqual([]);
  expect(await ids('pinned=false')).toEqual([two.id, one.id]);
});

test('backups of all projects are listed by day, and the next page is of the same day', async () => {
  const one = await api.completed({ createdAt: at(0) });
  const two = await api.pending({ createdAt: at(1), projectId: 'globex' });
  await api.pending({ createdAt: at(-DAY) });
  const first = await api.get('/backups?limit=1');
  expect(first.json.items.map(({ id }) => id)).toEqual([two.id]);
  const next = /<(.*)>/.exec(String(first.headers.link))?.[1] ?? '';
  api.pass(DAY);
  expect((await api.get(next)).json.items.map(({ id }) => id)).toEqual([one.id]);
  expect((await api.get('/backups')).json.items).toEqual([]);
  const oldest = await api.get('/backups?day=2026-11-21&sort=oldest&status=completed');
  expect(oldest.json.items.map(({ id }) => id)).toEqual([one.id]);
  for (const query of ['day=today', 'day=2026-02-30', 'pinned=true', 'cursor=x', 'from=2026-11-21'])
    expect((await api.get(`/backups?${query}`)).status, query).toBe(400);
});

test('invalid parameters are 400, and each mistake is named', async () => {
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=-1',
    'limit=',
    'status=done',
    'type=x',
    'type=logs',
    'sort=size',
    'trigger=cron',
    'validation=good',
    'name=',
    'pinned=1',
    'minSize=-1',
    'minSize=2&maxSize=1',
    'maxSize=1e9',
    'from=yesterday',
    'to=2026-02-30',
    'from=2026-11-21&to=2026-11-20',
    'cursor=garbage',
    'colour=red',
    'limit=1&limit=2',
  ]) {
    const reply = await api.get(`${BACKUPS}?${query}`);
    expect(reply.status, query).toBe(400);
    expect(reply.json.problems.join(), query).toContain(query.split('=')[0]);
  }
  const two = await api.get(`${BACKUPS}?limit=0&status=done`);
  expect(two.json.problems).toHaveLength(2);
});

test('no route ignores a query parameter that it does not have, and the answer names it', async () => {
  const { id } = await api.completed();
  for (const { method, path } of ROUTES) {
    const there = path.replace('{projectId}', 'acme').replace('{backupId}', id);
    const reply = await api.call(method, `${there.replace(/\{\w+\}/g, id)}?colour=red`);
    expectProblem(reply, 400);
    expect(reply.json.problems, path).toEqual([
      expect.stringMatching(/^colour: there is no such (parameter|field); /),
    ]);
  }
  expect([api.sent(), api.restoring(), api.verifying(), api.plans]).toEqual([[], [], [], []]);
});

test("another project's cursor is refused", async () => {
  await api.pending({ createdAt: at(0) });
  await api.pending({ createdAt: at(1) });
  const { cursor } = (await api.get(`${BACKUPS}?limit=1`)).json;
  expect((await api.get(`/projects/globex/backups?limit=1&cursor=${cursor}`)).status).toBe(400);
});

test('a project without backups has an empty list, an unknown project is 404', async () => {
  expect((await api.get('/projects/globex/backups')).json).toEqual({ items: [] });
  expect((await api.get('/projects/hooli/backups')).json).toEqual({ items: [] });
  expect((await api.get('/projects/nobody/backups')).status).toBe(404);
  expect((await api.get('/projects/nobody/backups/latest')).json.code).toBe('ProjectNotFound');
  const { json } = await api.get('/projects/globex/backups/latest');
  expect(json).toMatchObject({ status: 404, code: 'BackupNotFound' });
  expect(json.detail).toMatch(/"globex" has no completed full backup yet .* POST /);
});

test('one project is shown with its last success, also if the registry does not have it yet', async () => {
  const { id } = await api.completed();
  expect((await api.get('/projects/acme')).json).toMatchObject({
    id: 'acme',
    lastSuccess: { backupId: id },
    links: { self: '/projects/acme', backups: BACKUPS },
  });
  const globex = await api.get('/projects/globex');
  expect(globex.json).toMatchObject({ id: 'globex', status: 'ACTIVE' });
  expect(globex.json).not.toHaveProperty('lastSuccess');
  expect((await api.get('/projects/hooli')).json).toMatchObject({ id: 'hooli', source: 'second' });
  expectProblem(await api.get('/projects/nobody'), 404);
});

test('latest means the newest good backup wherever an id is expected, except for its removal', async () => {
  const older = await storedBackup(api, { createdAt: at(0) });
  const { id } = await storedBackup(api, { createdAt: at(1) });
  await storedBackup(api, { createdAt: at(2), content: 'schema' });
  const same = async (path: string) => {
    const [byName, byId] = await Promise.all(
      ['latest', id].map((one) => api.get(`${BACKUPS}/${one}${path}`)),
    );
    expect(byName?.status, path).toBe(200);
    expect(byName?.json ?? byName?.text, path).toEqual(byId?.json ?? byId?.text);
  };
  for (const path of ['', '/manifest', '/restore-guide', '/restores', '/verifications'])
    await same(path);
  expect((await api.get(`${BACKUPS}/latest/download`)).json.fileName).toContain(id.slice(-12));
  for (const path of ['restores', 'swap', 'verify']) {
    const reply = await api.post(`${BACKUPS}/latest/${path}`);
    expect(reply.json, path).toMatchObject({ backupId: id });
    expect(reply.headers.location).toContain(`/backups/${id}/`);
    expect(
      (
        await api.get(
          `${BACKUPS}/latest/${path === 'verify' ? 'verifications' : 'restores'}/${reply.json.id}`,
        )
      ).json.id,
    ).toBe(reply.json.id);
  }
  expect(older.id).not.toBe(id);
});

test('latest at a time is the newest backup that had completed by then', async () => {
  const one = await api.completed({ createdAt: at(0) });
  await api.completed({ createdAt: at(3_600_000) });
  // Backups of the test complete a minute after their request.
  const latest = (time: string) => api.get(`${BACKUPS}/latest?at=${encodeURIComponent(time)}`);
  expect((await latest(at(60_000))).json.id).toBe(one.id);
  expect((await latest(at(3_600_000))).json.id).toBe(one.id);
  expect((await latest('2026-11-21')).json.id).not.toBe(one.id);
  const before = await latest(at(59_999));
  expectProblem(before, 404);
  expect(before.json.detail).toContain('of 2026-11-21T02:00:59.999Z or before');
  expect((await api.get(`${BACKUPS}/${one.id}?at=2026-11-21`)).json.problems).toEqual([
    'at: is possible only with latest instead of an id',
  ]);
  expect((await latest('noon')).status).toBe(400);
});

test('a manifest is shown whole; a very large one is redirected to', async () => {
  const { id, fileId = '' } = await storedBackup(api);
  const { json } = await api.get(`${BACKUPS}/${id}/manifest`);
  expect(json).toMatchObject({ version: 1, backup: { id }, object: { key: fileId } });
  expect(json).toHaveProperty('tables.0.name', 'orders');
  const tables = Array.from({ length: 60 }, (_, index) => table(`t${index}${'x'.repeat(1e5)}`));
  const large = await storedBackup(api, { createdAt: at(1) }, { tables });
  const reply = await api.get(`${BACKUPS}/${large.id}/manifest`);
  expect(reply.status).toBe(303);
  expect(reply.text).toBe('');
  expect(new URL(String(reply.headers.location)).pathname).toContain(`${large.id}-1.manifest.json`);
  const waiting = await api.pending({ createdAt: at(2) });
  expectProblem(await api.get(`${BACKUPS}/${waiting.id}/manifest`), 409);
  expectProblem(await api.get(`/projects/globex/backups/${id}/manifest`), 404);
});

test('the latest backup is the newest completed one', async () => {
  expect((await api.get(`${BACKUPS}/latest`)).status).toBe(404);
  const first = await api.completed({ createdAt: at(0) });
  await api.pending({ createdAt: at(1) });
  expect((await api.get(`${BACKUPS}/latest`)).json).toMatchObject({
    id: first.id,
    status: 'completed',
  });
});

test('a completed backup shows its contents and its download link', async () => {
  const { id } = await api.completed();
  const { json } = await api.get(`${BACKUPS}/${id}`);
  expect(json).toMatchObject({
    fileId: expect.stringContaining(id),
    size: 1000,
    checksum: 'a'.repeat(64),
    tableCount: 3,
    rowCount: 42,
    links: { self: `${BACKUPS}/${id}`, download: `${BACKUPS}/${id}/download` },
  });
});

test("another project's backup is not found, nor is an invalid id", async () => {
  const { id } = await api.completed();
  for (const path of [
    `/projects/globex/backups/${id}`,
    `/projects/globex/backups/${id}/download`,
    `${BACKUPS}/${uuidv7(NIGHT)}`,
    `${BACKUPS}/${id.toUpperCase()}`,
    `${BACKUPS}/%2E%2E%2F${id}`,
    `${BACKUPS}/PROJECT`,
  ])
    expect((await api.get(path)).json, path).toMatchObject({ code: 'BackupNotFound', status: 404 });
  expect((await api.post(`/projects/globex/backups/${id}/cancel`)).status).toBe(404);
});

test('a backup removed by retention is not found, even if its row still exists', async () => {
  const { id } = await api.completed();
  await api.completed({ createdAt: at(1) });
  api.pass(31 * DAY);
  expect((await api.get(`${BACKUPS}/${id}`)).status).toBe(404);
  expect((await api.get(`${BACKUPS}/${id}/download`)).status).toBe(404);
});

test('the newest backup can still be read long after its retention time', async () => {
  const { id } = await api.completed();
  api.pass(400 * DAY);
  expect((await api.get(`${BACKUPS}/latest`)).json.id).toBe(id);
  expect((await api.get(`${BACKUPS}/${id}/download`)).status).toBe(200);
});

test('a download is a URL valid for 15 minutes, with a sensible file name', async () => {
  const { id } = await api.completed();
  const reply = await api.get(`${BACKUPS}/${id}/download`);
  expect(reply.json).toEqual({
    url: expect.any(String),
    expiresAt: '2026-11-21T02:15:00.000Z',
    fileName: `acme-20261121T020000Z-${id.slice(-12)}.dump`,
    size: 1000,
    checksum: 'a'.repeat(64),
  });
  const url = new URL(reply.json.url);
  expect(url.pathname).toContain(id);
  expect(url.searchParams.get('X-Amz-Expires')).toBe('900');
  expect(url.searchParams.get('response-content-disposition')).toContain(reply.json.fileName);
  expect(reply.headers['cache-control']).toBe('no-store');
});

test('a download can redirect', async () => {
  const { id } = await api.completed();
  const reply = await api.get(`${BACKUPS}/${id}/download?redirect=true`);
  expect(reply.status).toBe(302);
  expect(new URL(String(reply.headers.location)).pathname).toContain(id);
  expect(reply.text).toBe('');
  expect((await api.get(`${BACKUPS}/${id}/download?redirect=yes`)).status).toBe(400);
});

test('a backup that is not completed cannot be downloaded, and the answer gives its state', async () => {
  const { id } = await api.pending();
  const reply = await api.get(`${BACKUPS}/${id}/download`);
  expect(reply.status).toBe(409);
  expect(reply.json.detail).toContain('pending');
});

test('a removed backup shows when and why it was removed, and its download is 410', async () => {
  const backup = await api.completed();
  const taken = await api.completed({ projectId: 'globex', createdAt: at(1) });
  const row = await api.history.get('globex', taken.id);
  const other = await startApi(emulators);
  await other.history.leaveDeleted(row ?? backup, 'its retention ended');
  const path = `/projects/globex/backups/${taken.id}`;
  expect((await other.get(path)).json).toMatchObject({
    status: 'deleted',
    deletedWhy: 'its retention ended',
    size: 1000,
  });
  expect((await other.get(`${path}/download`)).status).toBe(410);
  expect((await other.get('/projects/globex/backups?status=deleted')).json.items).toHaveLength(1);
});

test('each invalid parameter of a list is named with the accepted values', async () => {
  const { json } = await api.get(`${BACKUPS}?limit=0&from=yesterday&to=2026-13-01`);
  const time = 'give an ISO 8601 time with its offset, such as 2026-11-21T02:00:00Z, or a day';
  expect(json.problems).toEqual([
    'limit: give a whole number from 1 to 100',
    `from: ${time}`,
    `to: ${time}`,
  ]);
});

test('cancelling ends a waiting backup, asks a running one to stop, and refuses one that has ended', async () => {
  const waiting = await api.pending();
  const ended = await api.post(`${BACKUPS}/${waiting.id}/cancel`);
  expect(ended).toMatchObject({ status: 200, json: { status: 'cancelled' } });
  expect((await api.post(`${BACKUPS}/${waiting.id}/cancel`)).status).toBe(200);

  const running = await api.pending({ createdAt: at(1) });
  await api.claimed(running);
  const asked = await api.post(`${BACKUPS}/${running.id}/cancel`);
  expect(asked).toMatchObject({ status: 202, json: { cancelRequested: true } });

  const done = await api.completed({ createdAt: at(2) });
  const refused = await api.post(`${BACKUPS}/${done.id}/cancel`);
  expect(refused).toMatchObject({ status: 409, json: { code: 'BackupNotReady' } });
  expect(refused.json.detail).toContain('completed');
  expect((await api.post(`${BACKUPS}/${uuidv7(NIGHT)}/cancel`)).status).toBe(404);
});

test('a backup cancelled while it waits is reported at once; a worker reports a backup that it stops', async () => {
  const waiting = await api.pending();
  await api.post(`${BACKUPS}/${waiting.id}/cancel`);
  expect(api.reported()).toEqual([{ kind: 'backup', projectId: 'acme', backupId: waiting.id }]);

  const running = await api.pending({ createdAt: at(1) });
  await api.claimed(running);
  await api.post(`${BACKUPS}/${running.id}/cancel`);
  await api.history.markNotified('acme', waiting.id);
  await api.post(`${BACKUPS}/${waiting.id}/cancel`);
  expect(api.reported()).toHaveLength(1);
});

test('a cancellation that can’t be reported still counts, and sweep reports it later', async () => {
  const waiting = await api.pending();
  api.sending.outcomes = { send: () => Promise.reject(new Error('refused')) };
  const reply = await api.post(`${BACKUPS}/${waiting.id}/cancel`);
  expect(reply).toMatchObject({ status: 200, json: { status: 'cancelled' } });
  expect(api.logged.map(({ message }) => message)).toContain(
    'a cancellation could not be reported; sweep reports it',
  );
});

test('projects are listed page by page, with their last success', async () => {
  const done = await api.completed();
  await api.registry.register(project('zeta'), 'second');
  const one = await api.get('/projects?limit=2');
  expect(one.json.items.map(({ id }) => id)).toEqual(['acme', 'globex']);
  expect(one.json.items[0]).toMatchObject({
    source: 'main',
    lastSuccess: { backupId: done.id, size: 1000 },
    links: { backups: BACKUPS, lastSuccess: `${BACKUPS}/${done.id}` },
  });
  const two = await api.get(/<(.*)>/.exec(String(one.headers.link))?.[1] ?? '');
  expect(two.json.items.map(({ id }) => id)).toEqual(['zeta']);
  expect(two.json.cursor).toBeUndefined();
  expect((await api.get('/projects?cursor=x')).status).toBe(400);
});

test('health answers without calling any service', async () => {
  Object.assign(api.api, { ports: { log: api.api.ports.log } });
  expect((await api.get('/health')).json).toEqual({ status: 'ok' });
});
