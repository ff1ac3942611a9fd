import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';
import { expectRefused, pathOf, storedBackup, table } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

describe('a restore is refused, and leaves nothing behind,', () => {
  test('with every mistake of its body listed', async () => {
    const path = `${pathOf(await storedBackup(api))}/restores`;
    const wrong = { tables: [], owners: 'mine', schemaName: 'pg_x', colour: 1 };
    const reply = await api.post(path, wrong);
    expectProblem(reply, 400);
    expect(reply.json.problems).toHaveLength(4);
    for (const body of [
      { into: 'live' },
      { into: 'live', tables: ['orders'], schemaName: 'x' },
      { schemaName: 'x'.repeat(64) },
      { schemaName: 'a\nb' },
      { acceptDependents: true },
    ])
      expectProblem(await api.post(path, body), 400);
    expect(api.restoring()).toEqual([]);
  });

  test('for a backup that its project does not have', async () => {
    const backup = await storedBackup(api);
    for (const path of [
      `/projects/acme/backups/${uuidv7(NIGHT)}`,
      `/projects/globex/backups/${backup.id}`,
      '/projects/acme/backups/%2E%2E%2Flatest',
    ])
      for (const [what, body] of [
        ['restores', {}],
        ['swap', {}],
        ['elsewhere', { target: 'second' }],
        ['verify', {}],
      ] as const)
        await expectRefused(api, `${path}/${what}`, body, [404, 'BackupNotFound', /no backup/]);
  });

  test('for a backup that is not completed, was removed, or has expired', async () => {
    const waiting = await api.pending();
    const what = [409, 'BackupNotReady', /pending; only a completed/] as const;
    await expectRefused(api, `${pathOf(waiting)}/restores`, {}, what);
    await expectRefused(api, `${pathOf(waiting)}/swap`, {}, what);

    const removed = await storedBackup(api);
    await api.removeRow(removed);
    await api.history.leaveDeleted(removed, 'retention');
    expectProblem(await api.post(`${pathOf(removed)}/restores`), 410);

    const old = await storedBackup(api);
    api.pass(1);
    await storedBackup(api, { createdAt: iso(NIGHT + 1) });
    api.pass(31 * DAY);
    await expectRefused(api, `${pathOf(old)}/restores`, {}, [404, 'BackupNotFound', /no backup/]);
  });

  test('from rows without definitions, and from a backup that is not of a database', async () => {
    const rows = await storedBackup(api, { content: 'data' });
    const logs = await storedBackup(api, { type: 'logs' });
    for (const [path, body] of [
      ['restores', {}],
      ['restores', { tables: ['orders'], into: 'live' }],
      ['swap', {}],
      ['elsewhere', { target: 'second' }],
    ] as const) {
      const why = [
        409,
        'ContentNotRestorable',
        /without the definitions .* separate database: .*restore-guide/,
      ] as const;
      await expectRefused(api, `${pathOf(rows)}/${path}`, body, why);
      const other = [409, 'ContentNotRestorable', /of logs/] as const;
      await expectRefused(api, `${pathOf(logs)}/${path}`, body, other);
    }
  });

  test('if the source accepts no restores, or is no longer configured', async () => {
    const here = await storedBackup(api);
    api.restoreQueues.delete('main');
    await expectRefused(api, `${pathOf(here)}/restores`, {}, [
      409,
      'RestoreNotAllowed',
      /"main" accepts no restores: its configuration has no "restore"/,
    ]);
    const gone = await storedBackup(api, { source: 'former' });
    await expectRefused(api, `${pathOf(gone)}/restores`, {}, [
      409,
      'RestoreNotAllowed',
      /no longer has a source "former"/,
    ]);
  });

  test('of tables from a plain backup', async () => {
    const plain = await storedBackup(api, { format: 'plain' });
    const wish = { tables: ['orders'] };
    await expectRefused(api, `${pathOf(plain)}/restores`, wish, [
      409,
      'TablesNeedArchive',
      /custom and tar/,
    ]);
    const tar = await storedBackup(api, { format: 'tar' });
    expect((await api.post(`${pathOf(tar)}/restores`, wish)).status).toBe(202);
  });

  test('of tables that the backup does not have, each with its name and position', async () => {
    const backup = await storedBackup(api);
    const reply = await api.post(`${pathOf(backup)}/restores`, {
      tables: ['orders', 'Orders', 'open_orders', 'totals', 'a"b', '__proto__'],
    });
    expectProblem(reply, 400);
    expect(reply.json.problems).toEqual([
      expect.stringMatching(/^tables.1: "Orders" is not a table of this backup/),
      expect.stringMatching(/^tables.2: "open_orders" is a view, .*restore the schema beside/),
      expect.stringMatching(/^tables.3: "totals" is a materialized view, .*refresh it/),
      expect.stringMatching(/^tables.4: "a\\"b" is not a table of this backup/),
      expect.stringMatching(/^tables.5: "__proto__" is not a table of this backup/),
    ]);
    expect(api.restoring()).toEqual([]);
  });

  test('under one name for several schemas', async () => {
    const project = { id: 'acme', name: 'Shared', schemaName: 'a, b', schemas: ['a', 'b'] };
    const shared = await storedBackup(api, {}, { project });
    const reply = await api.post(`${pathOf(shared)}/restores`, { schemaName: 'one' });
    expectProblem(reply, 400);
    expect(reply.json.detail).toContain('holds 2 schemas');
    expect((await api.post(`${pathOf(shared)}/restores`)).status).toBe(202);
  });

  test('if the manifest is missing, damaged or of another backup', async () => {
    const gone = await storedBackup(api);
    await api.vault.remove([`backups/acme/${gone.id}-1.manifest.json`]);
    await expectRefused(api, `${pathOf(gone)}/restores`, {}, [410, 'BackupGone', /no object/]);
    for (const text of ['{"version":', '{}', '']) {
      const damaged = await storedBackup(api);
      await api.putManifest(damaged, text);
      const why = [409, 'BackupDamaged', /damaged/] as const;
      await expectRefused(api, `${pathOf(damaged)}/restores`, {}, why);
    }
    const other = await storedBackup(api, {}, { tables: [table('x')] });
    const mixed = await storedBackup(api);
    const manifest = (await api.vault.readManifest(`backups/acme/${other.id}-1.manifest.json`))
      ?.manifest;
    await api.putManifest(mixed, JSON.stringify(manifest));
    await expectRefused(api, `${pathOf(mixed)}/restores`, {}, [
      409,
      'BackupDamaged',
      /its manifest has changed since it was stored/,
    ]);
  });
});
