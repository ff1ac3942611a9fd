import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answering, type FakeApi, larder, startApi } from './support.ts';

let api: FakeApi;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(() => {
  api.asked.length = 0;
});
afterAll(() => api.close());

const POLICY = { generations: { daily: 7, weekly: 4 }, timeZone: 'Europe/Berlin' };
const backup = (fate: string, more: object = {}) => ({
  id: '01a22cca-2374-75d9-883c-4aaada6e50d4',
  createdAt: '2026-11-30T01:00:00.000Z',
  size: 2048,
  fate,
  expiresBefore: '2026-12-30T01:00:00.000Z',
  expiresAfter: '2026-12-07T01:00:00.000Z',
  ...more,
});
const answer =
  (...backups: readonly { readonly fate: string }[]): Answering =>
  () => {
    const removed = backups.filter(({ fate }) => fate === 'removed').length;
    const kept = backups.length - removed;
    return {
      status: 200,
      body: { from: 'project', retention: POLICY, kept, removed, removedBytes: 2048, backups },
    };
  };
const run = (answering: Answering, ...args: readonly string[]) => {
  api.answering = answering;
  return larder(['--endpoint', api.url, '--region', 'eu-central-1', 'retention', ...args], {
    cwd: tmpdir(),
  });
};
const SET = ['set', 'acme', '--daily', '7', '--weekly', '4', '--time-zone', 'Europe/Berlin'];
const sent = () =>
  api.asked.map(({ method, body }) => ({ method, body: body as { dryRun: boolean } | undefined }));

test('a dry run asks once, and shows each backup with its new end within 80 columns', async () => {
  const held = backup('class', { generations: ['weekly'] });
  const { status, stdout } = await run(answer(held, backup('removed')), ...SET, '--dry-run');
  expect(status).toBe(0);
  expect(sent()).toEqual([{ method: 'PUT', body: { policy: POLICY, dryRun: true } }]);
  expect(stdout).toMatch(/weekly +4 weeks/);
  expect(stdout).toMatch(/2026-11-30 01:00 +2\.05 kB +2026-12-30 +2026-12-07/);
  expect(stdout).toContain('kept: weekly');
  expect(stdout).toContain('1 kept, 1 removed');
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('a change that removes nothing is made', async () => {
  const { status } = await run(answer(backup('days')), ...SET);
  expect(status).toBe(0);
  expect(sent().map(({ body }) => body?.dryRun)).toEqual([true, false]);
});

test("a change that removes backups needs the project's id", async () => {
  const refused = await run(answer(backup('removed')), ...SET);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain(
    'This removes 1 of the backups of acme: confirm it with --yes acme.',
  );
  expect((await run(answer(backup('removed')), ...SET, '--yes', 'acme2')).status).toBe(2);
  expect(sent().map(({ body }) => body?.dryRun)).toEqual([true, true]);
  expect((await run(answer(backup('removed')), ...SET, '--yes', 'acme')).status).toBe(0);
  expect(sent().at(-1)?.body?.dryRun).toBe(false);
});

test('a reset follows the source again', async () => {
  expect((await run(answer(), 'reset', 'acme')).status).toBe(0);
  expect(api.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'DELETE /projects/acme/retention?dryRun=true',
    'DELETE /projects/acme/retention?dryRun=false',
  ]);
});
