import { describe, expect, test } from 'vitest';
import { completionOf, pendingBackup, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const failure = { name: 'WorkerDied', message: 'The worker died.' };
const LEASE = 60_000;

describe('giving up a backup nobody works on', () => {
  test('fails one that waits, once', async () => {
    const { projectId, id } = await it.pending();
    expect(await it.history.failAbandoned(projectId, id, failure)).toBe('written');
    expect(await it.history.get(projectId, id)).toMatchObject({ status: 'failed', error: failure });
    expect(await it.history.failAbandoned(projectId, id, failure)).toBe('not-abandoned');
  });

  test('fails one whose lease ran out, and not a moment earlier', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    it.pass(LEASE - 1);
    expect(await it.history.failAbandoned(backup.projectId, backup.id, failure)).toBe(
      'not-abandoned',
    );
    it.pass(1);
    expect(await it.history.failAbandoned(backup.projectId, backup.id, failure)).toBe('written');
  });

  test('leaves a completed one and a missing one as they are', async () => {
    const done = await it.completed();
    const before = await it.row(done);
    expect(await it.history.failAbandoned(done.projectId, done.id, failure)).toBe('not-abandoned');
    expect(await it.row(done)).toEqual(before);
    const missing = pendingBackup();
    expect(await it.history.failAbandoned('acme', missing.id, failure)).toBe('not-abandoned');
    expect(await it.row(missing)).toBeUndefined();
  });
});

describe('queueing a backup again', () => {
  test('makes one whose lease ran out pending, with its attempts', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    expect(await it.history.requeue(backup.projectId, backup.id)).toBe('not-abandoned');
    it.pass(LEASE);
    expect(await it.history.requeue(backup.projectId, backup.id)).toBe('written');
    expect(await it.history.get(backup.projectId, backup.id)).toMatchObject({
      status: 'pending',
      attempt: 1,
      queuedAt: '2026-11-21T02:01:00.000Z',
    });
    expect(await it.openIds('pending')).toEqual([backup.id]);
    expect(await it.openIds('in-progress')).toEqual([]);
  });

  test('cancels one that a person no longer wants', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    await it.history.requestCancel(backup.projectId, backup.id);
    it.pass(LEASE);
    expect(await it.history.requeue(backup.projectId, backup.id)).toBe('not-abandoned');
    expect((await it.history.get(backup.projectId, backup.id))?.status).toBe('cancelled');
  });
});

describe('asking to cancel', () => {
  test('ends one that waits at once, and a message that comes later finds it final', async () => {
    const { projectId, id } = await it.pending();
    expect(await it.history.requestCancel(projectId, id)).toBe('cancelled');
    expect(await it.history.claim(projectId, id)).toEqual({ kind: 'final', status: 'cancelled' });
  });

  test('ends one whose worker died asked to stop, instead of another attempt', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    await it.history.requestCancel(backup.projectId, backup.id);
    it.pass(LEASE);
    expect(await it.history.claim(backup.projectId, backup.id)).toEqual({
      kind: 'final',
      status: 'cancelled',
    });
  });

  test('answers what a final one is, and nothing for one that is not there', async () => {
    const done = await it.completed();
    expect(await it.history.requestCancel(done.projectId, done.id)).toBe('completed');
    expect(await it.history.requestCancel('acme', pendingBackup().id)).toBeUndefined();
  });
});

describe('open work', () => {
  test('is listed by what it waits for, until somebody has been told of its end', async () => {
    const projects = Array.from({ length: 20 }, (_, index) => `project-${index}`);
    const backups = [];
    for (const projectId of projects) backups.push(await it.pending({ projectId }));
    const ids = backups.map(({ id }) => id).sort();
    expect(await it.openIds('pending')).toEqual(ids);

    const claims = [];
    for (const backup of backups) claims.push(await it.claimed(backup));
    expect(await it.openIds('pending')).toEqual([]);
    expect(await it.openIds('in-progress')).toEqual(ids);

    for (const [index, claim] of claims.entries()) {
      if (index % 3 === 0) await it.history.fail(claim, failure);
      else if (index % 3 === 1) await it.history.cancel(claim);
      else await it.history.complete(claim, completionOf(pendingBackup()));
    }
    expect(await it.openIds('in-progress')).toEqual([]);
    expect(await it.openIds('untold')).toEqual(ids);

    for (const { projectId, id } of backups) await it.history.told(projectId, id);
    expect(await it.openIds('untold')).toEqual([]);
  });

  test('is not hidden by somebody told too early, and telling of nothing creates nothing', async () => {
    const backup = await it.pending();
    await it.history.told(backup.projectId, backup.id);
    expect(await it.openIds('pending')).toEqual([backup.id]);
    const missing = pendingBackup();
    await it.history.told(missing.projectId, missing.id);
    expect(await it.row(missing)).toBeUndefined();
  });
});
