import { expect, test } from 'vitest';
import { ANSWERS } from '../../../functions/api/openapi.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const PATH = '/projects/acme/erase';
/** A run found the project missing in its source. */
const goneAcme = async () => {
  await api.get('/projects/acme/backups');
  await api.registry.retire('acme', 'main');
};

test('erasing begins with the confirmed id of a project that its source no longer lists', async () => {
  await goneAcme();
  const reply = await api.post(PATH, { confirm: 'acme' });
  expect(reply.status).toBe(202);
  expect(reply.headers.location).toBe(PATH);
  expect(ANSWERS.eraseProject.schema.safeParse(reply.json).success).toBe(true);
  expect(reply.json).toMatchObject({
    projectId: 'acme',
    status: 'in-progress',
    removed: { objects: 0, rows: 0 },
  });
  expect(api.erasing).toEqual(['acme']);
  api.pass(1000);
  expect((await api.post(PATH, { confirm: 'acme' })).json).toEqual(reply.json);
  expect((await api.get(PATH)).json).toEqual(reply.json);
});

test('it is refused without the id, for a project that is still listed, and for one that nobody knows', async () => {
  await api.get('/projects/acme/backups');
  for (const body of [
    {},
    { confirm: 'globex' },
    { confirm: 'ACME' },
    { confirm: 'acme', force: true },
  ])
    expectProblem(await api.post(PATH, body), 400);
  const listed = await api.post(PATH, { confirm: 'acme' });
  expectProblem(listed, 409);
  expect(listed.json.code).toBe('ProjectStillListed');
  expectProblem(await api.post('/projects/nobody/erase', { confirm: 'nobody' }), 404);
  expectProblem(await api.get(PATH), 404);
  expectProblem(await api.get(`${PATH}/statement`), 404);
  expect(api.erasing).toEqual([]);
  expect((await api.post(PATH, { confirm: 'acme', acceptListed: true })).status).toBe(202);
});

test('nothing of an erased project can be requested, and it does not come back', async () => {
  await api.put('/projects/acme/schedules/own', { expression: 'rate(1 day)' });
  await goneAcme();
  await api.post(PATH, { confirm: 'acme' });
  for (const reply of [
    await api.post('/projects/acme/backups'),
    await api.get('/projects/acme/backups'),
    await api.get('/projects/acme/schedules'),
    await api.put('/projects/acme/schedules/again', { expression: 'rate(1 day)' }),
  ]) {
    expectProblem(reply, 410);
    expect(reply.json.code).toBe('ProjectErased');
  }
  expect((await api.get('/projects')).json.items.map(({ id }) => id)).not.toContain('acme');
  expect(await api.registry.get('acme')).toMatchObject({ status: 'ERASED' });
});

test('there is a statement only at the end', async () => {
  await goneAcme();
  await api.post(PATH, { confirm: 'acme' });
  expectProblem(await api.get(`${PATH}/statement`), 409);
});

test('if the function can not be started, the request stands: sweep starts it', async () => {
  await goneAcme();
  api.down.set('eraser', new Error('throttled'));
  expect((await api.post(PATH, { confirm: 'acme' })).status).toBe(202);
  expect(api.logged.some(({ message }) => message.includes('sweep starts it'))).toBe(true);
  expect((await api.get(PATH)).json).toMatchObject({ status: 'in-progress' });
});
