import { expect, test } from 'vitest';
import { firingEvent } from '../../../core/messages.ts';
import { runOf } from '../../../core/run.ts';
import { scheduleKey } from '../../../core/schedules.ts';
import { ANSWERS } from '../../../functions/api/openapi.ts';
import { NIGHT } from '../../support/backups.ts';
import { project } from '../plan/planning.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const DAILY = { expression: 'cron(30 3 * * ? *)', timeZone: 'Europe/Berlin' };
const own = (name: string, projectId = 'acme') => `/projects/${projectId}/schedules/${name}`;

const eventOfLast = () =>
  firingEvent.partial().parse({
    ...JSON.parse(api.scheduling.written.at(-1)?.input ?? '{}'),
    scheduledAt: '2026-11-21T02:30:00Z',
  });

test('a schedule of a project is stored in EventBridge Scheduler, with its next times', async () => {
  const reply = await api.put(own('nightly-eu'), {
    ...DAILY,
    flexibleMinutes: 15,
    retentionClass: 'weekly',
    retentionDays: 90,
    format: 'plain',
  });
  expect(reply.status).toBe(200);
  expect(ANSWERS.putSchedule.schema.safeParse(reply.json).success).toBe(true);
  expect(reply.json).toMatchObject({
    name: 'nightly-eu',
    scope: 'project',
    projectId: 'acme',
    projectStatus: 'ACTIVE',
    managedBy: 'api',
    sources: ['main'],
    flexibleMinutes: 15,
    paused: false,
    links: { self: own('nightly-eu') },
  });
  expect(reply.json.nextTimes).toHaveLength(5);
  for (const at of reply.json.nextTimes) expect(at).toMatch(/T0[12]:30:00/);
  const [written] = api.scheduling.written;
  expect(written).toMatchObject({
    group: 'ByApi',
    name: expect.stringMatching(/^p[0-9a-z]{21}-nightly-eu$/),
    role: api.scheduling.settings.role,
    deadLetter: api.scheduling.settings.deadLetters,
    functionName: 'StartRuns',
    expression: DAILY.expression,
    timeZone: 'Europe/Berlin',
    flexibleMinutes: 15,
  });
  expect(eventOfLast()).toMatchObject({
    sources: ['main'],
    projects: ['acme'],
    retentionClass: 'weekly',
    retentionDays: 90,
    format: 'plain',
  });
});

test('the same request again changes nothing, another replaces it, and a refused one creates only', async () => {
  await api.put(own('hourly'), { expression: 'rate(1 hour)' });
  const before = (await api.get(own('hourly'))).json;
  const again = await api.put(own('hourly'), { expression: 'rate(1 hour)' });
  expect(again.json).toMatchObject({ name: 'hourly', expression: 'rate(1 hour)' });
  const paused = await api.put(own('hourly'), { expression: 'rate(2 hours)', paused: true });
  expect(paused.json).toMatchObject({ expression: 'rate(2 hours)', paused: true, nextTimes: [] });
  expect(before.nextTimes).toHaveLength(5);
  const refused = await api.put(own('hourly'), DAILY, { 'If-None-Match': '*' });
  expectProblem(refused, 412);
  expect((await api.get(own('hourly'))).json).toMatchObject({ expression: 'rate(2 hours)' });
  expect((await api.put(own('new'), DAILY, { 'If-None-Match': '*' })).status).toBe(200);
  expectProblem(await api.put(own('new'), DAILY, { 'If-None-Match': '"x"' }), 400);
});

test('schedules of one name of several projects, and of all projects, are several schedules', async () => {
  const hostile = [`a/b`, `..%2F`, `p-x`, `all`, `Müller & "Söhne"`, 'x'.repeat(128)];
  api.listings.main = [...(api.listings.main ?? []), ...hostile.map((id) => project(id))];
  const ids = ['acme', 'globex', ...hostile];
  for (const id of ids) {
    const { status } = await api.put(
      own(
        'x',
        encodeURIComponent(id).replace(
          /[^A-Za-z0-9_%-]/g,
          (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
        ),
      ),
      DAILY,
    );
    expect([id, status]).toEqual([id, 200]);
  }
  expect((await api.put('/schedules/x', DAILY)).status).toBe(200);
  const names = api.scheduling.written.map(({ name }) => name);
  expect(new Set(names).size).toBe(ids.length + 1);
  for (const name of names) expect(name).toMatch(/^[0-9a-zA-Z_.-]{1,64}$/);
  const keys = ids.map((projectId) => scheduleKey({ projectId }, 'x'.repeat(40)));
  expect(new Set([...keys, scheduleKey('all', 'x')]).size).toBe(ids.length + 1);
  for (const key of keys) expect(key.length).toBeLessThanOrEqual(64);
  const { items } = (await api.get('/projects/globex/schedules')).json;
  expect(items.map(({ projectId, name }) => [projectId, name])).toEqual([
    ['globex', 'x'],
    [undefined, 'few'],
    [undefined, 'nightly'],
    [undefined, 'x'],
  ]);
});

test('a schedule for all projects names no source: its runs take those that there are when it fires', async () => {
  const reply = await api.put('/schedules/every-night', DAILY);
  expect(reply.json).toMatchObject({ scope: 'all', managedBy: 'api' });
  expect(reply.json).not.toHaveProperty('sources');
  expect(eventOfLast()).not.toHaveProperty('sources');
  expect(eventOfLast()).not.toHaveProperty('projects');
  expect((await api.get('/schedules/every-night')).status).toBe(200);
});

test('the list has those of the configuration, then those of the API, in pages', async () => {
  await api.put('/schedules/b', DAILY);
  await api.put('/schedules/c', DAILY);
  await api.put(own('a'), DAILY);
  const seen: string[] = [];
  let url = '/schedules?limit=2';
  for (let pages = 0; pages < 10; pages += 1) {
    const { status, json } = await api.get(url);
    expect(status).toBe(200);
    expect(ANSWERS.listSchedules.schema.safeParse(json).success).toBe(true);
    expect(json.items.length).toBeLessThanOrEqual(2);
    seen.push(...json.items.map(({ name }) => name));
    if (!json.cursor) break;
    url = `/schedules?limit=2&cursor=${json.cursor}`;
  }
  // The schedule of sweep is none that backs anything up.
  expect(seen).toEqual(['few', 'nightly', 'b', 'c', 'a']);
  expectProblem(await api.get('/schedules?cursor=AAAA'), 400);
  expectProblem(await api.get('/schedules?limit=0'), 400);
});

test('a project’s list shows what else backs it up, and no other project', async () => {
  await api.get('/projects/acme/backups');
  await api.put('/schedules/shared', DAILY);
  await api.put(own('other', 'globex'), DAILY);
  const { json } = await api.get('/projects/acme/schedules');
  expect(ANSWERS.listProjectSchedules.schema.safeParse(json).success).toBe(true);
  expect(json.items.map(({ name }) => name)).toEqual(['few', 'nightly', 'shared']);
  expect(JSON.stringify(json)).not.toContain('globex');
  await api.get('/projects/hooli/backups');
  const hooli = (await api.get('/projects/hooli/schedules')).json;
  expect(hooli.items.map(({ name }) => name)).toEqual(['nightly', 'shared']);
  expectProblem(await api.get(own('few', 'hooli')), 404);
  expect((await api.get(own('few'))).json).not.toHaveProperty('projects');
});

test('a schedule of the configuration is shown, and is refused with where to change it', async () => {
  await api.get('/projects/acme/backups');
  for (const path of ['/schedules/nightly', own('nightly')]) {
    expect((await api.get(path)).json).toMatchObject({ managedBy: 'configuration' });
    for (const reply of [await api.put(path, DAILY), await api.remove(path)]) {
      expectProblem(reply, 409);
      expect(reply.json.code).toBe('ScheduleConfigured');
      expect(reply.json.detail).toContain('larder.config.ts');
    }
  }
  expect(api.scheduling.written).toEqual([]);
});

test('a deleted schedule is gone, and only that one', async () => {
  await api.put(own('a'), DAILY);
  await api.put(own('a', 'globex'), DAILY);
  expect((await api.remove(own('a'))).status).toBe(200);
  expectProblem(await api.get(own('a')), 404);
  expectProblem(await api.remove(own('a')), 404);
  expect((await api.get(own('a', 'globex'))).status).toBe(200);
});

test('mistakes are refused, each by name, and nothing is stored', async () => {
  for (const [body, words] of [
    [{ expression: 'cron(0 2 * * *)' }, 'expression'],
    [{ expression: 'rate(1 minute)' }, 'more often'],
    [{ expression: 'cron(0/2 * * * ? *)' }, 'more often'],
    [{ expression: 'cron(0 2 1 1 ? 2020)' }, 'never due'],
    [{ expression: 'cron(0 2 31 2 ? *)' }, 'never due'],
    [{ ...DAILY, timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ ...DAILY, flexibleMinutes: 1441 }, 'flexibleMinutes'],
    [{ ...DAILY, format: 'zip' }, 'format'],
    [{ ...DAILY, retentionDays: 0 }, 'retentionDays'],
    [{ ...DAILY, when: 'now' }, 'when'],
    [{}, 'expression'],
  ] as const) {
    const reply = await api.put(own('a'), body);
    expectProblem(reply, 400);
    expect([words, reply.json.problems.join()]).toEqual([words, expect.stringContaining(words)]);
  }
  for (const name of ['A', '1a', 'a_b', 'x'.repeat(41)])
    expectProblem(await api.put(own(name), DAILY), 400);
  expectProblem(await api.put(own('a', 'nobody'), DAILY), 404);
  expect(api.scheduling.written).toEqual([]);
});

test('a due time that the clocks skip is a warning', async () => {
  const { json } = await api.put(own('early'), {
    expression: 'cron(30 2 * * ? *)',
    timeZone: 'Europe/Berlin',
  });
  expect(json.warnings).toEqual([expect.stringMatching(/2027-03-28 02:30 in Europe\/Berlin/)]);
  expect((await api.get(own('early'))).json.warnings).toEqual(json.warnings);
});

test('a schedule shows when its newest run was due', async () => {
  await api.put(own('a'), DAILY);
  const { sources = [], ...event } = firingEvent.parse({
    ...JSON.parse(api.scheduling.written.at(-1)?.input ?? ''),
    scheduledAt: new Date(NIGHT).toISOString(),
  });
  await api.runs.begin(runOf({ ...event, sources }, NIGHT));
  expect((await api.get(own('a'))).json).toMatchObject({
    lastDueAt: new Date(NIGHT).toISOString(),
  });
});

test('the schedule of a project that is gone stays, and says so', async () => {
  await api.put(own('a'), DAILY);
  await api.registry.retire('acme', 'main');
  api.listings.main = [];
  expect((await api.get('/projects/acme/schedules')).json.items[0]).toMatchObject({
    name: 'a',
    projectStatus: 'GONE',
  });
  expectProblem(await api.put(own('b'), DAILY), 404);
  expect((await api.remove(own('a'))).status).toBe(200);
});

test('of two writes of one schedule at the same moment, both are answered', async () => {
  const replies = await Promise.all([api.put(own('a'), DAILY), api.put(own('a'), DAILY)]);
  for (const { status } of replies) expect([200, 503]).toContain(status);
  expect((await api.get(own('a'))).status).toBe(200);
});

test('more than fifty schedules of one project are refused', async () => {
  await api.put(own('s0'), DAILY);
  const made = await api.api.ports.schedules.get({ projectId: 'acme' }, 's0');
  if (!made) throw new Error('it was not stored');
  const more = Array.from({ length: 49 }, (_, index) => `s${index + 1}`);
  for (const name of more)
    await api.api.ports.schedules.put({ ...made, name, key: `${made.key}${name}` });
  const reply = await api.put(own('one-more'), DAILY);
  expectProblem(reply, 409);
  expect(reply.json.code).toBe('TooManySchedules');
  expect((await api.put(own('s0'), DAILY)).status).toBe(200);
});
