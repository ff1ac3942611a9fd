import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, type System } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

/** Another project's request, so that the queue is not empty. */
const fillQueue = () =>
  it.queue.send([{ projectId: 'busy', id: '00000000-0000-7000-8000-000000000000' }]);
const LEASE = MINUTE;

describe('a worker that died', () => {
  test('is replaced two minutes after its lease, if no message is left to do so', async () => {
    const backup = await it.requested();
    await it.claimed(backup);
    it.pass(LEASE + 2 * MINUTE);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
    expect(it.requests()).toEqual([{ projectId: backup.projectId, backupId: backup.id }]);
    expect((await it.claimed(backup)).attempt).toBe(2);
  });

  test('is left to its own message as long as the queue has any, for twenty minutes', async () => {
    const backup = await it.requested();
    await it.claimed(backup);
    await fillQueue();
    it.pass(LEASE + 20 * MINUTE);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
  });

  test('is not replaced while it lives, even if the index calls it stale', async () => {
    const backup = await it.requested();
    const claim = await it.claimed(backup);
    it.pass(HOUR);
    await it.history.heartbeat(claim);
    expect(await it.mended()).toEqual({});
    expect(await it.history.heartbeat(claim)).toBe('held');
  });

  test('in its last attempt fails the backup, which is reported', async () => {
    const runId = '00000000-0000-7000-8000-000000000001';
    const backup = await it.requested({ runId });
    for (const _ of [1, 2, 3]) {
      await it.claimed(backup);
      it.pass(LEASE + 2 * MINUTE + 1);
    }
    expect(await it.mended()).toEqual({ backupsGivenUp: 1 });
    expect(await it.history.get(backup.projectId, backup.id)).toMatchObject({
      status: 'failed',
      error: { name: 'WorkerDied' },
    });
    const { projectId, id: backupId } = backup;
    expect(it.told()).toEqual([{ kind: 'backup', projectId, backupId, runId }]);
  });

  test('after a cancel request ends the backup as cancelled instead', async () => {
    const backup = await it.requested();
    await it.claimed(backup);
    await it.history.requestCancel(backup.projectId, backup.id);
    it.pass(HOUR);
    expect(await it.mended()).toEqual({});
    expect(it.requests()).toEqual([]);
    expect((await it.history.get(backup.projectId, backup.id))?.status).toBe('cancelled');
  });
});

describe('a request whose message is gone', () => {
  test('is sent again after five minutes of an empty queue', async () => {
    const backup = await it.requested();
    it.pass(5 * MINUTE);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
    expect(it.requests()).toEqual([{ projectId: backup.projectId, backupId: backup.id }]);
  });

  test('is not sent again by the next sweep, because its message exists now', async () => {
    await it.requested();
    it.pass(5 * MINUTE + 1);
    await it.sweep();
    it.pass(5 * MINUTE + 1);
    expect(await it.mended()).toEqual({});
    expect(it.requests()).toHaveLength(1);
  });

  test('is sent again after six hours even if the queue is never empty', async () => {
    await it.requested();
    await fillQueue();
    it.pass(6 * HOUR);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
  });

  test('is sent again in the five minutes in which SQS discards duplicates', async () => {
    const backup = await it.requested();
    const message = { projectId: backup.projectId, backupId: backup.id };
    await it.queue.send([backup]);
    it.pass(6 * HOUR + 1);
    await it.sweep();
    expect(it.requests()).toEqual([message, message]);
  });

  test('is one of 250, and none is left out', async () => {
    for (let index = 0; index < 250; index += 1) {
      await it.requested({ projectId: `project-${index}` });
    }
    it.pass(5 * MINUTE + 1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 250 });
    expect(new Set(it.requests().map(({ projectId }) => projectId)).size).toBe(250);
  });
});

describe('a source that the configuration no longer has', () => {
  test('has its open backups failed, not stuck', async () => {
    const waiting = await it.requested({ source: 'gone' });
    const running = await it.requested({ source: 'gone' });
    await it.claimed(running);
    it.pass(HOUR);
    expect(await it.mended()).toEqual({ backupsGivenUp: 2 });
    for (const { projectId, id } of [waiting, running]) {
      expect(await it.history.get(projectId, id)).toMatchObject({
        status: 'failed',
        error: { name: 'MessageBuried', message: expect.stringContaining('"gone"') },
      });
    }
    expect(it.told()).toHaveLength(2);
  });
});

describe('an unreported outcome', () => {
  test('is sent again after ten minutes, until it is reported', async () => {
    const backup = await it.requested({ runId: '00000000-0000-7000-8000-000000000001' });
    await it.history.cancel(await it.claimed(backup));
    it.pass(10 * MINUTE - 1);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ outcomesSentAgain: 1 });
    const { projectId, id: backupId, runId } = backup;
    expect(it.told()).toEqual([{ kind: 'backup', projectId, backupId, runId }]);
    await it.history.markNotified(projectId, backupId);
    it.pass(5 * MINUTE);
    expect(await it.mended()).toEqual({});
  });

  test('for days is not sent by every sweep', async () => {
    const backup = await it.requested();
    await it.history.cancel(await it.claimed(backup));
    it.pass(3 * HOUR);
    expect(await it.mended()).toEqual({ outcomesSentAgain: 1 });
    it.pass(5 * MINUTE);
    expect(await it.mended()).toEqual({});
  });

  test('of a worker that died before it released the predecessor releases it too', async () => {
    const older = await it.requested();
    it.pass(1000);
    const newer = await it.requested();
    for (const backup of [newer, older]) {
      await it.completedOnly(backup);
    }
    it.pass(10 * MINUTE);
    expect(await it.mended()).toEqual({ outcomesSentAgain: 2 });
    expect((await it.row(older))?.ttl).toBeDefined();
    expect((await it.row(newer))?.ttl).toBeUndefined();
  });
});
