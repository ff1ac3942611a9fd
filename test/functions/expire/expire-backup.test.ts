import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { encodePart, manifestKeyBeside, stemOf } from '../../../core/keys.ts';
import { expireBackup } from '../../../functions/expire/expire-backup.ts';
import { completionOf, DAY, NIGHT, newHistory, silent } from '../../support/backups.ts';
import { jobRows } from '../../support/jobs.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { startVaults, type TestVault, type Vaults } from '../../support/vaults.ts';

const TEMPLATE = 'backups/{projectId}/{createdAt}-{backupId}-{attempt}';

let tables: Tables;
let vaults: Vaults;
let it: Awaited<ReturnType<typeof newHistory>>;
let vault: TestVault;

beforeAll(async () => {
  tables = await startTables();
  vaults = await startVaults();
});
afterAll(async () => {
  await vaults.stop();
  await tables.stop();
});
beforeEach(async () => {
  it = await newHistory(tables);
  vault = await vaults.newVault();
});

/** Completes a backup that is in the vault, object and manifest, and returns its row. */
const stored = async (changes: Partial<Backup> = {}): Promise<Backup> => {
  const backup = await it.pending(changes);
  const { id: backupId, projectId, createdAt } = backup;
  const fileId = `${stemOf(TEMPLATE, { projectId, createdAt, backupId, attempt: 1 })}.dump`;
  await vault.put(fileId);
  await vault.put(manifestKeyBeside(fileId));
  await it.history.complete(await it.claimed(backup), completionOf(backup, { fileId }));
  const row = await it.history.get(projectId, backupId);
  if (!row) throw new Error('no row');
  return row;
};
const ofNight = (night: number): Partial<Backup> => ({ createdAt: iso(NIGHT + night * DAY) });
/** What DynamoDB does when `ttl` has passed. */
const removeRow = (backup: Backup) => it.removeRow(backup);
const ports = () => ({ history: it.history, vault, log: silent });
const expire = (backup: Backup) => expireBackup(ports(), backup);

/** A backup whose retention has ended, beside a newer one that stays. */
const expired = async (projectId = 'acme'): Promise<{ old: Backup; newer: Backup }> => {
  const old = await stored({ ...ofNight(0), projectId });
  const newer = await stored({ ...ofNight(1), projectId });
  await removeRow(old);
  return { old, newer };
};

test('a pinned backup stays in the vault, even if its row was removed', async () => {
  const { old } = await expired();
  expect(await expire({ ...old, pinned: true })).toBe('kept');
  expect(await vault.head(old.fileId ?? '')).toBeDefined();
  expect(await it.row(old)).toBeUndefined();
});

describe('a backup whose row retention has removed', () => {
  test.each(['acme', 'it\'s "x"\n#🐘', '../other'])(
    'is removed from the vault with its manifest, and its row records that: %j',
    async (projectId) => {
      const { old, newer } = await expired(projectId);
      const bystander = await stored({ projectId: `${projectId}-2` });
      expect(await expire(old)).toBe('removed');
      const left = [newer, bystander].flatMap(({ fileId = '' }) => [
        fileId,
        manifestKeyBeside(fileId),
      ]);
      expect(await vault.keys()).toEqual(left.sort());
      expect(await it.history.get(projectId, old.id)).toMatchObject({
        status: 'deleted',
        deletedWhy: 'retention',
        size: old.size,
      });
    },
  );

  test('is kept if the only other one is known to be damaged', async () => {
    const { old, newer } = await expired();
    await jobRows(it.access).validations.noteValidation('acme', newer.id, {
      validation: 'failed',
      verificationId: uuidv7(NIGHT + 2 * DAY),
      validatedAt: iso(NIGHT + 2 * DAY),
      compare: 'counts',
    });
    expect(await expire(old)).toBe('kept');
  });

  test('can be removed repeatedly without effect', async () => {
    const { old } = await expired();
    await expire(old);
    const keys = await vault.keys();
    const row = await it.row(old);
    it.pass(3_600_000);
    expect(await expire(old)).toBe('removed');
    expect(await vault.keys()).toEqual(keys);
    expect(await it.row(old)).toEqual(row);
  });

  test('is removed completely when the record is delivered again after a crash before the vault', async () => {
    const { old, newer } = await expired();
    const dying = {
      ...ports(),
      vault: { remove: () => Promise.reject(new Error('killed')) },
    };
    await expect(expireBackup(dying, old)).rejects.toThrow('killed');
    expect(await expire(old)).toBe('removed');
    expect(await vault.keys()).toHaveLength(2);
    expect(await vault.keys()).toContain(newer.fileId);
  });

  test('is kept if its row exists again', async () => {
    const { old } = await expired();
    await it.restoreRow(old);
    const row = await it.row(old);
    expect(await expire(old)).toBe('kept');
    expect(await vault.keys()).toContain(old.fileId);
    expect(await it.row(old)).toEqual(row);
  });

  test('is kept if the project has no other good one', async () => {
    const only = await stored();
    await stored({ ...ofNight(1), content: 'schema' });
    await removeRow(only);
    expect(await expire(only)).toBe('kept');
    expect(await vault.keys()).toContain(only.fileId);
    expect(await it.row(only)).toBeUndefined();
  });

  test('is removed without any object of another backup, whatever its row names', async () => {
    const { old } = await expired();
    const victim = await stored({ projectId: 'victim' });
    const forged = [
      victim.fileId,
      `backups/${encodePart('acme')}/../victim/${old.id}`,
      `other/acme/${old.id}`,
      `backups/victim/20261121T020000Z-${old.id}-1.dump`,
    ];
    for (const fileId of forged) {
      if (!fileId) throw new Error('no file');
      expect(await expire({ ...old, fileId })).toBe('kept');
    }
    expect(await vault.keys()).toContain(victim.fileId);
  });

  test.each(['failed', 'cancelled', 'deleted', 'pending'] as const)(
    'removes nothing and leaves no row if the row was %s',
    async (status) => {
      const { old } = await expired();
      const keys = await vault.keys();
      expect(await expire({ ...old, status })).toBe('nothing');
      expect(await vault.keys()).toEqual(keys);
      expect(await it.row(old)).toBeUndefined();
    },
  );
});
