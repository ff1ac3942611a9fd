import { expect, test } from 'vitest';
import { LoginRefused } from '../../../core/errors/source.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const BACKUPS = '/projects/acme/backups';

test('a requested backup has a row and a message, and is answered with 202 and its location', async () => {
  const reply = await api.post(BACKUPS, { name: 'before the audit', description: 'for Ann' });
  expect(reply.status).toBe(202);
  expect(reply.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    location: `${BACKUPS}/${reply.json.id}`,
  });
  expect(reply.json).toMatchObject({
    projectId: 'acme',
    source: 'main',
    name: 'before the audit',
    trigger: 'manual',
    status: 'pending',
    createdAt: '2026-11-21T02:00:00.000Z',
    expiresAt: '2026-12-21T02:00:00.000Z',
    links: { self: `${BACKUPS}/${reply.json.id}` },
  });
  expect(api.sent()).toEqual([{ projectId: 'acme', backupId: reply.json.id }]);
  const row = await api.history.get('acme', reply.json.id);
  expect(row).toMatchObject({ status: 'pending', environment: 'test', content: 'full' });
});

test('an answer shows no internal attribute', async () => {
  const { json } = await api.post(BACKUPS);
  for (const hidden of ['queuedAt', 'leaseUntil', 'runChunk', 'ttl', 'pk', 'sk', 'statusKey'])
    expect(json).not.toHaveProperty(hidden);
});

test('a request may choose its options', async () => {
  const { json } = await api.post(BACKUPS, {
    trigger: 'pre-migration',
    content: 'schema',
    format: 'plain',
    compression: 'bzip2',
    retentionDays: 3,
  });
  expect(json).toMatchObject({
    name: 'Before a migration',
    trigger: 'pre-migration',
    content: 'schema',
    format: 'plain',
    compression: 'bzip2',
    expiresAt: '2026-11-24T02:00:00.000Z',
  });
});

test("another format than the configured one does not inherit the configured one's compression", async () => {
  const changed = {
    ...api.api,
    settings: {
      ...api.api.settings,
      exportDefaults: { ...api.api.settings.exportDefaults, compression: 'zstd' as const },
    },
  };
  Object.assign(api.api, changed);
  expect((await api.post(BACKUPS)).json.compression).toBe('zstd');
  const tar = await api.post(BACKUPS, { format: 'tar' });
  expect(tar.status).toBe(202);
  expect(tar.json).not.toHaveProperty('compression');
});

test('behind a stage, links and Location include the stage', async () => {
  const reply = await api.post(BACKUPS, undefined, { stage: '/prod' });
  expect(reply.headers.location).toBe(`/prod${BACKUPS}/${reply.json.id}`);
  expect(reply.json.links.self).toBe(reply.headers.location);
});

test('if sending fails, the answer is 202 and the row exists', async () => {
  const whole = api.sending.queue;
  api.sending.queue = { send: () => Promise.reject(new Error('SQS is down')) };
  const one = await api.post(BACKUPS);
  expect(one.status).toBe(202);
  expect(await api.history.get('acme', one.json.id)).toMatchObject({ status: 'pending' });
  api.sending.queue = { send: async (all) => all };
  expect((await api.post(BACKUPS)).status).toBe(202);
  api.sending.queue = whole;
  expect(api.logged.filter(({ message }) => message.includes('sweep sends it'))).toHaveLength(2);
  expect(api.sent()).toEqual([]);
});

test('an Idempotency-Key makes the same request the same backup, and a different request a conflict', async () => {
  const headers = { 'Idempotency-Key': 'release-42' };
  const one = await api.post(BACKUPS, { name: 'a' }, { headers });
  api.pass(60_000);
  const other = await api.post(BACKUPS, { name: 'a' }, { headers });
  expect(other.status).toBe(202);
  expect(other.json).toEqual(one.json);
  expect(api.sent()).toHaveLength(1);
  const conflict = await api.post(BACKUPS, { name: 'b' }, { headers });
  expectProblem(conflict, 422);
  expect(conflict.json.code).toBe('IdempotencyConflict');
  const elsewhere = await api.post('/projects/globex/backups', { name: 'a' }, { headers });
  expect(elsewhere.json.id).not.toBe(one.json.id);
  await api.post(BACKUPS, { name: 'a' });
  await api.post(BACKUPS, { name: 'a' });
  expect(api.sent()).toHaveLength(4);
});

test('a repeated request answers with the current state of the backup', async () => {
  const headers = { 'Idempotency-Key': 'k' };
  const { json } = await api.post(BACKUPS, {}, { headers });
  await api.history.claim('acme', json.id);
  const again = await api.post(BACKUPS, {}, { headers });
  expect(again.json).toMatchObject({ id: json.id, status: 'in-progress', attempt: 1 });
});

test('a repeated request sends the message that the first could not send', async () => {
  const headers = { 'Idempotency-Key': 'k' };
  const whole = api.sending.queue;
  api.sending.queue = { send: () => Promise.reject(new Error('SQS is down')) };
  const { json } = await api.post(BACKUPS, {}, { headers });
  api.sending.queue = whole;
  await api.post(BACKUPS, {}, { headers });
  expect(api.sent()).toEqual([{ projectId: 'acme', backupId: json.id }]);
});

test('an Idempotency-Key that is not a valid header value is refused', async () => {
  for (const key of ['', 'a b', 'ä', 'x'.repeat(256)])
    expectProblem(await api.post(BACKUPS, {}, { headers: { 'Idempotency-Key': key } }), 400);
});

test('every mistake of a body is listed with its position', async () => {
  const reply = await api.post(BACKUPS, { name: '', format: 'zip', retentionDays: 0, colour: 1 });
  expectProblem(reply, 400);
  expect(reply.json.problems).toHaveLength(4);
  expect(reply.json.problems.join('\n')).toMatch(/name[\s\S]*format[\s\S]*retentionDays/);
  expect(api.sent()).toEqual([]);
});

test('bodies that are not JSON, not an object, of another type or too large are each refused with their own status', async () => {
  expectProblem(await api.post(BACKUPS, '{"name":'), 400);
  expectProblem(await api.post(BACKUPS, '[]'), 400);
  expectProblem(await api.post(BACKUPS, 'null'), 400);
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const other = await api.call('POST', BACKUPS, { body: 'name=a', ...form });
  expectProblem(other, 415);
  expectProblem(await api.post(BACKUPS, JSON.stringify({ name: 'x'.repeat(300_000) })), 413);
  const merge = { headers: { 'content-type': 'application/merge-patch+json; charset=utf-8' } };
  expect((await api.call('POST', BACKUPS, { body: '{}', ...merge })).status).toBe(202);
  expect((await api.call('POST', BACKUPS, { body: '  ', ...form })).status).toBe(202);
});

test('a name is one line, because mail subjects contain it', async () => {
  for (const name of ['a\nb', 'a\r\nBcc: b', 'a\u0000b', 'a\u2028b']) {
    const reply = await api.post(BACKUPS, { name });
    expectProblem(reply, 400);
    expect(reply.json.problems).toEqual([
      'name: give one line of text, without control characters',
    ]);
  }
  expect((await api.post(BACKUPS, { name: ' Vor dem „Umzug“ 🚚 ' })).status).toBe(202);
});

test('a format and compression that no server supports is refused when it is requested', async () => {
  const reply = await api.post(BACKUPS, { format: 'tar', compression: 'zstd' });
  expectProblem(reply, 400);
  expect(reply.json.code).toBe('FormatNotPossible');
  expect(reply.json.detail).toContain('not possible on any PostgreSQL: format tar allows none');
  expect(api.sent()).toEqual([]);
});

test('an unknown project is looked up in every source and registered', async () => {
  const reply = await api.post('/projects/hooli/backups');
  expect(reply.json).toMatchObject({ projectId: 'hooli', source: 'second' });
  expect(api.lookups.sort()).toEqual(['main:hooli', 'second:hooli']);
  await api.post('/projects/hooli/backups');
  expect(api.lookups).toHaveLength(2);
});

test('a project that no source has is 404', async () => {
  const reply = await api.post('/projects/nobody/backups');
  expectProblem(reply, 404);
  expect(reply.json).toMatchObject({
    code: 'ProjectNotFound',
    type: 'urn:larder:docs/errors.md#projectnotfound',
  });
});

test('an inactive project is 409, and is looked up in its source again, because it may be active now', async () => {
  expectProblem(await api.post('/projects/initech/backups'), 409);
  api.down.set('main', new Error('down'));
  expectProblem(await api.post('/projects/initech/backups'), 409);
  api.down.clear();
  api.listings.main = [project('initech')];
  expect((await api.post('/projects/initech/backups')).status).toBe(202);
});

test('if a source does not answer and no other has the project, the answer is 503 with Retry-After', async () => {
  api.down.set('main', new LoginRefused('main', 'larder', 'the password is wrong'));
  let counted = 0;
  Object.assign(api.api.ports, { countUnresolved: () => (counted += 1) });
  const reply = await api.post('/projects/nobody/backups');
  expectProblem(reply, 503);
  expect(counted).toBe(1);
  expect(reply.headers['retry-after']).toMatch(/^\d+$/);
  expect(reply.json.detail).toContain('the password is wrong');
  expect((await api.post('/projects/hooli/backups')).status).toBe(202);
});

test('a source that never answers is given up before the time limit', async () => {
  Object.assign(api.api.settings, { lookUpMs: 1500 });
  const lookUp = api.api.ports.functions.lookUp;
  Object.assign(api.api.ports.functions, {
    lookUp: (source: string, id: string) =>
      source === 'main' ? new Promise(() => {}) : lookUp(source, id),
  });
  expectProblem(await api.post('/projects/nobody/backups'), 503);
  expect((await api.post('/projects/hooli/backups')).status).toBe(202);
});

test('an unexpected failure is 500 and reveals no details', async () => {
  Object.assign(api.api.ports.registry, {
    get: () => Promise.reject(new TypeError('password=hunter2')),
  });
  const reply = await api.post(BACKUPS);
  expectProblem(reply, 500);
  expect(reply.text).not.toMatch(/hunter2|TypeError/);
});

test('throttling by a service of AWS is 429 with Retry-After', async () => {
  const throttled = Object.assign(new Error('slow down'), {
    name: 'ProvisionedThroughputExceededException',
  });
  Object.assign(api.api.ports.registry, { get: () => Promise.reject(throttled) });
  const reply = await api.post(BACKUPS);
  expectProblem(reply, 429);
  expect(reply.json.code).toBe('TooManyRequests');
  expect(reply.headers['retry-after']).toMatch(/^\d+$/);
});

test('a body over the limit is 413 and names the limit, whatever the body holds', async () => {
  for (const body of ['x'.repeat(300_000), `{"name": "${'x'.repeat(300_000)}"}`]) {
    const reply = await api.post('/projects/acme/backups', body);
    expectProblem(reply, 413);
    expect(reply.json.detail).toContain('262144 at most');
  }
});

test('one Idempotency-Key sent twenty times at once makes one backup', async () => {
  const headers = { 'Idempotency-Key': 'twenty' };
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => api.post('/projects/acme/backups', {}, { headers })),
  );
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
  expect(new Set(replies.map(({ json }) => json.id)).size).toBe(1);
});
