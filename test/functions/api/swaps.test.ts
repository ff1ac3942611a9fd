import { describe, expect, test } from 'vitest';
import type { WorkQueue } from '../../../core/leased-work/store.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type Shown, type TestApi } from './calling.ts';
import { claimRestore, expectRefused, pathOf, storedBackup, swapped } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const undoOf = (restore: Shown) => `${restore.links.self}/undo`;
const askSwap = async (body: object = {}): Promise<Shown> => {
  api.pass(1000);
  const reply = await api.post(`${pathOf(await storedBackup(api))}/swap`, body);
  expect(reply.status).toBe(202);
  return reply.json;
};
const completed = async (restore: Shown, outcome = swapped(restore.id)): Promise<Shown> => {
  await api.api.ports.restores.complete(await claimRestore(api, restore), { outcome });
  return (await api.get(restore.links.self ?? '')).json;
};
const askUndo = async (swap: Shown, status = 202) => {
  api.pass(1000);
  const reply = await api.post(undoOf(swap));
  expect(reply.status, reply.text).toBe(status);
  return reply.json;
};

describe('a swap', () => {
  test('is a restore of its own, with a link to undo it once it has exchanged something', async () => {
    const asked = await askSwap({ acceptDependents: true });
    expect(asked).toMatchObject({ mode: 'swap', owners: 'keep', acceptDependents: true });
    expect(asked.links).not.toHaveProperty('undo');
    expect(api.restoring()).toEqual([{ projectId: 'acme', restoreId: asked.id }]);
    const done = await completed(asked);
    expect(done.links).toMatchObject({ undo: `${done.links.self}/undo` });
  });

  test('accepts no owners, no tables and no name: the live schema determines them', async () => {
    const path = `${pathOf(await storedBackup(api))}/swap`;
    for (const body of [{ owners: 'drop' }, { tables: ['orders'] }, { schemaName: 'x' }])
      expectProblem(await api.post(path, body), 400);
    expect(api.restoring()).toEqual([]);
  });

  test('with a backup without rows is refused: it would replace live rows with nothing', async () => {
    const backup = await storedBackup(api, { content: 'schema' });
    for (const body of [{}, { dryRun: true }])
      await expectRefused(api, `${pathOf(backup)}/swap`, body, [
        409,
        'ContentNotRestorable',
        /definitions without rows/,
      ]);
  });

  test("of a source's shared schemas is refused, even if there is only one", async () => {
    const project = { id: 'acme', name: 'Shared', schemaName: 'plane', schemas: ['plane'] };
    const backup = await storedBackup(api, {}, { project });
    await expectRefused(api, `${pathOf(backup)}/swap`, {}, [
      409,
      'RestoreNotAllowed',
      /belong to all projects/,
    ]);
  });
});

describe('undoing a swap', () => {
  test('is a restore that names the swap, even if the backup is gone', async () => {
    const swap = await completed(await askSwap());
    await api.removeRow({ projectId: 'acme', id: swap.backupId });
    api.pass(1000);
    const reply = await api.post(undoOf(swap));
    expect(reply).toMatchObject({
      status: 202,
      json: {
        mode: 'undo',
        undoes: swap.id,
        backupId: swap.backupId,
        status: 'pending',
        links: { undoes: swap.links.self },
      },
    });
    expect(reply.headers.location).toBe(reply.json.links.self);
    expect(api.restoring()).toContainEqual({ projectId: 'acme', restoreId: reply.json.id });
  });

  test('is accepted once: while it runs or after it is done, another is refused by name', async () => {
    const swap = await completed(await askSwap());
    const headers = { 'Idempotency-Key': 'undo' };
    const undo = (await api.post(undoOf(swap), {}, { headers })).json;
    const open = await askUndo(swap, 409);
    expect(open).toMatchObject({
      code: 'RestoreNotReady',
      detail: expect.stringContaining(`being undone; see restore ${undo.id}`),
    });
    await completed(undo);
    expect((await askUndo(swap, 409)).detail).toContain('undone already');
    const repeated = await api.post(undoOf(swap), {}, { headers });
    expect(repeated).toMatchObject({ status: 202, json: { id: undo.id, status: 'completed' } });
  });

  test('may be requested again if it was cancelled or failed', async () => {
    const swap = await completed(await askSwap());
    const cancelled = await askUndo(swap);
    await api.post(`${cancelled.links.self}/cancel`);
    const failed = await askUndo(swap);
    const claim = await claimRestore(api, failed);
    await api.api.ports.restores.fail(claim, { name: 'LockTimeout', message: 'locked' });
    await askUndo(swap);
  });

  test('may be requested for a failed swap if it is unknown whether it exchanged names', async () => {
    const exchange = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    for (const [name, renames, status] of [
      ['JobWorkerDied', exchange, 202],
      ['JobMessageBuried', exchange, 202],
      ['StepNotDone', exchange, 409],
      ['JobWorkerDied', exchange.slice(1), 409],
      ['JobWorkerDied', undefined, 409],
    ] as const) {
      const swap = await askSwap();
      const claim = await claimRestore(api, swap);
      const found = renames && { exchange: renames };
      await api.api.ports.restores.fail(claim, { name, message: 'It died.' }, found);
      const { links } = (await api.get(swap.links.self ?? '')).json;
      expect(links.undo, name).toBe(status === 202 ? `${swap.links.self}/undo` : undefined);
      expect((await api.post(undoOf(swap))).status, name).toBe(status);
    }
  });

  test('begins with the last swap: an earlier one is refused until the later ones are undone or ended', async () => {
    const first = await completed(await askSwap());
    const second = await completed(await askSwap());
    const third = await askSwap();
    const blocked = await askUndo(first, 409);
    expect(blocked.detail).toContain(third.id);
    expect((await askUndo(second, 409)).detail).toContain('wait for it or cancel it');
    await api.post(`${third.links.self}/cancel`);
    expect((await askUndo(first, 409)).detail).toContain(`${second.id}; undo that one first`);
    const undo = await askUndo(second);
    expect((await askUndo(first, 409)).detail).toContain(second.id);
    await completed(undo);
    await askUndo(first);
  });

  test('knows which swap was the last even if that one was requested, and refused, before the other', async () => {
    const late = await storedBackup(api);
    const headers = { 'Idempotency-Key': 'late' };
    const queue = api.restoreQueues.get('main');
    api.restoreQueues.delete('main');
    expectProblem(await api.post(`${pathOf(late)}/swap`, {}, { headers }), 409);
    if (queue) api.restoreQueues.set('main', queue);
    const before = await completed(await askSwap());
    api.pass(1000);
    const last = (await api.post(`${pathOf(late)}/swap`, {}, { headers })).json;
    expect(last.id < before.id).toBe(true);
    await completed(last);
    expect((await askUndo(before, 409)).detail).toContain(last.id);
    await completed(await askUndo(last));
    await askUndo(before);
  });

  test('is not blocked by dry runs, failed swaps or restores beside', async () => {
    const swap = await completed(await askSwap());
    await completed(await askSwap({ dryRun: true }));
    const failed = await claimRestore(api, await askSwap());
    await api.api.ports.restores.fail(failed, { name: 'LockTimeout', message: 'locked' });
    for (let index = 0; index < 101; index += 1) {
      api.pass(1);
      await api.post(`/projects/acme/backups/${swap.backupId}/restores`);
    }
    await askUndo(swap);
  });

  test('sees a later swap behind more than a page of restores', async () => {
    const swap = await completed(await askSwap());
    const later = await completed(await askSwap());
    for (let index = 0; index < 101; index += 1) {
      api.pass(1);
      await api.post(`/projects/acme/backups/${swap.backupId}/restores`);
    }
    expect((await askUndo(swap, 409)).detail).toContain(later.id);
  });

  test.each(['beside', 'dry run', 'pending', 'failed', 'nothing live'] as const)(
    'is refused if the restore is not a completed swap: %s',
    async (what) => {
      const beside = async () =>
        (await api.post(`${pathOf(await storedBackup(api))}/restores`)).json;
      const asked =
        what === 'beside' ? await beside() : await askSwap({ dryRun: what === 'dry run' });
      if (what === 'beside' || what === 'dry run') await completed(asked);
      if (what === 'nothing live') await completed(asked, { ...swapped('x'), before: [] });
      if (what === 'failed') {
        const claim = await claimRestore(api, asked);
        await api.api.ports.restores.fail(claim, { name: 'LockTimeout', message: 'locked' });
      }
      const sent = api.restoring().length;
      const refused = await askUndo(asked, 409);
      expect(refused.code).toBe('RestoreNotReady');
      const says = { beside: 'one of mode beside', 'nothing live': 'nothing was live' };
      expect(refused.detail).toContain(
        { ...says, 'dry run': 'dry run', pending: 'pending', failed: 'failed' }[what],
      );
      expect(api.restoring()).toHaveLength(sent);
    },
  );

  test('is refused if the source no longer accepts restores', async () => {
    const swap = await completed(await askSwap());
    api.restoreQueues.delete('main');
    expect((await askUndo(swap, 409)).code).toBe('RestoreNotAllowed');
  });
});

describe('a restore elsewhere', () => {
  const elsewhere = async (changes: Parameters<typeof storedBackup>[1] = {}) =>
    `${pathOf(await storedBackup(api, changes))}/elsewhere`;

  test("is sent to the target's own queue, and names both sources", async () => {
    const sent: unknown[] = [];
    const toSecond: Pick<WorkQueue, 'send'> = {
      send: async (refs) => {
        sent.push(...refs);
        return [];
      },
    };
    api.restoreQueues.set('second', toSecond);
    const { json, status } = await api.post(await elsewhere(), {
      target: 'second',
      schemaName: 'acme_test',
      owners: 'drop',
    });
    expect(status).toBe(202);
    expect(json).toMatchObject({
      mode: 'elsewhere',
      source: 'second',
      from: 'main',
      newSchema: 'acme_test',
      owners: 'drop',
    });
    expect(sent).toMatchObject([{ projectId: 'acme', id: json.id }]);
    expect(api.restoring()).toEqual([]);
  });

  test('to another target is another request under the same key', async () => {
    const path = await elsewhere();
    const headers = { 'Idempotency-Key': 'k' };
    const one = await api.post(path, { target: 'second' }, { headers });
    const again = await api.post(path, { target: 'second' }, { headers });
    expect(again.json).toEqual(one.json);
    expect((await api.post(path, { target: 'third' }, { headers })).status).toBe(422);
  });

  test('needs a target that is configured, accepts restores, and allows this source', async () => {
    const path = await elsewhere();
    const allowed = (target: string, says: RegExp) =>
      expectRefused(api, path, { target }, [409, 'RestoreNotAllowed', says]);
    await allowed('nowhere', /no source "nowhere"; there are "main", "second"/);
    api.restoreQueues.delete('second');
    await allowed('second', /"second" accepts no restores/);
    const back = await elsewhere({ source: 'second' });
    await expectRefused(api, back, { target: 'main' }, [
      409,
      'RestoreNotAllowed',
      /"main" does not accept backups of source "second". Add that source to its "restore.from"/,
    ]);
    expectProblem(await api.post(path, {}), 400);
    const own = await api.post(path, { target: 'main' });
    expectProblem(own, 400);
    expect(own.json.detail).toContain('POST .../restores');
  });

  test('accepts a backup whose own source is no longer configured, or accepts no restores', async () => {
    Object.assign(api.api.settings, { restoreFrom: new Map([['second', ['former', 'main']]]) });
    api.restoreQueues.delete('main');
    for (const source of ['former', 'main']) {
      const reply = await api.post(await elsewhere({ source }), { target: 'second' });
      expect(reply.status, source).toBe(202);
    }
  });
});
