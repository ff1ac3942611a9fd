import { expect, test } from 'vitest';
import { encodePart } from '../../../core/keys.ts';
import { ROUTES } from '../../../core/routes.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const BACKUPS = '/projects/acme/backups';

const HOSTILE = [
  "a'b",
  'a"b',
  'a.b',
  'a b',
  '*',
  '?',
  '#',
  '../etc',
  '%2e%2e',
  'a%2Fb',
  'a/b',
  'a\\b',
  'a\nb',
  '🐘',
  'latest',
  '$(id)',
  '<script>',
  '__proto__',
  'x'.repeat(128),
];

test('any valid project id names that project and no other, in requests and in every link', async () => {
  api.listings.main = HOSTILE.map((id) => project(id));
  for (const id of HOSTILE) {
    const reply = await api.post(`/projects/${encodePart(id)}/backups`);
    expect(reply.status, id).toBe(202);
    expect(reply.json.projectId).toBe(id);
    const same = await api.get(reply.json.links.self ?? '');
    expect(same.json).toMatchObject({ id: reply.json.id, projectId: id });
  }
  const messages = api.sent().map((body) => (body as { projectId: string }).projectId);
  expect(messages.sort()).toEqual([...HOSTILE].sort());
});

test('a path is understood from a gateway that decodes parameters itself, if it is unambiguous', async () => {
  api.listings.main = [project('a b'), project('ä"')];
  for (const id of ['a b', 'ä"']) {
    const path = `/projects/${encodePart(id)}/backups`;
    const reply = await api.call('POST', path, { decoded: true });
    expect(reply.json.projectId).toBe(id);
  }
});

test('invalid project ids are 400', async () => {
  for (const id of ['x'.repeat(129), '%00', 'a%00b', '%F0%9F', '%zz', '%C3%A4'.repeat(65)]) {
    expectProblem(await api.post(`/projects/${id}/backups`), 400);
    expectProblem(await api.get(`/projects/${id}/backups`), 400);
    expectProblem(await api.get(`/projects/${id}/backups/latest`), 400);
  }
  expect(api.lookups).toEqual([]);
});

test('unknown paths are 404, other methods are 405 and list the allowed ones', async () => {
  expectProblem(await api.get('/'), 404);
  expectProblem(await api.get('/project/acme'), 404);
  expectProblem(await api.get('/project'), 404);
  const wrong = await api.call('DELETE', BACKUPS);
  expectProblem(wrong, 405);
  expect(wrong.headers.allow).toBe('POST, GET');
  const health = await api.call('POST', '/health');
  expect(health.headers.allow).toBe('GET');
});

const ID = '01a22cca-2374-75d9-883c-4aaada6e50d4';
const spelled = (path: string): string =>
  path
    .replace('{projectId}', 'acme')
    .replace('{scheduleName}', 'nightly')
    .replace(/\{\w+\}/g, ID);
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Spellings that a gateway may treat as the same path. */
const OTHER_SPELLINGS: Readonly<Record<string, (path: string) => string>> = {
  'a slash at its end': (path) => `${path}/`,
  'two slashes at its end': (path) => `${path}//`,
  'a doubled slash': (path) => path.replace(/\/([^/]*)$/, '//$1'),
  'a doubled slash before it': (path) => `/${path}`,
  'an encoded letter': (path) =>
    path.replace(/[^/]([^/]*)$/, `%${lastOf(path).charCodeAt(0).toString(16)}$1`),
  'a dot segment': (path) => path.replace(/\/([^/]*)$/, '/./$1'),
  'two dots': (path) => path.replace(/\/([^/]*)$/, '/x/../$1'),
  'encoded dots': (path) => path.replace(/\/([^/]*)$/, '/x/%2e%2E/$1'),
};

test.each(Object.entries(OTHER_SPELLINGS))(
  'a path with %s is refused on every route, and the answer names the intended path',
  async (_, other) => {
    api.listings.main = [project('acme')];
    for (const { method, path } of ROUTES) {
      const canonical = spelled(path);
      const reply = await api.call(method, other(canonical));
      expectProblem(reply, 400);
      expect(reply.json.detail).toContain(`use ${canonical}.`);
    }
    expect([api.sent(), api.restoring(), api.lookups, api.plans]).toEqual([[], [], [], []]);
  },
);

test('a parameter or a field that a route does not have is refused by name, on every route', async () => {
  for (const { method, path } of ROUTES) {
    const reply = await api.call(method, `${spelled(path)}?colour=red`);
    expectProblem(reply, 400);
    expect(reply.json, path).toMatchObject({ code: 'InvalidInput' });
    expect(reply.json.problems.join(), path).toMatch(/^colour: there is no such/);
    if (method === 'GET') continue;
    const other = await api.call(method, spelled(path), {
      body: JSON.stringify({ colour: 'red' }),
      headers: { 'Content-Type': 'application/json' },
    });
    expectProblem(other, 400);
    expect(other.json.problems.join(), path).toMatch(
      /colour: there is no such field; the fields are |^\(whole\): this route accepts no body$/,
    );
  }
  expect([api.sent(), api.restoring(), api.lookups, api.plans]).toEqual([[], [], [], []]);
});

test('mistakes of a body are named in words, and not in those of a library', async () => {
  const { json } = await api.post(BACKUPS, {
    format: 'zip',
    name: 7,
    retentionDays: 0,
    description: 'x'.repeat(2001),
    content: null,
  });
  expect(json.problems).toEqual([
    'name: give a text',
    'description: give at most 2000 characters',
    'content: give one of "full", "schema", "data"',
    'format: give one of "custom", "plain", "tar"',
    'retentionDays: give at least 1',
  ]);
  const run = await api.post('/runs', { projects: [] });
  expect(run.json.problems).toEqual(['projects: give at least 1 entry']);
  const elsewhere = await api.post(`${BACKUPS}/${ID}/elsewhere`, {});
  expect(elsewhere.json.problems).toEqual(['target: is missing: give a text']);
});

test('an id is accepted in one spelling only: the one that links use', async () => {
  api.listings.main = [project('a.b~c')];
  for (const id of ['a.b~c', 'a%2eb%7ec', '%61%2Eb%7Ec']) {
    const reply = await api.post(`/projects/${id}/backups`);
    expectProblem(reply, 400);
    expect(reply.json.detail).toContain('use /projects/a%2Eb%7Ec/backups.');
  }
  expect((await api.post('/projects/a%2Eb%7Ec/backups')).status).toBe(202);
  expect(
    (await api.post('/projects/a%2Eb%7Ec/backups', undefined, { stage: '/prod' })).status,
  ).toBe(202);
});
