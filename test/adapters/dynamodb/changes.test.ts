import { describe, expect, test } from 'vitest';
import { makeValidations } from '../../../adapters/dynamodb/validations.ts';
import type { Backup } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { UNPINNED_DAYS } from '../../../core/backup-change.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { project } from '../../functions/plan/planning.ts';
import { completionOf, DAY, NIGHT, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const ofNight = (night: number): Partial<Backup> => ({ createdAt: iso(NIGHT + night * DAY) });
const seconds = (time: string): number => Date.parse(time) / 1000;
const read = async ({ id }: Backup) => {
  const row = await it.row({ projectId: 'acme', id });
  return { status: row?.status, ttl: row?.ttl, pinned: row?.pinned, expiresAt: row?.expiresAt };
};
const change = (backup: Backup, wanted: Parameters<TestHistory['history']['change']>[2]) =>
  it.history.change('acme', backup.id, wanted);
const remove = (backup: Backup, force = false) =>
  it.history.remove('acme', backup.id, { why: 'a test', by: 'arn:aws:iam::1:role/x', force });

describe('a pinned backup', () => {
  test('has no ttl, whatever completes after it, and its own retention returns when it is unpinned', async () => {
    const old = await it.completed(ofNight(0));
    await it.completed(ofNight(1));
    expect(await read(old)).toMatchObject({ ttl: seconds(old.expiresAt) });
    expect(await change(old, { pinned: true })).toMatchObject({ kind: 'changed' });
    await it.completed(ofNight(2));
    await it.history.settleRetention('acme');
    expect(await read(old)).toMatchObject({ ttl: undefined, pinned: true });
    await change(old, { pinned: false });
    expect(await read(old)).toEqual({
      status: 'completed',
      ttl: seconds(old.expiresAt),
      pinned: undefined,
      expiresAt: old.expiresAt,
    });
  });

  test('is kept for some days after it is unpinned, if its retention has ended meanwhile', async () => {
    const old = await it.completed(ofNight(0));
    await change(old, { pinned: true });
    await it.completed(ofNight(1));
    it.pass(100 * DAY);
    const until = iso(NIGHT + (100 + UNPINNED_DAYS) * DAY);
    expect(await change(old, { pinned: false })).toMatchObject({ backup: { expiresAt: until } });
    expect(await read(old)).toMatchObject({ ttl: seconds(until), expiresAt: until });
    expect((await it.history.list('acme', { limit: 9 })).items.map(({ id }) => id)).toContain(
      old.id,
    );
  });

  test('may be pinned while it waits; then it completes without a ttl', async () => {
    const waiting = await it.pending(ofNight(0));
    await change(waiting, { pinned: true, name: 'before 2.0' });
    await it.history.complete(await it.claimed(waiting), completionOf(waiting));
    await it.completed(ofNight(1));
    expect(await it.row(waiting)).toMatchObject({ name: 'before 2.0', pinned: true });
    expect(await read(waiting)).toMatchObject({ status: 'completed', ttl: undefined });
  });

  test('has no ttl after any order of pins, unpins, completions and settling at the same time', async () => {
    const old = await it.completed(ofNight(0));
    await it.completed(ofNight(1));
    for (let round = 0; round < 5; round += 1) {
      const pinned = round % 2 === 0;
      await Promise.all([
        change(old, { pinned }),
        it.history.settleRetention('acme'),
        change(old, { description: `round ${round}` }),
        it.completed(ofNight(2 + round)),
      ]);
      const { ttl } = await read(old);
      expect([round, ttl === undefined]).toEqual([round, pinned]);
    }
  });

  test('that expired before it was pinned is gone', async () => {
    const old = await it.completed(ofNight(0));
    await it.completed(ofNight(1));
    it.pass(31 * DAY);
    expect(await change(old, { pinned: true })).toEqual({ kind: 'missing' });
    expect(await read(old)).toMatchObject({ pinned: undefined, ttl: seconds(old.expiresAt) });
  });
});

describe('the end of retention', () => {
  test('moves with its ttl, and is kept for later by a row that has none', async () => {
    const [old, last] = [await it.completed(ofNight(0)), await it.completed(ofNight(1))];
    const expiresAt = iso(NIGHT + 90 * DAY);
    await change(old, { expiresAt });
    await change(last, { expiresAt });
    expect(await read(old)).toMatchObject({ expiresAt, ttl: seconds(expiresAt) });
    expect(await read(last)).toMatchObject({ expiresAt, ttl: undefined });
    await it.completed(ofNight(2));
    expect(await read(last)).toMatchObject({ expiresAt, ttl: seconds(expiresAt) });
  });

  test('of what has failed or was deleted cannot be changed', async () => {
    const failed = await it.pending(ofNight(0));
    await it.history.fail(await it.claimed(failed), { name: 'X', message: 'x' });
    expect(await change(failed, { name: 'y' })).toEqual({ kind: 'final', status: 'failed' });
    await remove(failed);
    expect(await change(failed, { pinned: true })).toEqual({ kind: 'final', status: 'deleted' });
    const unknown = { ...failed, id: uuidv7(NIGHT) };
    expect(await change(unknown, { name: 'y' })).toEqual({ kind: 'missing' });
  });
});

describe('a deletion', () => {
  test('leaves a row that says who, when and why, for as long as those of retention', async () => {
    const old = await it.completed(ofNight(0));
    await it.completed(ofNight(1));
    expect(await remove(old)).toMatchObject({ kind: 'removed', backup: { size: 1000 } });
    expect(await it.row(old)).toMatchObject({
      status: 'deleted',
      deletedAt: iso(NIGHT),
      deletedBy: 'arn:aws:iam::1:role/x',
      deletedWhy: 'a test',
      ttl: (NIGHT + 365 * DAY) / 1000,
    });
    const again = await it.history.remove('acme', old.id, { why: 'another', force: true });
    expect(again).toMatchObject({ kind: 'removed', backup: { deletedWhy: 'a test' } });
  });

  test('of the last good, the last verified and a pinned backup needs force', async () => {
    const pinned = await it.completed(ofNight(0));
    await change(pinned, { pinned: true });
    const verified = await it.completed(ofNight(1));
    await makeValidations(it.access).noteValidation('acme', verified.id, {
      validation: 'verified',
      verificationId: uuidv7(NIGHT),
      validatedAt: iso(NIGHT),
      compare: 'rows',
    });
    const newest = await it.completed(ofNight(2));
    expect(await remove(pinned)).toEqual({ kind: 'pinned' });
    expect(await remove(verified)).toEqual({ kind: 'last-good' });
    expect(await remove(newest)).toEqual({ kind: 'last-good' });
    for (const backup of [pinned, verified, newest])
      expect(await read(backup)).toMatchObject({ status: 'completed', ttl: undefined });
    expect(await remove(pinned, true)).toMatchObject({ kind: 'removed' });
    expect(await read(pinned)).toMatchObject({ status: 'deleted', pinned: undefined });
  });

  test('with force makes the one before the last good one, and the last success of its project', async () => {
    await it.registry.register(project('acme'), 'main');
    const lastSuccess = async () => (await it.registry.get('acme'))?.lastSuccess?.backupId;
    const [one, two] = [await it.completed(ofNight(0)), await it.completed(ofNight(1))];
    expect(await lastSuccess()).toBe(two.id);
    await remove(two, true);
    expect(await read(one)).toMatchObject({ ttl: undefined });
    expect(await lastSuccess()).toBe(one.id);
    expect(await remove(one)).toEqual({ kind: 'last-good' });
    await remove(one, true);
    expect(await it.registry.get('acme')).not.toHaveProperty('lastSuccess');
    const next = await it.completed(ofNight(2));
    expect(await lastSuccess()).toBe(next.id);
  });

  test('of two good backups at the same time leaves one, unless it is forced', async () => {
    const backups = [await it.completed(ofNight(0)), await it.completed(ofNight(1))];
    await Promise.all(backups.map((backup) => remove(backup)));
    const left = await it.history.list('acme', { limit: 9 });
    expect(left.items.map(({ id }) => id)).toEqual([backups[1]?.id]);
  });

  test('waits for the end of open work, and knows no backup that retention has removed', async () => {
    const waiting = await it.pending(ofNight(0));
    expect(await remove(waiting, true)).toEqual({ kind: 'open', status: 'pending' });
    await it.claimed(waiting);
    expect(await remove(waiting, true)).toEqual({ kind: 'open', status: 'in-progress' });
    const old = await it.completed(ofNight(1));
    await it.completed(ofNight(2));
    await it.removeRow(old);
    expect(await remove(old, true)).toEqual({ kind: 'missing' });
    expect(await it.row(old)).toBeUndefined();
  });

  test('is not undone by the end of a verification', async () => {
    const old = await it.completed(ofNight(0));
    await it.completed(ofNight(1));
    await remove(old);
    const before = await it.row(old);
    for (const validation of ['verified', 'failed', 'could-not-run'] as const)
      await makeValidations(it.access).noteValidation('acme', old.id, {
        validation,
        verificationId: uuidv7(NIGHT),
        validatedAt: iso(NIGHT),
        compare: 'rows',
      });
    expect(await it.row(old)).toEqual(before);
  });
});
