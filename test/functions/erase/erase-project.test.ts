import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeErasures, makeProjectRows } from '../../../adapters/dynamodb/erasures.ts';
import { partitionOf } from '../../../adapters/dynamodb/rows.ts';
import { allRows } from '../../../adapters/dynamodb/table.ts';
import { makeErasableVault } from '../../../adapters/s3/erase.ts';
import { iso } from '../../../core/backup.ts';
import { VAULT } from '../../../core/contract.ts';
import {
  ERASED,
  type ErasureStatement,
  erasureMessage,
  NOTHING_REMOVED,
} from '../../../core/erasure.ts';
import { ProjectErased } from '../../../core/errors/request.ts';
import { encodePart, keysBeside } from '../../../core/keys.ts';
import { refreshRegistry } from '../../../core/refresh-registry.ts';
import { type EraseWork, eraseProject } from '../../../functions/erase/erase-project.ts';
import type { ErasePorts } from '../../../functions/erase/ports.ts';
import { newHistory, silent, type TestHistory } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { startVaults, type TestVault, type Vaults } from '../../support/vaults.ts';
import { project, sourceOf } from '../plan/planning.ts';

let tables: Tables;
let vaults: Vaults;
let it: TestHistory;
let vault: TestVault;
let ports: ErasePorts;
let client: S3Client;
let schedulesRemoved: unknown[];

beforeAll(async () => {
  [tables, vaults] = await Promise.all([startTables(), startVaults()]);
  client = new S3Client({
    endpoint: vaults.endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  client.destroy();
  await Promise.all([tables.stop(), vaults.stop()]);
});
beforeEach(async () => {
  it = await newHistory(tables);
  vault = await vaults.newVault();
  const { restores, verifications } = jobRows(it.access);
  schedulesRemoved = [];
  ports = {
    erasures: makeErasures(it.access),
    rows: makeProjectRows(it.access),
    work: { backup: it.history, restore: restores, verification: verifications },
    objects: makeErasableVault({ client, bucket: vault.bucket }),
    vault,
    schedules: { removeAll: async (scope) => (schedulesRemoved.push(scope) > 1 ? 0 : 2) },
    signer: TEST_KEY,
    clock: it.access.clock,
    log: silent,
  };
});

const SETTINGS = { environment: 'test', keyTemplate: VAULT.defaultKeyTemplate };
const forever: EraseWork = { remainingMs: () => 900_000, sleep: async () => {} };
const erase = (altered: Partial<ErasePorts> = {}, projectId = 'acme', work = forever) =>
  eraseProject({ ...ports, ...altered }, SETTINGS, projectId, work);

const begin = (projectId = 'acme') =>
  ports.erasures.begin({
    projectId,
    requestedAt: iso(it.access.clock()),
    requestedBy: 'arn:aws:iam::123456789012:user/ann',
    status: 'in-progress',
    waitingFor: 0,
    removed: NOTHING_REMOVED,
  });

const rowsOf = (projectId: string) =>
  allRows(it.access, { where: '#pk = :pk', values: { ':pk': partitionOf(projectId) } });

/** A completed backup with its objects; its key is one of an earlier template if `folder` is given. */
const stored = async (projectId: string, id: string) => {
  const backup = await it.completed({ projectId, id });
  const fileId = (await it.history.get(projectId, backup.id))?.fileId ?? '';
  for (const key of keysBeside(fileId).slice(0, 2)) await vault.put(key);
  return backup;
};
const ID = (n: number): string => `0191d0c0-0000-7000-8000-${String(n).padStart(12, '0')}`;

test('everything of the project goes, and one row remains, which says so, signed', async () => {
  await it.registry.register(project('acme'), 'main');
  await it.registry.register(project('acme2'), 'main');
  for (const n of [1, 2]) await stored('acme', ID(n));
  const other = await stored('acme2', ID(3));
  const { restores, verifications } = jobRows(it.access);
  await restores.create(restoreRow(it.access.clock()));
  await verifications.create(verificationRow(it.access.clock()));
  await it.history.remember('acme', 'key', 'hash', ID(1));
  await vault.beginUpload(`backups/acme/20261121T020000Z-${ID(9)}-1.dump`);
  await vault.put('backups/acme/no-row-names-it.dump');
  // Under another template, as its row says.
  expect((await vault.keys()).filter((key) => key.startsWith('backups/acme/'))).toHaveLength(5);

  const { created } = await begin();
  expect(created).toBe(true);
  expect(await erase()).toBe('completed');

  expect(await vault.keys()).toEqual([
    expect.stringContaining('backups/acme2/'),
    expect.stringContaining('backups/acme2/'),
  ]);
  expect(await vault.uploadedKeys()).toEqual([]);
  expect(schedulesRemoved[0]).toEqual({ projectId: 'acme' });
  const rows = await rowsOf('acme');
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toMatch(/Project acme|schemaName|lastSuccess/);
  expect(await it.history.get('acme2', other.id)).toMatchObject({ status: 'completed' });

  const erasure = await ports.erasures.get('acme');
  expect(erasure).toMatchObject({
    status: 'completed',
    removed: { objects: 5, uploads: 1, rows: 5, schedules: 2 },
  });
  const { text = '', signature } = erasure?.statement ?? {};
  const statement = JSON.parse(text) as ErasureStatement;
  expect(statement).toMatchObject({
    kind: 'erasure',
    projectId: 'acme',
    requestedBy: 'arn:aws:iam::123456789012:user/ann',
    completedAt: erasure?.completedAt,
    removed: erasure?.removed,
  });
  expect(signature && (await TEST_KEY.verify(erasureMessage(text), signature))).toBe(true);
});

test('a project whose id is the beginning of another’s, or holds any character, takes nothing of it', async () => {
  const ids = ['a', 'a/b', 'a%2Fb', 'ab', '..a', 'backups'];
  for (const [index, id] of ids.entries()) {
    await it.completed({ projectId: id, id: ID(index + 1) });
    await vault.put(`backups/${encodePart(id)}/20261121T020000Z-${ID(index + 1)}-1.dump`);
  }
  await begin('a');
  expect(await erase({}, 'a')).toBe('completed');
  expect(await vault.keys()).toHaveLength(ids.length - 1);
  for (const id of ids.slice(1)) expect(await rowsOf(id)).toHaveLength(1);
});

test('objects under an earlier key template are found by their rows', async () => {
  await stored('acme', ID(1));
  await begin();
  const elsewhere = {
    ...SETTINGS,
    keyTemplate: 'backups/new/{projectId}/{createdAt}-{backupId}-{attempt}',
  };
  // Neither this template nor the default one is that of the row.
  const fileId = (await it.history.get('acme', ID(1)))?.fileId ?? '';
  const erased: string[] = [];
  const objects: ErasePorts['objects'] = {
    eraseBelow: async () => ({ removed: 0 }),
    eraseKeys: async (keys) => {
      erased.push(...keys);
      return { removed: keys.length };
    },
  };
  const moved: ErasePorts['rows'] = {
    ...ports.rows,
    async *all(projectId) {
      for await (const { sk, row } of ports.rows.all(projectId))
        yield {
          sk,
          row: {
            ...row,
            ...(row.kind === 'backup' && {
              fileId: `backups/old/acme/${fileId.split('/').at(-1)}`,
            }),
          } as typeof row,
        };
    },
  };
  expect(await eraseProject({ ...ports, objects, rows: moved }, elsewhere, 'acme', forever)).toBe(
    'completed',
  );
  expect(erased[0]).toMatch(/^backups\/old\/acme\//);
});

test('running work is cancelled and waited for; nothing is removed before it has stopped', async () => {
  const running = await it.pending({ projectId: 'acme' });
  await it.claimed(running);
  await vault.put('backups/acme/x.dump');
  await begin();
  const short = { remainingMs: () => 1000, sleep: async () => {} };
  expect(await erase({}, 'acme', short)).toBe('waits');
  expect(await vault.keys()).toHaveLength(1);
  expect(await it.history.get('acme', running.id)).toMatchObject({ cancelRequested: true });
  expect(await ports.erasures.get('acme')).toMatchObject({ status: 'in-progress', waitingFor: 1 });
  const stops = async () => {
    const claim = { projectId: 'acme', id: running.id, attempt: 1 };
    await it.history.cancel(claim);
  };
  it.pass(1000);
  expect(await erase({}, 'acme', { remainingMs: () => 900_000, sleep: stops })).toBe('completed');
  expect(await rowsOf('acme')).toHaveLength(1);
});

test('a killed worker’s erasure is ended by the next one, and two at once do it once', async () => {
  for (const n of [1, 2, 3]) await stored('acme', ID(n));
  await begin();
  let removals = 0;
  const dying: ErasePorts['rows'] = {
    ...ports.rows,
    remove: async (projectId, sk) => {
      removals += 1;
      if (removals === 2) throw new Error('killed');
      await ports.rows.remove(projectId, sk);
    },
  };
  await expect(erase({ rows: dying })).rejects.toThrow('killed');
  expect(await erase()).toBe('taken');
  it.pass(121_000);
  expect((await Promise.all([erase(), erase()])).sort()).toEqual(['completed', 'taken']);
  expect(await rowsOf('acme')).toHaveLength(1);
});

test('object lock is named as the reason, the rest waits, and it goes on when the lock has ended', async () => {
  await stored('acme', ID(1));
  await begin();
  const locked: ErasePorts['objects'] = {
    ...ports.objects,
    eraseBelow: async () => ({ removed: 0, remaining: { reason: 'object-lock', objects: 2 } }),
  };
  expect(await erase({ objects: locked })).toBe('locked');
  expect(await ports.erasures.get('acme')).toMatchObject({
    status: 'in-progress',
    remaining: { reason: 'object-lock', objects: 2 },
  });
  expect(await ports.erasures.get('acme')).not.toHaveProperty('statement');
  expect(await rowsOf('acme')).toHaveLength(2);
  expect(await erase()).toBe('taken');
  it.pass(25 * 3_600_000);
  expect(await erase()).toBe('completed');
  expect(await ports.erasures.get('acme')).not.toHaveProperty('remaining');
});

test('a project that was erased is not registered again, by a run or by a lookup', async () => {
  await it.registry.register(project('acme'), 'main');
  await begin();
  await erase();
  await expect(it.registry.register(project('acme'), 'main')).rejects.toThrow(ProjectErased);
  await expect(it.registry.register(project('acme'), 'second')).rejects.toThrow(ProjectErased);
  const listed = [project('acme'), project('globex')];
  const refresh = await refreshRegistry({
    source: sourceOf('main', () => listed),
    registry: it.registry,
    log: silent,
  });
  expect(refresh.projects.map(({ id }) => id)).toEqual(['globex']);
  expect(refresh.refused).toEqual([
    { projectId: 'acme', why: expect.stringContaining('was erased') },
  ]);
  expect(await it.registry.get('acme')).toMatchObject({ status: ERASED, name: '', source: '' });
  expect((await it.registry.list(100)).items.map(({ id }) => id)).toEqual(['globex']);
});

test('a late record of an expired row, or a late completion, leaves nothing', async () => {
  const late = await it.completed({ projectId: 'acme', id: ID(1) });
  const row = await it.history.get('acme', late.id);
  await begin();
  await erase();
  if (!row) throw new Error('there is no row');
  expect(await it.history.leaveDeleted(row, 'retention')).toBe('written');
  await it.history.settleRetention('acme');
  expect(await rowsOf('acme')).toHaveLength(1);
});

test('what a planning that began before leaves is removed at the second look', async () => {
  await begin();
  await erase();
  const open = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const id of ports.erasures.open()) found.push(id);
    return found;
  };
  expect(await open()).toEqual(['acme']);
  await it.pending({ projectId: 'acme', id: ID(5) });
  expect(await erase()).toBe('taken');
  it.pass(3_601_000);
  const before = await ports.erasures.get('acme');
  expect(await erase()).toBe('completed');
  expect(await rowsOf('acme')).toHaveLength(1);
  expect((await ports.erasures.get('acme'))?.statement).toEqual(before?.statement);
  expect(await open()).toEqual([]);
});
