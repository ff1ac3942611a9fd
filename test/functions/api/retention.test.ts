import { beforeEach, expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { ANSWERS } from '../../../functions/api/openapi.ts';
import { completionOf, DAY, NIGHT, pendingBackup } from '../../support/backups.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import type { TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});
const PATH = '/projects/acme/retention';
const POLICY = { generations: { daily: 2, weekly: 4 }, timeZone: 'UTC' };

const night = (index: number): string => new Date(NIGHT + index * DAY).toISOString();
const completed = async (index: number, changes: Partial<Backup> = {}): Promise<Backup> => {
  const backup = pendingBackup({
    createdAt: night(index),
    expiresAt: night(index + 30),
    ...changes,
  });
  await api.history.create(backup);
  await api.history.complete(await api.claimed(backup), completionOf(backup));
  return backup;
};
const end = async ({ projectId, id }: Backup) => (await api.history.get(projectId, id))?.expiresAt;

beforeEach(async () => {
  await api.registry.register(project('acme'), 'main');
});

test('without a policy of its own is that of the configuration', async () => {
  const { status, json } = await api.get(PATH);
  expect(status).toBe(200);
  ANSWERS.getRetention.schema.parse(json);
  expect(json).toEqual({
    from: 'configuration',
    retention: { daily: 30, weekly: 30, monthly: 30, yearly: 30 },
  });
});

test('is shown before it is changed, with the fate of each backup, and changes nothing then', async () => {
  // NIGHT is a Saturday.
  const backups = [await completed(-10), await completed(-9, { fixedRetention: true })];
  backups.push(await completed(-8), await completed(0));
  const { status, json } = await api.put(PATH, { policy: POLICY, dryRun: true });
  expect(status).toBe(200);
  ANSWERS.setRetention.schema.parse(json);
  expect(json).toMatchObject({
    from: 'project',
    dryRun: true,
    kept: 3,
    removed: 1,
    removedBytes: 1000,
  });
  expect(json.backups).toMatchObject([
    { id: backups[3]?.id, fate: 'class', generations: ['weekly'], expiresAfter: night(28) },
    { id: backups[2]?.id, fate: 'removed', expiresBefore: night(22), expiresAfter: night(-6) },
    { id: backups[1]?.id, fate: 'fixed', expiresAfter: night(21) },
    { id: backups[0]?.id, fate: 'class', generations: ['weekly'], expiresAfter: night(18) },
  ]);
  expect(await Promise.all(backups.map(end))).toEqual([20, 21, 22, 30].map(night));
  expect((await api.get(PATH)).json).toMatchObject({ from: 'configuration' });
});

test('is changed as the dry run said, for backups that exist and for those to come', async () => {
  const old = await completed(-10);
  const newest = await completed(-1);
  await api.put(PATH, { policy: POLICY });
  expect((await api.get(PATH)).json).toEqual({ from: 'project', retention: POLICY });
  expect(await end(old)).toBe(night(18));
  expect(await end(newest)).toBe(night(27));
  // Of the same week as `newest`.
  expect(await end(await completed(0))).toBe(night(2));
});

test('follows the source again after it is deleted', async () => {
  api.retentionBySource.set('main', { days: 5, timeZone: 'UTC' });
  const one = await completed(-3);
  await api.put(PATH, { policy: POLICY });
  expect((await api.remove(`${PATH}?dryRun=true`)).json).toMatchObject({
    from: 'source',
    dryRun: true,
    backups: [{ fate: 'days', expiresAfter: night(2) }],
  });
  expect((await api.get(PATH)).json).toMatchObject({ from: 'project' });
  ANSWERS.clearRetention.schema.parse((await api.remove(PATH)).json);
  expect((await api.get(PATH)).json).toEqual({
    from: 'source',
    retention: { days: 5, timeZone: 'UTC' },
  });
  expect(await end(one)).toBe(night(2));
});

test.each([
  [{ policy: {} }, 'policy: give days or generations.daily'],
  [{ policy: { days: 1, weekly: 3 } }, 'weekly'],
  [{}, 'policy'],
  [{ policy: POLICY, apply: true }, 'apply'],
])('%j is refused', async (body, problem) => {
  const { status, json } = await api.put(PATH, body);
  expect(status).toBe(400);
  expect(JSON.stringify(json)).toContain(problem);
});

test('of a project that nobody knows is not there', async () => {
  for (const answer of [
    await api.get('/projects/nobody/retention'),
    await api.put('/projects/nobody/retention', { policy: POLICY }),
    await api.remove('/projects/nobody/retention'),
  ])
    expect(answer.status).toBe(404);
});
