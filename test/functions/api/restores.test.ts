import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';
import { claimRestore, pathOf, storedBackup } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

describe('a requested restore', () => {
  test('has a row and a message, and is answered with 202 and its location', async () => {
    const backup = await storedBackup(api);
    const reply = await api.post(`${pathOf(backup)}/restores`);
    const { id } = reply.json;
    const self = `${pathOf(backup)}/restores/${id}`;
    expect(reply).toMatchObject({ status: 202, headers: { location: self } });
    expect(reply.json).toEqual({
      id,
      projectId: 'acme',
      projectName: 'Acme',
      backupId: backup.id,
      source: 'main',
      from: 'main',
      environment: 'test',
      mode: 'beside',
      status: 'pending',
      schemaName: 'acme',
      into: 'beside',
      owners: 'keep',
      onConflict: 'report',
      acceptDependents: false,
      dryRun: false,
      attempt: 0,
      createdAt: iso(NIGHT),
      expiresAt: iso(NIGHT + 365 * DAY),
      links: { self, backup: pathOf(backup) },
    });
    expect(api.restoring()).toEqual([{ projectId: 'acme', restoreId: id }]);
    expect((await api.get(self)).json).toEqual({
      ...reply.json,
      queue: { ahead: 0, more: false },
    });
  });

  test('may name its schema, its tables, its owners and request a report only', async () => {
    const path = `${pathOf(await storedBackup(api))}/restores`;
    const wish = { owners: 'drop', acceptOwnCode: true, onConflict: 'stop', dryRun: true };
    expect((await api.post(path, { ...wish, schemaName: 'acme copy' })).json).toMatchObject({
      ...wish,
      mode: 'beside',
      newSchema: 'acme copy',
    });
    const some = await api.post(path, { tables: ['orders', 'lines', 'orders'], into: 'live' });
    expect(some.json).toMatchObject({ mode: 'tables', tables: ['orders', 'lines'], into: 'live' });
  });

  test('reports conflicts of rows and definitions in a copy, and stops if it would be live, unless the request accepts them', async () => {
    const path = pathOf(await storedBackup(api));
    const asked = async (end: string, body: object) =>
      (await api.post(`${path}/${end}`, body)).json;
    expect(await asked('restores', {})).toMatchObject({ onConflict: 'report' });
    expect(await asked('restores', { tables: ['orders'] })).toMatchObject({ onConflict: 'report' });
    expect(await asked('restores', { tables: ['orders'], into: 'live' })).toMatchObject({
      onConflict: 'stop',
    });
    const live = { tables: ['orders'], into: 'live', onConflict: 'report' };
    expect(await asked('restores', live)).toMatchObject({ onConflict: 'report' });
    expect(await asked('swap', {})).toMatchObject({ onConflict: 'stop' });
    expect(await asked('swap', { onConflict: 'report' })).toMatchObject({ onConflict: 'report' });
    expect((await api.post(`${path}/swap`, { onConflict: 'maybe' })).status).toBe(400);
  });

  test('is the same one under the same Idempotency-Key, whatever has changed since', async () => {
    const backup = await storedBackup(api);
    const headers = { 'Idempotency-Key': 'k' };
    const one = await api.post(`${pathOf(backup)}/restores`, {}, { headers });
    api.pass(60_000);
    api.restoreQueues.clear();
    const again = await api.post(`${pathOf(backup)}/restores`, {}, { headers });
    expect(again).toMatchObject({ status: 202, json: one.json });
    expect(again.headers.location).toBe(one.headers.location);
    expect(api.restoring()).toHaveLength(1);
    for (const [path, body] of [
      [`${pathOf(backup)}/restores`, { dryRun: true }],
      [`${pathOf(backup)}/swap`, {}],
      [`${pathOf(backup)}/verify`, {}],
      [`${pathOf(await storedBackup(api))}/restores`, {}],
      ['/projects/acme/backups', {}],
    ] as const)
      expect((await api.post(path, body, { headers })).status, path).toBe(422);
  });

  test('repeated under its key sends the message that could not be sent, and is the current restore', async () => {
    const path = `${pathOf(await storedBackup(api))}/restores`;
    const headers = { 'Idempotency-Key': 'k' };
    const whole = api.sending.restores;
    api.sending.restores = { send: () => Promise.reject(new Error('SQS is down')) };
    const one = await api.post(path, {}, { headers });
    expect(one.status).toBe(202);
    expect(api.logged.map(({ message }) => message)).toContain(
      'the request could not be sent; sweep sends it',
    );
    api.sending.restores = whole;
    await api.post(path, {}, { headers });
    expect(api.restoring()).toEqual([{ projectId: 'acme', restoreId: one.json.id }]);
    await claimRestore(api, one.json);
    const running = await api.post(path, {}, { headers });
    expect(running.json).toMatchObject({ id: one.json.id, status: 'in-progress' });
  });

  test('waits behind another of its project: both are accepted', async () => {
    const path = `${pathOf(await storedBackup(api))}/restores`;
    await api.post(path);
    await api.post(path);
    expect(api.restoring()).toHaveLength(2);
  });

  test('is accepted from a backup without rows, from a plain one, and for a project that no longer exists', async () => {
    await api.registry.register(
      { id: 'acme', name: 'Acme', schemaName: 'acme', status: 'ACTIVE' },
      'main',
    );
    await api.registry.retire('acme', 'main');
    for (const changes of [{ content: 'schema' }, { format: 'plain' }] as const) {
      const backup = await storedBackup(api, changes);
      expect((await api.post(`${pathOf(backup)}/restores`)).status).toBe(202);
    }
    expect(api.lookups).toEqual([]);
  });
});

describe('one restore', () => {
  test('shows its progress, its findings and its outcome, and no internal attribute', async () => {
    const backup = await storedBackup(api);
    const { json } = await api.post(`${pathOf(backup)}/restores`);
    const claim = await claimRestore(api, json);
    const at = iso(NIGHT);
    const progress = {
      step: 'loading',
      tablesDone: 1,
      tablesTotal: 2,
      bytesRead: 10,
      bytesTotal: 20,
      at,
    } as const;
    const report = {
      at,
      serverVersion: '18.1',
      schemas: [{ from: 'acme', to: 'acme_restored' }],
      needs: { databaseBytes: 1, seconds: 2, secondsAllowed: 840 },
      missingExtensions: [{ name: 'hstore', version: '1.8', schema: 'public', available: true }],
      missingRoles: ['app'],
      missingOutside: [],
      functionsNamingLive: ['acme.total()'],
      namingLive: [{ what: 'function acme.total()', writes: true }],
      foreignKeysOutside: [],
      dependents: [],
      problems: [],
      warnings: ['slow'],
    };
    await api.api.ports.restores.heartbeat(claim, { progress, report });
    const running = await api.get(json.links.self ?? '');
    expect(running.json).toMatchObject({ status: 'in-progress', attempt: 1, progress, report });
    for (const hidden of ['queuedAt', 'leaseUntil', 'claimedBy', 'ttl', 'pk', 'kind', 'toldAt'])
      expect(running.json).not.toHaveProperty(hidden);

    api.pass(5000);
    const outcome = {
      schemas: report.schemas,
      tables: 2,
      rows: 6,
      bytesRead: 20,
      foreignKeys: [
        { table: { schema: 'acme', name: 'orders' }, name: 'fk', state: 'left-out', why: 'gone' },
      ],
      leftOut: [{ what: 'role app', why: 'is not there' }],
      before: [],
      warnings: [],
    } as const;
    await api.api.ports.restores.complete(claim, { outcome });
    const done = (await api.get(json.links.self ?? '')).json;
    expect(done).toMatchObject({ status: 'completed', durationMs: 5000, report, outcome });
    expect(done).not.toHaveProperty('progress');
    expect(done.links).not.toHaveProperty('undo');
  });

  test('is found only under its own backup and project, for as long as its record is kept', async () => {
    const backup = await storedBackup(api);
    const { json } = await api.post(`${pathOf(backup)}/restores`);
    const other = await storedBackup(api);
    for (const path of [
      `${pathOf(other)}/restores/${json.id}`,
      `/projects/globex/backups/${backup.id}/restores/${json.id}`,
      `${pathOf(backup)}/restores/${uuidv7(NIGHT)}`,
      `${pathOf(backup)}/restores/${String(json.id).toUpperCase()}`,
      `${pathOf(backup)}/restores/%2E%2E%2F${json.id}`,
      `${pathOf(backup)}/restores/${backup.id}`,
    ]) {
      for (const reply of [
        await api.get(path),
        await api.post(`${path}/cancel`),
        await api.post(`${path}/undo`),
      ])
        expect(reply.json, path).toMatchObject({ status: 404, code: 'RestoreNotFound' });
    }
    await api.post(`${json.links.self}/cancel`);
    api.pass(364 * DAY);
    await api.removeRow(backup);
    expect((await api.get(json.links.self ?? '')).status).toBe(200);
    api.pass(DAY);
    expect((await api.get(json.links.self ?? '')).status).toBe(404);
  });
});

test("a backup's restores are listed newest first, page by page, and outlive the backup", async () => {
  const backup = await storedBackup(api);
  const path = `${pathOf(backup)}/restores`;
  expect((await api.get(path)).json).toEqual({ items: [] });
  const made: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    api.pass(1);
    made.unshift((await api.post(path)).json.id);
  }
  await api.post(`${pathOf(await storedBackup(api))}/restores`);
  await api.removeRow(backup);
  const one = await api.get(`${path}?limit=2`);
  const next = /^<(.*)>; rel="next"$/.exec(String(one.headers.link))?.[1] ?? '';
  expect(next).toContain(`${path}?limit=2&cursor=`);
  const two = await api.get(next);
  expect([...one.json.items, ...two.json.items].map(({ id }) => id)).toEqual(made);
  expect(two.json.cursor).toBeUndefined();
  for (const query of ['limit=0', 'cursor=x', 'status=failed'])
    expect((await api.get(`${path}?${query}`)).status, query).toBe(400);
  for (const unknown of [uuidv7(NIGHT), 'x'])
    expect((await api.get(`/projects/acme/backups/${unknown}/restores`)).status).toBe(404);
});

describe('cancelling a restore', () => {
  test('ends and reports a waiting one, asks a running one to stop, and refuses one that has ended', async () => {
    const path = `${pathOf(await storedBackup(api))}/restores`;
    const waiting = await api.post(path);
    const cancel = `${waiting.json.links.self}/cancel`;
    expect(await api.post(cancel)).toMatchObject({ status: 200, json: { status: 'cancelled' } });
    const told = { kind: 'restore', projectId: 'acme', restoreId: waiting.json.id };
    expect(api.reported()).toEqual([told]);
    await api.api.ports.restores.markNotified('acme', waiting.json.id);
    expect((await api.post(cancel)).status).toBe(200);
    expect(api.reported()).toHaveLength(1);

    const running = (await api.post(path)).json;
    const claim = await claimRestore(api, running);
    expect(await api.post(`${running.links.self}/cancel`)).toMatchObject({
      status: 202,
      json: { status: 'in-progress', cancelRequested: true },
    });
    await api.api.ports.restores.complete(claim, {});
    const refused = await api.post(`${running.links.self}/cancel`);
    expectProblem(refused, 409);
    expect(refused.json).toMatchObject({
      code: 'RestoreNotReady',
      detail: expect.stringContaining('is completed; only one that is pending or in progress'),
    });
  });

  test('succeeds even if it can’t be reported', async () => {
    const { json } = await api.post(`${pathOf(await storedBackup(api))}/restores`);
    api.sending.outcomes = { send: () => Promise.reject(new Error('refused')) };
    expect((await api.post(`${json.links.self}/cancel`)).status).toBe(200);
    expect(api.logged.map(({ message }) => message)).toContain(
      'a cancellation could not be reported; sweep reports it',
    );
  });
});
