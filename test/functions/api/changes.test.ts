import { expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';
import { pathOf, storedBackup } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const at = (ms: number) => iso(NIGHT + ms);
const CALLER = 'arn:aws:sts::123456789012:assumed-role/on-call/ada';
const patch = (path: string, body: unknown) =>
  api.call('PATCH', path, {
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
const remove = (path: string, query = '') =>
  api.call('DELETE', `${path}${query}`, { caller: CALLER });
const isStored = async (fileId = '') => (await api.vault.head(fileId)) !== undefined;

test('a backup’s name, description, pin and retention can be changed, and lists find it by its pin', async () => {
  const { id } = await api.completed();
  const expiresAt = '2026-12-24T13:00:00+01:00';
  const changed = await patch(pathOf({ id }), {
    name: ' before 2.0 ',
    description: 'a\nb',
    pinned: true,
    expiresAt,
  });
  const wanted = {
    name: 'before 2.0',
    description: 'a\nb',
    pinned: true,
    expiresAt: '2026-12-24T12:00:00.000Z',
  };
  expect(changed).toMatchObject({ status: 200, json: wanted });
  expect((await api.get(pathOf({ id }))).json).toMatchObject(wanted);
  const pinned = async (value: boolean) =>
    (await api.get(`/projects/acme/backups?pinned=${value}`)).json.items.map((one) => one.id);
  expect([await pinned(true), await pinned(false)]).toEqual([[id], []]);
  expect((await patch('/projects/acme/backups/latest', { pinned: false })).json).not.toHaveProperty(
    'pinned',
  );
  expect([await pinned(true), await pinned(false)]).toEqual([[], [id]]);
});

test('a change that is wrong, or of what cannot be changed, is refused', async () => {
  const { id } = await api.completed();
  for (const [body, words] of [
    [{}, /give at least one of name, description, pinned, expiresAt/],
    [{ status: 'failed' }, /status: there is no such field/],
    [{ name: 'two\nlines' }, /name: give one line/],
    [{ pinned: 'yes' }, /pinned: give true or false/],
    [{ expiresAt: at(0) }, /expiresAt: give a time in the future/],
    [{ expiresAt: '2046-01-01T00:00:00Z' }, /expiresAt: .* 3650 days at most, .*; pin it/],
    [{ expiresAt: '2026-12-24' }, /expiresAt: give an ISO 8601 time/],
  ] as const) {
    const reply = await patch(pathOf({ id }), body);
    expectProblem(reply, 400);
    expect(reply.json.problems.join(), JSON.stringify(body)).toMatch(words);
  }
  expectProblem(await patch(pathOf({ id: uuidv7(NIGHT) }), { pinned: true }), 404);
  expectProblem(await patch(`/projects/globex/backups/${id}`, { pinned: true }), 404);
  const failed = await api.pending({ createdAt: at(1) });
  await api.history.fail(await api.claimed(failed), { name: 'X', message: 'x' });
  expectProblem(await patch(pathOf(failed), { pinned: true }), 409);
});

test('a deletion removes object and manifest, and its record says who did it, when and why', async () => {
  const old = await storedBackup(api, { createdAt: at(0) });
  await storedBackup(api, { createdAt: at(1) });
  const reply = await remove(pathOf(old), `?reason=${encodeURIComponent('asked by its owner')}`);
  expect(reply).toMatchObject({
    status: 200,
    json: {
      status: 'deleted',
      deletedAt: at(0),
      deletedBy: CALLER,
      deletedWhy: 'asked by its owner',
      size: 1000,
    },
  });
  expect(await isStored(old.fileId?.replace('.dump', '.manifest.json'))).toBe(false);
  expect((await api.get(pathOf(old))).json).toMatchObject({ status: 'deleted', deletedBy: CALLER });
  expectProblem(await api.get(`${pathOf(old)}/download`), 410);
  expectProblem(await patch(pathOf(old), { pinned: true }), 410);
  expect((await remove(pathOf(old))).json).toMatchObject({ deletedWhy: 'asked by its owner' });
});

test('the last good backup and a pinned one are deleted with force only', async () => {
  const pinned = await storedBackup(api, { createdAt: at(0) });
  await patch(pathOf(pinned), { pinned: true });
  const last = await storedBackup(api, { createdAt: at(1) });
  for (const [backup, words] of [
    [pinned, /it is pinned. force=true/],
    [last, /the last good backup of project "acme"/],
  ] as const) {
    const refused = await remove(pathOf(backup));
    expectProblem(refused, 409);
    expect(refused.json).toMatchObject({ code: 'BackupProtected' });
    expect(refused.json.detail).toMatch(words);
    expect((await api.get(pathOf(backup))).json.status).toBe('completed');
    expect((await remove(pathOf(backup), '?force=true')).json.status).toBe('deleted');
  }
});

test('a backup that is being restored or verified is deleted with force only', async () => {
  const old = await storedBackup(api, { createdAt: at(0) });
  await storedBackup(api, { createdAt: at(1) });
  for (const path of ['restores', 'verify']) {
    const { json } = await api.post(`${pathOf(old)}/${path}`);
    const refused = await remove(pathOf(old));
    expectProblem(refused, 409);
    expect(refused.json.detail).toMatch(/a (restore|verification) of it waits or runs/);
    const { restores, verifications } = api.api.ports;
    await (path === 'verify' ? verifications : restores).requestCancel('acme', json.id);
  }
  expect((await remove(pathOf(old))).status).toBe(200);
});

test('waiting work, latest, and others’ backups cannot be deleted', async () => {
  const waiting = await api.pending();
  expect(await remove(pathOf(waiting), '?force=true')).toMatchObject({
    status: 409,
    json: { code: 'BackupNotReady', detail: expect.stringContaining('cancel it first') },
  });
  const done = await api.completed({ createdAt: at(1) });
  const latest = await remove('/projects/acme/backups/latest', '?force=true');
  expect(latest.json.problems).toEqual([expect.stringMatching(/^backupId: give the id/)]);
  expectProblem(await remove(`/projects/globex/backups/${done.id}`, '?force=true'), 404);
  expectProblem(await remove(pathOf(done), '?force=yes'), 400);
});

test('a failed backup can be deleted, and objects that the vault does not release now are left to sweep', async () => {
  await api.registry.register(project('acme'), 'main');
  const failed = await api.pending({ createdAt: at(0) });
  await api.history.fail(await api.claimed(failed), { name: 'X', message: 'x' });
  expect((await remove(pathOf(failed))).json.status).toBe('deleted');

  const last = await storedBackup(api, { createdAt: at(DAY) });
  const { remove: works } = api.vault;
  api.vault.remove = () => Promise.reject(new Error('refused'));
  expect(await remove(pathOf(last), '?force=true')).toMatchObject({
    status: 202,
    json: { status: 'deleted' },
  });
  expect(api.logged.map(({ message }) => message)).toContain(
    'the objects of a deleted backup could not be removed; sweep tries it again',
  );
  api.vault.remove = works;
  expect((await remove(pathOf(last))).status).toBe(200);
  expect((await api.get('/projects/acme')).json).not.toHaveProperty('lastSuccess');
});
