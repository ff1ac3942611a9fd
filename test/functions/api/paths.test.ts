import { expect, test } from 'vitest';
import { encodePart } from '../../../core/keys.ts';
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

test('any id that a project can have is that project and no other, on the way in and in every link', async () => {
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

test('a gateway that decodes parameters itself is understood where it can be told', async () => {
  api.listings.main = [project('a b'), project('ä"')];
  for (const id of ['a b', 'ä"']) {
    const path = `/projects/${encodePart(id)}/backups`;
    const reply = await api.call('POST', path, { decoded: true });
    expect(reply.json.projectId).toBe(id);
  }
});

test('ids that no project can have are 400', async () => {
  for (const id of ['x'.repeat(129), '%00', 'a%00b', '%F0%9F', '%zz', '%C3%A4'.repeat(65)]) {
    expectProblem(await api.post(`/projects/${id}/backups`), 400);
    expectProblem(await api.get(`/projects/${id}/backups`), 400);
    expectProblem(await api.get(`/projects/${id}/backups/latest`), 400);
  }
  expect(api.lookups).toEqual([]);
});

test('unknown paths are 404, other methods 405 with those there are', async () => {
  expectProblem(await api.get('/'), 404);
  expectProblem(await api.get('/project/acme'), 404);
  expectProblem(await api.get('/projects/acme'), 404);
  const wrong = await api.call('DELETE', BACKUPS);
  expectProblem(wrong, 405);
  expect(wrong.headers.allow).toBe('POST, GET');
  const health = await api.call('POST', '/health');
  expect(health.headers.allow).toBe('GET');
});
