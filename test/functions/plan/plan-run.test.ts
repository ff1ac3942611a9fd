import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { LoginRefused, SourceUnreachable } from '../../../core/errors/source.ts';
import { runIdOf } from '../../../core/ids.ts';
import type { Project } from '../../../core/project.ts';
import { manualSchedule, planEventOf } from '../../../core/run.ts';
import { scheduleKey } from '../../../core/schedules.ts';
import { planRun } from '../../../functions/plan/plan-run.ts';
import type { PlanPorts, PlanSettings } from '../../../functions/plan/ports.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { eventFor, planPorts, project, settings, sourceOf } from './planning.ts';

let tables: Tables;
let queues: Queues;
let table: string;
let listing: readonly Project[];
let ports: PlanPorts;
let name: string;
let sources = 0;

beforeAll(async () => {
  [tables, queues] = await Promise.all([startTables(), startQueues()]);
});
afterAll(async () => {
  await tables.stop();
  await queues.stop();
});
beforeEach(async () => {
  table = await tables.newTable();
  sources += 1;
  name = `main${sources}`;
  listing = [project('acme'), project('globex'), project('initech', { status: 'SUSPENDED' })];
  ports = planPorts(
    { tables, queues, table },
    sourceOf(name, () => listing),
  );
});

const plan = (changes = {}) => planRun(ports, settings, eventFor([name], changes));
const sent = () =>
  queues.bodies(`${name}.fifo`).map((body) => (body as { projectId: string }).projectId);
const partOf = async (runId: string) => (await ports.runs.get(runId))?.parts[name];
const backupsOf = async (projectId: string): Promise<readonly Backup[]> =>
  (await ports.history.list(projectId, { limit: 100 })).items;

test('each active project gets a pending row and a message; an inactive one gets neither', async () => {
  const { runId } = await plan();
  expect(sent().sort()).toEqual(['acme', 'globex']);
  expect(await backupsOf('initech')).toEqual([]);
  const [backup] = await backupsOf('acme');
  expect(backup).toMatchObject({
    status: 'pending',
    trigger: 'scheduled',
    source: name,
    projectName: 'Project acme',
    schemaName: 'acme',
    environment: 'test',
    format: 'custom',
    content: 'full',
    createdAt: '2026-11-21T02:00:00.000Z',
    runId,
    attempt: 0,
  });
  expect(await partOf(runId)).toEqual({
    planned: 2,
    skipped: [],
    skippedCount: 0,
    plannedAt: '2026-11-21T02:00:07.000Z',
  });
});

test('the retention class of the schedule decides when a backup may be removed', async () => {
  await plan({ retentionClass: 'weekly' });
  const [backup] = await backupsOf('acme');
  expect(backup).toMatchObject({
    retentionClass: 'weekly',
    expiresAt: '2027-01-20T02:00:00.000Z',
  });
});

test('a run is the same whatever UTC offset its time is written in', async () => {
  const one = await plan({ scheduledAt: '2026-11-21T02:00:00Z' });
  const other = await plan({ scheduledAt: '2026-11-21T03:00:00+01:00' });
  expect(other.runId).toBe(one.runId);
  expect(sent()).toHaveLength(2);
});

test('a project whose backup of an earlier run still waits or runs is skipped and reported', async () => {
  const first = await plan();
  const [running] = await backupsOf('globex');
  await ports.history.claim('globex', running?.id ?? '');
  const second = await plan({ scheduledAt: '2026-11-22T02:00:00Z' });
  const part = await partOf(second.runId);
  expect(part).toMatchObject({ planned: 0, skippedCount: 2 });
  expect(part?.skipped).toEqual(
    expect.arrayContaining([
      { projectId: 'acme', why: expect.stringMatching(/is still waiting$/) },
      { projectId: 'globex', why: expect.stringMatching(/is still running$/) },
    ]),
  );
  expect(await ports.runs.planned(second.runId)).toEqual([]);
  expect(first.runId).not.toBe(second.runId);
});

test('a requested backup does not keep the schedule from making its own', async () => {
  await plan({ scheduledAt: '2026-11-20T02:00:00Z' });
  const [earlier] = await backupsOf('acme');
  if (!earlier) throw new Error('nothing was planned');
  const other = await tables.newTable();
  ports = planPorts({ tables, queues, table: other }, ports.source);
  const { runId: _, runChunk: __, ...manual } = earlier;
  await ports.history.create({ ...manual, trigger: 'manual' });
  const { runId } = await plan();
  expect((await partOf(runId))?.skipped).toEqual([]);
  expect(await backupsOf('acme')).toHaveLength(2);
});

test('a source with no project ends its part, and notify is called', async () => {
  listing = [];
  const { runId } = await plan();
  expect(await partOf(runId)).toMatchObject({ planned: 0, skippedCount: 0 });
  expect(await ports.runs.unsettled(runId)).toEqual([]);
  expect(queues.bodies(`${name}-outcomes`)).toEqual([{ kind: 'run', runId }]);
});

test('a listing that is suddenly empty marks no project GONE, and is mailed', async () => {
  await plan();
  listing = [];
  const { runId } = await plan({ scheduledAt: '2026-11-22T02:00:00Z' });
  expect((await partOf(runId))?.error).toMatchObject({ name: 'NoProjectsListed' });
  expect((await ports.registry.get('acme'))?.status).toBe('ACTIVE');
});

test('the event may name projects; projects that cannot be planned are reported, each with the reason', async () => {
  listing = [...listing, project('twice'), project('twice', { schemaName: 'other' })];
  const { runId } = await plan({ projects: ['acme', 'initech', 'nobody', 'twice', 'acme'] });
  expect(sent()).toEqual(['acme']);
  const part = await partOf(runId);
  expect(part).toMatchObject({ planned: 1, skippedCount: 3 });
  const why = Object.fromEntries(part?.skipped.map((skip) => [skip.projectId, skip.why]) ?? []);
  expect(why.initech).toContain('"SUSPENDED"');
  expect(why.nobody).toContain('no source');
  expect(why.twice).toContain('2 times');
});

test('of several sources one reports an id that none of them has', async () => {
  const other = `other${sources}`;
  const otherPorts = planPorts(
    { tables, queues, table },
    sourceOf(other, () => [project('hooli')]),
  );
  const event = eventFor([other, name], { projects: ['acme', 'hooli', 'nobody'] });
  await planRun(otherPorts, settings, event);
  const { runId } = await planRun(ports, settings, event);
  const run = await ports.runs.get(runId);
  expect(run?.parts[other]).toMatchObject({ planned: 1 });
  expect(run?.parts[other]?.skipped.map((skip) => skip.projectId)).toContain('nobody');
  expect(run?.parts[name]).toMatchObject({ planned: 1, skipped: [] });
});

test('a project that cannot be planned is reported and blocks no other', async () => {
  const thief = planPorts(
    { tables, queues, table },
    sourceOf(`thief${sources}`, () => [project('acme')]),
  );
  await thief.registry.register(project('acme'), `thief${sources}`);
  listing = [
    ...listing,
    project(''),
    project('x'.repeat(129)),
    project('globex', { name: 'again' }),
  ];
  const { runId } = await plan();
  expect(sent()).toEqual([]);
  const part = await partOf(runId);
  expect(part?.skippedCount).toBe(4);
  const why = Object.fromEntries(part?.skipped.map((skip) => [skip.projectId, skip.why]) ?? []);
  expect(why.acme).toContain(`thief${sources}`);
  expect(why['']).toContain('empty');
  expect(why['x'.repeat(129)]).toContain('128');
  expect(why.globex).toContain('2 times');
});

test('a report of skipped projects names a hundred and counts all', async () => {
  listing = Array.from({ length: 130 }, (_, index) => project(`${'x'.repeat(130)}${index}`));
  const { runId } = await plan();
  const part = await partOf(runId);
  expect(part?.skipped).toHaveLength(100);
  expect(part?.skippedCount).toBe(130);
});

test('a permanent failure ends the part with its reason', async () => {
  const refusing: PlanPorts = {
    ...ports,
    source: {
      ...ports.source,
      listProjects: () => Promise.reject(new LoginRefused(name, 'larder', 'the password is wrong')),
    },
  };
  const { runId } = await planRun(refusing, settings, eventFor([name]));
  expect((await partOf(runId))?.error).toEqual({
    name: 'LoginRefused',
    message: expect.stringContaining('the password is wrong'),
  });
  expect(queues.bodies(`${name}-outcomes`)).toEqual([{ kind: 'run', runId }]);
});

test('a temporary failure is thrown, so that Lambda tries again, and leaves the part open', async () => {
  const silentSource: PlanPorts = {
    ...ports,
    source: {
      ...ports.source,
      listProjects: () => Promise.reject(new SourceUnreachable(name, 'ECONNREFUSED')),
    },
  };
  await expect(planRun(silentSource, settings, eventFor([name]))).rejects.toThrow(
    SourceUnreachable,
  );
  const runId = runIdOf('nightly', '2026-11-21T02:00:00Z');
  expect((await ports.runs.get(runId))?.parts).toEqual({});
  await plan();
  expect(sent()).toHaveLength(2);
});

test('requests that the queue does not accept keep their rows, and sweep sends them', async () => {
  const full: PlanPorts = { ...ports, queue: { ...ports.queue, send: async (all) => all } };
  const { runId } = await planRun(full, settings, eventFor([name]));
  expect(await partOf(runId)).toMatchObject({ planned: 2 });
  expect((await backupsOf('acme'))[0]).toMatchObject({ status: 'pending' });
});

test('an event for other sources is refused', async () => {
  await expect(planRun(ports, settings, eventFor(['elsewhere']))).rejects.toThrow(/sources/);
});

test('backups of a run that a person started record that', async () => {
  await plan({ schedule: manualSchedule('0191d0c0-0000-7000-8000-000000000000') });
  expect((await backupsOf('acme'))[0]).toMatchObject({ trigger: 'manual', name: 'Manual run' });
});

test('a schedule of the API has its own format and retention, kept when its planning is started again', async () => {
  const key = scheduleKey({ projectId: 'acme' }, 'often');
  const { runId } = await plan({
    schedule: key,
    projects: ['acme'],
    format: 'plain',
    retentionDays: 7,
  });
  const [backup] = await backupsOf('acme');
  expect(backup).toMatchObject({
    trigger: 'scheduled',
    name: 'Schedule often',
    format: 'plain',
    createdAt: '2026-11-21T02:00:00.000Z',
    expiresAt: '2026-11-28T02:00:00.000Z',
  });
  const run = await ports.runs.get(runId);
  expect(run && planEventOf(run)).toMatchObject({
    schedule: key,
    format: 'plain',
    retentionDays: 7,
  });
});

test('the configured compression is not taken for another format', async () => {
  const zstd: PlanSettings = {
    ...settings,
    exportDefaults: { ...settings.exportDefaults, compression: 'zstd' },
  };
  await planRun(ports, zstd, eventFor([name], { format: 'tar' }));
  expect((await backupsOf('acme'))[0]).toMatchObject({ format: 'tar' });
  expect((await backupsOf('acme'))[0]).not.toHaveProperty('compression');
});

test('a run of a schedule whose project is gone says so, and backs up nothing', async () => {
  await plan();
  listing = [project('globex')];
  const { runId } = await plan({
    schedule: scheduleKey({ projectId: 'acme' }, 'often'),
    projects: ['acme'],
  });
  expect(await partOf(runId)).toMatchObject({
    planned: 0,
    skipped: [{ projectId: 'acme', why: 'no source of this run lists it' }],
  });
});

test('ids with another source’s prefix are looked up in the index: IAM may refuse their rows', async () => {
  listing = [project('eu-acme')];
  const source = sourceOf(name, () => listing, 'eu-');
  const held: PlanPorts = {
    ...ports,
    source,
    registry: {
      ...ports.registry,
      get: async (id) => {
        if (!source.covers(id)) throw new Error(`AccessDeniedException: ${id}`);
        return await ports.registry.get(id);
      },
    },
  };
  await ports.registry.register(project('us-hooli'), 'other');
  await ports.registry.register(project('us-gone'), 'other');
  await ports.registry.retire('us-gone', 'other');
  const event = eventFor([name, 'other'], { projects: ['eu-acme', 'us-hooli', 'us-gone', 'us-x'] });
  const { runId } = await planRun(held, settings, event);
  expect(await partOf(runId)).toMatchObject({
    planned: 1,
    skipped: ['us-gone', 'us-x'].map((projectId) => ({
      projectId,
      why: 'no source of this run lists it',
    })),
  });
});
