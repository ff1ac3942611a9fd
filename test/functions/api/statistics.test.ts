import { beforeEach, expect, test } from 'vitest';
import { makeValidations } from '../../../adapters/dynamodb/validations.ts';
import { makeVaultRounds } from '../../../adapters/dynamodb/vault-rounds.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { ANSWERS } from '../../../functions/api/openapi.ts';
import { completionOf, DAY, NIGHT, pendingBackup } from '../../support/backups.ts';
import { readOpenMetrics } from '../../support/open-metrics.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import type { TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});
beforeEach(async () => {
  await api.registry.register(project('acme'), 'main');
  await api.registry.register(project('globex'), 'main');
  await api.registry.register(project('initech', { status: 'SUSPENDED' }), 'main');
});

const at = (ms: number) => new Date(NIGHT + ms).toISOString();
const GIB = 1024 ** 3;

/** Completes a backup with a size, in half a minute. */
const stored = async (projectId: string, createdAt: string, size: number) => {
  const backup = pendingBackup({ projectId, createdAt });
  await api.history.create(backup);
  await api.history.complete(
    await api.claimed(backup),
    completionOf(backup, { size, durationMs: 30_000 }),
  );
  return backup;
};

const failed = async (projectId: string, createdAt: string, name: string) => {
  const backup = pendingBackup({ projectId, createdAt });
  await api.history.create(backup);
  await api.history.fail(await api.claimed(backup), { name, message: 'It failed.' });
  return backup;
};

const verified = async (backup: { projectId: string; id: string }) => {
  await makeValidations(api.access).noteValidation(backup.projectId, backup.id, {
    validation: 'verified',
    verificationId: uuidv7(NIGHT),
    validatedAt: at(0),
    compare: 'counts',
  });
};

test('figures about all backups add up those of the window, day by day', async () => {
  await stored('acme', at(-8 * DAY), 9 * GIB);
  const old = await stored('acme', at(-2 * DAY), GIB);
  await verified(old);
  await stored('globex', at(-DAY), 2 * GIB);
  await failed('globex', at(-1000), 'LockTimeout');
  await api.pending({ createdAt: at(-500) });
  await makeVaultRounds(api.access).keep({
    begunAt: at(-DAY),
    measured: { objects: 6, bytes: 12 * GIB, at: at(-DAY) },
  });

  const { status, json } = await api.get('/stats?days=3');
  expect(status).toBe(200);
  ANSWERS.statistics.schema.parse(json);
  expect(json).toEqual({
    at: at(0),
    window: { from: '2026-11-19', to: '2026-11-21', days: 3 },
    complete: true,
    backups: { total: 4, open: 1, completed: 2, failed: 1, cancelled: 0 },
    bytes: 3 * GIB,
    successRate: 2 / 3,
    verifiedShare: 0.5,
    meanBytesPerSecond: Math.round((3 * GIB) / 60),
    lastSuccess: {
      projectId: 'globex',
      backupId: expect.any(String),
      at: at(-DAY + 60_000),
    },
    byDay: [
      { day: '2026-11-19', completed: 1, failed: 0, bytes: GIB },
      { day: '2026-11-20', completed: 1, failed: 0, bytes: 2 * GIB },
      { day: '2026-11-21', completed: 0, failed: 1, bytes: 0 },
    ],
    projects: { active: 2, inactive: 1, gone: 0, withoutBackup: 0, withoutVerified: 1 },
    stored: {
      at: at(-DAY),
      objects: 6,
      bytes: 12 * GIB,
      monthlyCost: { amount: 0.294, currency: 'USD' },
    },
  });
});

test('without any backup there are figures, and neither a rate nor a cost is invented', async () => {
  const { json } = await api.get('/stats');
  expect(json).toMatchObject({
    window: { days: 7 },
    backups: { total: 0 },
    projects: { active: 2, withoutBackup: 2, withoutVerified: 2 },
  });
  for (const absent of ['successRate', 'verifiedShare', 'meanBytesPerSecond', 'stored'])
    expect(json).not.toHaveProperty(absent);
});

test('figures about a project are its own, and what it stores counts backups of any age', async () => {
  await stored('acme', at(-20 * DAY), 10);
  await stored('acme', at(-DAY), 20);
  await stored('globex', at(-DAY), 40);
  const { json } = await api.get('/projects/acme/stats?days=2');
  ANSWERS.projectStatistics.schema.parse(json);
  expect(json).toMatchObject({
    projectId: 'acme',
    complete: true,
    backups: { total: 1, completed: 1 },
    bytes: 20,
    lastSuccess: { projectId: 'acme', at: at(-DAY + 60_000) },
    byDay: [
      { day: '2026-11-20', bytes: 20 },
      { day: '2026-11-21', bytes: 0 },
    ],
    stored: { backups: 2, bytes: 30 },
    links: { backups: '/projects/acme/backups' },
  });
  expect((await api.get('/projects/globex/stats')).json).toMatchObject({ bytes: 40 });
  expect((await api.get('/projects/initech/stats')).json).toMatchObject({ stored: { backups: 0 } });
  expect((await api.get('/projects/nobody/stats')).status).toBe(404);
  for (const path of ['/stats', '/projects/acme/stats'])
    for (const days of ['0', '32', 'x', '1.5'])
      expect((await api.get(`${path}?days=${days}`)).status, days).toBe(400);
});

test('one request reads a bounded number of summaries, and says that they were not all', async () => {
  let read = 0;
  const row = { id: 'b', projectId: 'acme', source: 'main', status: 'completed' };
  Object.assign(api.api.ports.history, {
    summaries: async function* (day: string, most: number) {
      for (; read < most; read += 1) yield { ...row, validation: 'unverified', createdAt: day };
    },
  });
  const { json } = await api.get('/stats?days=1');
  expect(json).toMatchObject({ complete: false, backups: { total: 350_000 } });
});

test('metrics are OpenMetrics text, with the ages of backups, what waits and the errors', async () => {
  const hostile = 'a"b\\c\nd\u202e';
  await api.registry.register(project(hostile), 'main');
  const old = await stored('acme', at(-3 * DAY), 100);
  await verified(old);
  await stored('acme', at(-3_600_000), 10);
  await stored(hostile, at(-2 * DAY), 10);
  await failed('globex', at(-1000), 'LockTimeout');
  await failed('globex', at(-2000), 'LockTimeout');
  await failed('globex', at(-1500), 'SchemaNotFound');
  await failed('globex', at(-2 * DAY), 'TooLarge');
  await api.pending({ projectId: 'globex', createdAt: at(-500) });
  await makeVaultRounds(api.access).keep({
    begunAt: at(-DAY),
    measured: { objects: 4, bytes: 120, at: at(-DAY) },
  });

  const { status, headers, text } = await api.get('/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  const samples = readOpenMetrics(text);
  const of = (name: string) =>
    Object.fromEntries(
      samples
        .filter((one) => one.name === `larder_${name}`)
        .map(({ labels, value }) => [Object.values(labels)[0] ?? '', value]),
    );
  expect(of('backups_ended')).toEqual({ completed: 1, failed: 3, cancelled: 0 });
  expect(of('backups_stored_bytes')).toEqual({ '': 10 });
  expect(of('backups_failed')).toEqual({ LockTimeout: 2, SchemaNotFound: 1 });
  expect(of('queue_waiting')).toEqual({ backup: 1, restore: 0, verification: 0 });
  expect(of('queue_running')).toEqual({ backup: 0, restore: 0, verification: 0 });
  expect(of('projects')).toEqual({ active: 3, inactive: 1, gone: 0 });
  expect(of('projects_without_good_backup')).toEqual({ '': 1 });
  expect(of('projects_without_verified_backup')).toEqual({ '': 2 });
  expect(of('newest_good_backup_age_seconds')).toEqual({
    'a"b\\c\\u{a}d\\u{202e}': 2 * 86_400 - 60,
    acme: 3540,
  });
  expect(of('newest_verified_backup_age_seconds')).toEqual({ acme: 3 * 86_400 - 60 });
  expect(of('projects_newest_good_older')).toEqual({ 1: 1, 2: 0, 7: 0, 30: 0 });
  expect(of('vault_bytes')).toEqual({ '': 120 });
  expect(of('vault_count_age_seconds')).toEqual({ '': 86_400 });
});

test('metrics name only the projects with the oldest backups, however many there are', async () => {
  Object.assign(api.api.ports.registry, {
    all: async function* () {
      for (let index = 0; index < 10_000; index += 1)
        yield {
          id: `p${index}`,
          source: 'main',
          status: 'ACTIVE',
          lastSuccess: { backupId: 'b', at: at(-index * 1000), size: 1 },
        };
    },
  });
  const samples = readOpenMetrics((await api.get('/metrics')).text);
  const ages = samples.filter(({ name }) => name === 'larder_newest_good_backup_age_seconds');
  expect(ages.map(({ labels }) => labels.project)).toEqual(
    Array.from({ length: 20 }, (_, index) => `p${9999 - index}`),
  );
  expect(samples.length).toBeLessThan(100);
});
