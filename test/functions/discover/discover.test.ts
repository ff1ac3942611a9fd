import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeRegistry } from '../../../adapters/dynamodb/registry.ts';
import { LoginRefused } from '../../../core/errors/source.ts';
import { discoverResult } from '../../../core/messages.ts';
import type { Project } from '../../../core/project.ts';
import type { RefreshPorts } from '../../../core/refresh-registry.ts';
import type { ProjectSource, Registry } from '../../../core/source-ports.ts';
import { discover } from '../../../functions/discover/discover.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { project, silent, sourceOf } from '../plan/planning.ts';

let tables: Tables;
let registry: Registry;
let writes: string[];
let listing: readonly Project[];

beforeAll(async () => {
  tables = await startTables();
});
afterAll(async () => {
  await tables.stop();
});
beforeEach(async () => {
  const real = makeRegistry({
    table: await tables.newTable(),
    client: tables.client,
    clock: () => Date.parse('2026-11-21T02:00:00Z'),
  });
  writes = [];
  registry = {
    ...real,
    register: async (registered, source) => {
      writes.push(registered.id);
      await real.register(registered, source);
    },
  };
  listing = [project('acme'), project('globex'), project('initech', { status: 'SUSPENDED' })];
});

const portsOf = (source: ProjectSource = sourceOf('main', () => listing)): RefreshPorts => ({
  source,
  registry,
  log: silent,
});
const refresh = async (ports = portsOf()) => {
  const result = await discover(ports, {});
  if (result.kind !== 'refresh') throw new Error(JSON.stringify(result));
  return result.counts;
};

test('a refresh registers every project of any status and counts them', async () => {
  expect(await refresh()).toEqual({
    listed: 3,
    active: 2,
    written: 3,
    gone: 0,
    refusedCount: 0,
    refused: [],
  });
  expect(await registry.get('initech')).toMatchObject({ source: 'main', status: 'SUSPENDED' });
});

test('a refresh writes only what changed', async () => {
  await refresh();
  writes = [];
  listing = listing.map((one) => (one.id === 'globex' ? { ...one, name: 'Globex Corp.' } : one));
  expect((await refresh()).written).toBe(1);
  expect(writes).toEqual(['globex']);
  expect((await registry.get('globex'))?.name).toBe('Globex Corp.');
});

test('a project that is no longer listed is GONE, and is active again when it is listed again', async () => {
  await refresh();
  const whole = listing;
  listing = listing.slice(1);
  expect((await refresh()).gone).toBe(1);
  expect((await registry.get('acme'))?.status).toBe('GONE');
  expect((await refresh()).gone).toBe(0);
  listing = whole;
  await refresh();
  expect((await registry.get('acme'))?.status).toBe('ACTIVE');
});

test('an empty listing after a non-empty one is an error, and marks no project GONE', async () => {
  await refresh();
  listing = [];
  const result = await discover(portsOf(), {});
  expect(result).toMatchObject({ ok: false, error: { name: 'NoProjectsListed' } });
  expect((await registry.get('acme'))?.status).toBe('ACTIVE');
});

test('of two sources that list one id the second is refused by name, and its other projects continue', async () => {
  await refresh();
  const second = sourceOf('second', () => [project('acme'), project('hooli')]);
  const counts = await refresh(portsOf(second));
  expect(counts).toMatchObject({ listed: 2, active: 1, written: 1, refusedCount: 1 });
  expect(counts.refused[0]?.why).toMatch(/"main".*"second"/);
  expect((await registry.get('acme'))?.source).toBe('main');
  expect((await registry.get('hooli'))?.source).toBe('second');
});

test('ids that are empty, too long or twice in a listing are refused; a refused project is not marked GONE', async () => {
  await refresh();
  const long = 'ä'.repeat(65);
  listing = [...listing, project(''), project(long), project('acme', { schemaName: 'other' })];
  const counts = await refresh();
  expect(counts.refused.map(({ projectId }) => projectId).sort()).toEqual(['', 'acme', long]);
  expect(counts.gone).toBe(0);
  expect((await registry.get('acme'))?.status).toBe('ACTIVE');
});

test('a project whose name, status or schema name is too long is refused by name, and blocks no other', async () => {
  await refresh();
  const huge = 'ä'.repeat(210_000);
  listing = [
    ...listing.filter(({ id }) => id !== 'acme'),
    project('acme', { name: huge }),
    project('hooli', { status: huge }),
    project('umbrella', { schemaName: huge }),
  ];
  const counts = await refresh();
  expect(counts).toMatchObject({ listed: 5, written: 0, gone: 0, refusedCount: 3 });
  expect(counts.refused).toEqual([
    { projectId: 'acme', why: 'its name is longer than 1024 bytes' },
    { projectId: 'hooli', why: 'its status is longer than 256 bytes' },
    { projectId: 'umbrella', why: 'its schema name is longer than 256 bytes' },
  ]);
  expect(await registry.get('acme')).toMatchObject({ name: 'Project acme', status: 'ACTIVE' });
  expect(await discover(portsOf(), { projectId: 'acme' })).toMatchObject({
    ok: false,
    error: { name: 'InvalidInput', message: expect.stringContaining('longer than 1024 bytes') },
  });
});

test('ids of up to 128 bytes and with any character are accepted unchanged', async () => {
  const ids = [
    'x'.repeat(128),
    "a'b",
    'a"b',
    'a.b',
    'a b',
    '*',
    '../etc',
    '%2e%2e',
    'a\nb',
    '🐘',
    'a#b',
  ];
  listing = ids.map((id) => project(id));
  expect(await refresh()).toMatchObject({ listed: ids.length, refusedCount: 0 });
  for (const id of ids) expect((await registry.get(id))?.id).toBe(id);
  expect((await refresh()).written).toBe(0);
});

test('looking up a project registers its current state and returns it', async () => {
  const result = await discover(portsOf(), { projectId: 'acme' });
  expect(discoverResult.parse(result)).toEqual(result);
  expect(result).toMatchObject({ ok: true, project: { id: 'acme', source: 'main' } });
  expect(await registry.get('acme')).toMatchObject({ status: 'ACTIVE' });
  listing = [project('acme', { status: 'SUSPENDED' })];
  expect(await discover(portsOf(), { projectId: 'acme' })).toMatchObject({
    project: { status: 'SUSPENDED' },
  });
  writes = [];
  await discover(portsOf(), { projectId: 'acme' });
  expect(writes).toEqual([]);
});

test('looking up a project that the source does not have returns null, and marks a known one GONE', async () => {
  expect(await discover(portsOf(), { projectId: 'nobody' })).toMatchObject({ project: null });
  await refresh();
  listing = listing.slice(1);
  expect(await discover(portsOf(), { projectId: 'acme' })).toMatchObject({ project: null });
  expect((await registry.get('acme'))?.status).toBe('GONE');
});

test('a failure reaches the caller with its name and whether to retry, and without a stack', async () => {
  const refusing = {
    ...sourceOf('main', () => []),
    findProject: () => Promise.reject(new LoginRefused('main', 'larder', 'the password is wrong')),
  };
  const result = await discover(portsOf(refusing), { projectId: 'acme' });
  expect(result).toEqual({
    ok: false,
    kind: 'failure',
    error: {
      name: 'LoginRefused',
      message: expect.stringContaining('the password is wrong'),
      retryable: false,
    },
  });
  await refresh();
  const second = sourceOf('second', () => listing);
  expect(await discover(portsOf(second), { projectId: 'acme' })).toMatchObject({
    ok: false,
    error: { name: 'DuplicateProject' },
  });
});

test('an unknown error reveals nothing but its kind', async () => {
  const broken = {
    ...sourceOf('main', () => []),
    listProjects: () => Promise.reject(new TypeError('password=hunter2')),
  };
  const result = await discover(portsOf(broken), {});
  expect(JSON.stringify(result)).not.toContain('hunter2');
  expect(result).toMatchObject({ ok: false, error: { name: 'TypeError', retryable: true } });
});

/** IAM's part: rows of ids without the source's prefix are refused, as AWS would. */
const heldTo = (prefix: string): Registry => {
  const check = (id: string): void => {
    if (!id.startsWith(prefix)) throw new Error(`AccessDeniedException: ${id}`);
  };
  return {
    ...registry,
    get: async (id) => {
      check(id);
      return await registry.get(id);
    },
    retire: async (id, source) => {
      check(id);
      await registry.retire(id, source);
    },
  };
};

test('an id without the source’s prefix is not one of its projects, and its row is not read', async () => {
  const ports = { ...portsOf(sourceOf('main', () => listing, 'eu-')), registry: heldTo('eu-') };
  expect(await discover(ports, { projectId: 'us-acme' })).toMatchObject({
    ok: true,
    project: null,
  });
});

test('a source that gets a prefix leaves its projects without one unchanged', async () => {
  await refresh();
  listing = [project('eu-acme')];
  const source = sourceOf('main', () => listing, 'eu-');
  const counts = await refresh({ ...portsOf(source), registry: heldTo('eu-') });
  expect(counts).toMatchObject({ written: 1, gone: 0 });
  expect((await registry.get('acme'))?.status).toBe('ACTIVE');
});
