import { describe, expect, test } from 'vitest';
import { makeVaultRounds } from '../../../adapters/dynamodb/vault-rounds.ts';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside, stemOf } from '../../../core/keys.ts';
import type { Log } from '../../../core/ports.ts';
import { completionOf, pendingBackup, silent } from '../../support/backups.ts';
import { DAY, MINUTE, type System, TEMPLATE } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

const failure = { name: 'DumpFailed', message: 'It failed.' };
const keyOf = ({ projectId, createdAt, id }: Backup, attempt: number): string =>
  `${stemOf(TEMPLATE, { projectId, createdAt, backupId: id, attempt })}.dump`;
/** Leaves object and manifest of an attempt in the vault. */
const leave = async (backup: Backup, attempt: number): Promise<string[]> => {
  const key = keyOf(backup, attempt);
  const keys = [key, manifestKeyBeside(key)];
  for (const each of keys) await it.vault.put(each);
  return keys;
};

describe('objects that attempts left in the vault', () => {
  test('are removed a day later, while the object that the row names stays, whichever attempt made it', async () => {
    const kept: string[] = [];
    for (const adopted of [1, 2]) {
      const backup = await it.requested({ projectId: `acme "${adopted}"` });
      await leave(backup, 1);
      await leave(backup, 2);
      const fileId = keyOf(backup, adopted);
      await it.history.release(await it.claimed(backup), failure, 'soon');
      await it.history.complete(await it.claimed(backup), completionOf(backup, { fileId }));
      kept.push(fileId, manifestKeyBeside(fileId));
    }
    const counts = await it.mended();
    expect(counts).toEqual({ objectsRemoved: 4 });
    expect(await it.vault.keys()).toEqual(kept.sort());
  });

  test('are removed if the backup failed, was cancelled or deleted', async () => {
    const failed = await it.requested();
    await leave(failed, 1);
    await it.history.fail(await it.claimed(failed), failure);
    const cancelled = await it.requested();
    await leave(cancelled, 1);
    await it.history.cancel(await it.claimed(cancelled));
    const deleted = pendingBackup({ createdAt: it.now(), status: 'completed' });
    await leave(deleted, 1);
    await it.history.leaveDeleted({ ...deleted, fileId: keyOf(deleted, 1) }, 'retention');
    expect(await it.mended()).toEqual({ objectsRemoved: 6 });
    expect(await it.vault.keys()).toEqual([]);
  });

  test('are kept while the backup is open, because a later attempt may adopt them', async () => {
    const waiting = await it.requested();
    const running = await it.requested();
    await it.claimed(running);
    const keys = [...(await leave(waiting, 1)), ...(await leave(running, 1))];
    expect(await it.mended()).toEqual({});
    expect(await it.vault.keys()).toEqual(keys.sort());
  });

  test('are kept for a day', async () => {
    it.pass(-2 * DAY);
    const failed = await it.requested();
    const keys = await leave(failed, 1);
    await it.history.fail(await it.claimed(failed), failure);
    expect(await it.mended()).toEqual({});
    expect(await it.vault.keys()).toEqual(keys.sort());
  });
});

describe('objects without a row', () => {
  test('are reported by name and never removed: they may be the last copy', async () => {
    const lost = pendingBackup({ projectId: 'lost', createdAt: it.now() });
    const other = pendingBackup({ createdAt: it.now() });
    await it.requested();
    const keys = [...(await leave(lost, 1)), ...(await leave(other, 1))];
    const warnings: unknown[] = [];
    const log: Log = { ...silent, warn: (_, facts) => warnings.push(facts) };
    expect(await it.mended({ log })).toEqual({ strays: 4 });
    expect(await it.vault.keys()).toEqual(keys.sort());
    expect(warnings).toEqual([{ strays: keys.sort() }]);
  });

  test('are left if the key does not match the present template', async () => {
    const keys = ['backups/acme/notes.txt', 'backups/old/acme/x.dump', 'backups/%ZZ/y.dump'];
    for (const key of keys) await it.vault.put(key);
    expect(await it.mended()).toEqual({ unknownObjects: 3 });
    expect(await it.vault.keys()).toEqual(keys.sort());
  });
});

describe('a round through the vault', () => {
  /** Leaves objects of failed backups; each is to be removed. */
  const leaveMany = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const backup = await it.requested({ projectId: `project-${index}` });
      await it.vault.put(keyOf(backup, 1));
      await it.history.fail(await it.claimed(backup), failure);
      await it.history.markNotified(backup.projectId, backup.id);
    }
  };

  test('continues where the last sweep ran out of time, until all objects were seen', async () => {
    await leaveMany(8);
    /** A sweep that has time for about three objects. */
    const shortOfTime = () => {
      let seen = 0;
      const list = it.ports.vault.list;
      const vault = {
        ...it.ports.vault,
        async *list(prefix: string, after?: string) {
          for await (const object of list(prefix, after)) {
            seen += 1;
            yield object;
          }
        },
      };
      return it.sweep({ vault }, () => (seen > 3 ? 10_000 : 300_000));
    };
    expect((await shortOfTime()).counts).toEqual({ objectsRemoved: 3 });
    expect((await shortOfTime()).counts).toEqual({ objectsRemoved: 3 });
    expect((await shortOfTime()).counts).toEqual({ objectsRemoved: 2 });
    expect(await it.vault.keys()).toEqual([]);
  });

  test('counts objects and bytes over all its sweeps, and keeps the count until the next round has ended', async () => {
    const kept = await it.requested();
    const [key = '', beside = ''] = await leave(kept, 1);
    const sizes = await Promise.all([key, beside].map((one) => it.vault.head(one)));
    const bytes = sizes.reduce((sum, one) => sum + (one?.bytes ?? 0), 0);
    const rounds = makeVaultRounds(it.access);
    let seen = 0;
    const list = it.ports.vault.list;
    const vault = {
      ...it.ports.vault,
      async *list(prefix: string, after?: string) {
        for await (const object of list(prefix, after)) {
          seen += 1;
          yield object;
        }
      },
    };
    await it.sweep({ vault }, () => (seen > 1 ? 10_000 : 300_000));
    expect(await rounds.last()).toMatchObject({ after: key, seen: { objects: 1 } });
    expect(await rounds.last()).not.toHaveProperty('measured');
    await it.sweep();
    const measured = { objects: 2, bytes, at: it.now() };
    expect(await rounds.last()).toMatchObject({ measured });
    it.pass(DAY);
    seen = 0;
    await it.sweep({ vault }, () => (seen > 1 ? 10_000 : 300_000));
    expect(await rounds.last()).toMatchObject({ seen: { objects: 1 }, measured });
  });

  test('that had no time for even one object does not count as complete', async () => {
    await leaveMany(2);
    expect((await it.sweep({}, () => 5_000)).counts).toEqual({});
    expect(await it.mended()).toEqual({ objectsRemoved: 2 });
  });

  test('is made once a day', async () => {
    await it.sweep();
    await leaveMany(1);
    it.pass(DAY - 1);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toMatchObject({ objectsRemoved: 1 });
  });
});

describe('unfinished uploads', () => {
  test('are aborted once their backup is final, or after a day if no one works on them', async () => {
    const failed = await it.requested();
    await it.history.fail(await it.claimed(failed), failure);
    const waiting = await it.requested();
    const missing = pendingBackup({ createdAt: it.now() });
    const taken = await it.requested();
    await it.claimed(taken);
    it.pass(MINUTE);
    await it.claimed(taken);
    for (const backup of [failed, waiting, missing, taken]) {
      await it.vault.beginUpload(keyOf(backup, 1));
    }
    await it.vault.beginUpload(keyOf(taken, 2));
    const counts = await it.mended();
    expect(counts).toEqual({ uploadsAborted: 4 });
    expect(await it.vault.uploadedKeys()).toEqual([keyOf(taken, 2)]);
  });

  test('younger than a day are left, except those of final backups', async () => {
    it.pass(-2 * DAY);
    const failed = await it.requested();
    await it.history.fail(await it.claimed(failed), failure);
    const waiting = await it.requested();
    for (const backup of [failed, waiting]) await it.vault.beginUpload(keyOf(backup, 1));
    expect(await it.mended()).toEqual({ uploadsAborted: 1 });
    expect(await it.vault.uploadedKeys()).toEqual([keyOf(waiting, 1)]);
  });
});
