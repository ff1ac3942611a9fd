import { describe, expect, test } from 'vitest';
import type { Restore } from '../../../core/restore.ts';
import type { Verification } from '../../../core/verification.ts';
import { restoreRow, verificationRow } from '../../support/jobs.ts';
import { HOUR, MINUTE, type System } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

const restore = async (given: Partial<Restore> = {}): Promise<Restore> => {
  const row = restoreRow(it.access.clock(), given);
  await it.restores.create(row);
  return row;
};
const verification = async (given: Partial<Verification> = {}): Promise<Verification> => {
  const backup = await it.completed({ createdAt: it.now(), queuedAt: it.now() });
  await it.history.markNotified(backup.projectId, backup.id);
  const row = verificationRow(it.access.clock(), { backupId: backup.id, ...given });
  await it.verifications.create(row);
  return row;
};
const dieThreeTimes = async (
  jobs: typeof it.restores | typeof it.verifications,
  { projectId, id }: { readonly projectId: string; readonly id: string },
) => {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    expect((await jobs.claim(projectId, id)).kind).toBe('claimed');
    it.pass(MINUTE + 1);
  }
  it.pass(3 * MINUTE);
};

describe('a restore', () => {
  test('whose message was never sent is sent after five minutes, once', async () => {
    const { projectId, id } = await restore();
    it.pass(5 * MINUTE);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
    expect(it.restoreRequests()).toEqual([{ projectId, restoreId: id }]);
    expect(await it.mended()).toEqual({});
  });

  test('is one of several whose messages were lost, and all are sent at once', async () => {
    const rows = [await restore(), await restore({ projectId: 'globex' })];
    it.pass(5 * MINUTE + 1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 2 });
    expect(it.restoreRequests()).toEqual(
      expect.arrayContaining(rows.map(({ projectId, id }) => ({ projectId, restoreId: id }))),
    );
  });

  test('whose worker died is given to another, and fails after three of them', async () => {
    const row = await restore();
    await it.restores.claim(row.projectId, row.id);
    it.pass(3 * MINUTE + 1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
    expect((await it.restores.get(row.projectId, row.id))?.status).toBe('pending');

    const other = await restore();
    await dieThreeTimes(it.restores, other);
    expect(await it.mended()).toMatchObject({ jobsGivenUp: 1 });
    expect(await it.restores.get(other.projectId, other.id)).toMatchObject({
      status: 'failed',
      error: { name: 'JobWorkerDied' },
    });
    expect(it.told()).toContainEqual({
      kind: 'restore',
      projectId: other.projectId,
      restoreId: other.id,
    });
  });

  test('of a source that no longer accepts restores fails, with the reason', async () => {
    const { projectId, id } = await restore({ source: 'gone' });
    it.pass(6 * MINUTE);
    expect(await it.mended()).toEqual({ jobsGivenUp: 1 });
    const row = await it.restores.get(projectId, id);
    expect(row?.error?.message).toContain('"gone"');
  });

  test('that ended unreported is reported', async () => {
    const { projectId, id } = await restore();
    await it.restores.claim(projectId, id);
    await it.restores.complete({ projectId, id, attempt: 1 }, {});
    it.pass(10 * MINUTE);
    await it.mended();
    expect(it.told()).toEqual([{ kind: 'restore', projectId, restoreId: id }]);
    await it.restores.markNotified(projectId, id);
    it.pass(HOUR);
    expect(await it.mended()).toEqual({});
  });

  test('that a living worker holds is left alone', async () => {
    const { projectId, id } = await restore();
    await it.restores.claim(projectId, id);
    it.pass(MINUTE);
    await it.restores.heartbeat({ projectId, id, attempt: 1 });
    it.pass(2 * MINUTE);
    expect(await it.mended()).toEqual({});
  });
});

describe('a verification', () => {
  test('whose message was never sent is sent', async () => {
    const { projectId, id } = await verification();
    it.pass(5 * MINUTE + 1);
    expect(await it.mended()).toEqual({ requestsSentAgain: 1 });
    expect(it.verificationRequests()).toEqual([{ projectId, verificationId: id }]);
  });

  test('whose workers all died could not run, and its backup says so', async () => {
    const row = await verification();
    await dieThreeTimes(it.verifications, row);
    expect(await it.mended()).toMatchObject({ jobsGivenUp: 1 });
    expect(await it.verifications.get(row.projectId, row.id)).toMatchObject({
      status: 'failed',
      result: { verdict: 'could-not-run' },
    });
    expect(await it.history.get(row.projectId, row.backupId)).toMatchObject({
      status: 'completed',
      validation: 'could-not-run',
      verificationId: row.id,
    });
  });
});
