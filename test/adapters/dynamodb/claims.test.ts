import { describe, expect, test } from 'vitest';
import { DAY_PROJECTION, STATUS_PROJECTION } from '../../../core/contract.ts';
import type { Claim } from '../../../core/history-ports.ts';
import { completionOf, pendingBackup, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import type { Tables } from '../../support/tables.ts';

let it: TestHistory;
let tables: Tables;
historyForEach((made, shared) => {
  it = made;
  tables = shared;
});

const failure = { name: 'DumpFailed', message: 'pg_dump ended with exit code 1.' };
const progress = { tablesDone: 1, tablesTotal: 3, bytes: 10, bytesPerSecond: 5, at: 'now' };
const LEASE = 60_000;

describe('claiming', () => {
  test('of twenty workers at once, exactly one gets the backup', async () => {
    const { id, projectId } = await it.pending();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => it.history.claim(projectId, id)),
    );
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'busy')).toHaveLength(19);
    expect((await it.history.get(projectId, id))?.attempt).toBe(1);
  });

  test('of twenty workers at once, exactly one takes over a lease that ran out', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    it.pass(LEASE);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => it.history.claim(backup.projectId, backup.id)),
    );
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect((await it.history.get(backup.projectId, backup.id))?.attempt).toBe(2);
  });

  test('is refused while a lease runs, and says until when', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    it.pass(LEASE - 1);
    expect(await it.history.claim(backup.projectId, backup.id)).toEqual({
      kind: 'busy',
      leaseUntil: '2026-11-21T02:01:00.000Z',
    });
  });

  test('is refused for what is missing, and creates no row', async () => {
    const { id } = pendingBackup();
    expect(await it.history.claim('acme', id)).toEqual({ kind: 'missing' });
    expect(await it.history.get('acme', id)).toBeUndefined();
  });

  test('ends after three attempts', async () => {
    const backup = await it.pending();
    for (const attempt of [1, 2, 3]) {
      expect((await it.claimed(backup)).attempt).toBe(attempt);
      it.pass(LEASE);
    }
    expect(await it.history.claim(backup.projectId, backup.id)).toMatchObject({
      kind: 'exhausted',
      backup: { id: backup.id, attempt: 3 },
    });
  });

  test('ends after three attempts that were released, too', async () => {
    const backup = await it.pending();
    for (const _ of [1, 2, 3]) await it.history.release(await it.claimed(backup), failure, 'soon');
    expect(await it.history.claim(backup.projectId, backup.id)).toMatchObject({
      kind: 'exhausted',
      backup: { status: 'pending', error: failure },
    });
  });

  test.each(['completed', 'failed', 'cancelled'] as const)(
    'is refused for what is %s',
    async (status) => {
      const backup = await it.pending();
      const claim = await it.claimed(backup);
      if (status === 'completed') await it.history.complete(claim, completionOf(backup));
      if (status === 'failed') await it.history.fail(claim, failure);
      if (status === 'cancelled') await it.history.cancel(claim);
      it.pass(LEASE);
      expect(await it.history.claim(backup.projectId, backup.id)).toEqual({
        kind: 'final',
        status,
      });
    },
  );

  test('knows its own claim again when the answer to it was lost', async () => {
    const backup = await it.pending();
    // The SDK sends a request again whose answer never came, though the first one was carried out.
    tables.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'UpdateItemCommand') await next(args);
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'twice' },
    );
    try {
      expect(await it.history.claim(backup.projectId, backup.id)).toMatchObject({
        kind: 'claimed',
        claim: { attempt: 1 },
      });
    } finally {
      tables.client.middlewareStack.remove('twice');
    }
  });
});

describe('a worker that holds its claim', () => {
  test('keeps it by heartbeats, for as long as it lives', async () => {
    const backup = await it.pending();
    const claim = await it.claimed(backup);
    for (let beat = 0; beat < 5; beat += 1) {
      it.pass(LEASE - 1);
      expect(await it.history.heartbeat(claim, progress)).toBe('held');
      expect(await it.history.claim(backup.projectId, backup.id)).toMatchObject({ kind: 'busy' });
    }
    expect(await it.history.get(backup.projectId, backup.id)).toMatchObject({ progress });
  });

  test('beats without a write to any index', async () => {
    const backup = await it.pending();
    const claim = await it.claimed(backup);
    const before = await it.row(backup);
    it.pass(1000);
    await it.history.heartbeat(claim, progress);
    const after = await it.row(backup);
    const changed = Object.keys(after ?? {}).filter(
      (name) => JSON.stringify(after?.[name]) !== JSON.stringify(before?.[name]),
    );
    expect(changed.sort()).toEqual(['leaseUntil', 'progress']);
    const projected: readonly string[] = [...STATUS_PROJECTION, ...DAY_PROJECTION];
    expect(changed.filter((name) => projected.includes(name))).toEqual([]);
  });

  test('hears of a cancellation at its next heartbeat', async () => {
    const backup = await it.pending();
    const claim = await it.claimed(backup);
    expect(await it.history.requestCancel(backup.projectId, backup.id)).toBe('in-progress');
    expect(await it.history.heartbeat(claim)).toBe('cancelling');
    expect(await it.history.cancel(claim)).toBe('written');
    expect((await it.history.get(backup.projectId, backup.id))?.status).toBe('cancelled');
  });

  test('does not come back for another attempt once it was to be cancelled', async () => {
    const backup = await it.pending();
    const claim = await it.claimed(backup);
    await it.history.requestCancel(backup.projectId, backup.id);
    expect(await it.history.release(claim, failure, 'soon')).toBe('written');
    expect((await it.history.get(backup.projectId, backup.id))?.status).toBe('cancelled');
  });

  test('gives it back for a retry with the reason, and the next claim is another attempt', async () => {
    const backup = await it.pending();
    const retryAt = '2026-11-21T02:05:00.000Z';
    expect(await it.history.release(await it.claimed(backup), failure, retryAt)).toBe('written');
    expect(await it.history.get(backup.projectId, backup.id)).toMatchObject({
      status: 'pending',
      attempt: 1,
      error: failure,
      retryAt,
    });
    expect((await it.claimed(backup)).attempt).toBe(2);
  });

  test('leaves nothing of the work behind on a completed row', async () => {
    const backup = await it.pending();
    await it.history.release(await it.claimed(backup), failure, 'soon');
    const claim = await it.claimed(backup);
    await it.history.heartbeat(claim, progress);
    const completion = completionOf(backup);
    expect(await it.history.complete(claim, completion)).toBe('written');
    const row = await it.history.get(backup.projectId, backup.id);
    expect(row).toMatchObject({ ...completion, status: 'completed', attempt: 2 });
    for (const name of ['error', 'progress', 'leaseUntil', 'retryAt', 'ttl']) {
      expect(row).not.toHaveProperty(name);
    }
  });

  test('is told that its write was carried out when it is sent a second time', async () => {
    const complete = await it.pending();
    const completing = await it.claimed(complete);
    const completion = completionOf(complete);
    expect(await it.history.complete(completing, completion)).toBe('written');
    expect(await it.history.complete(completing, completion)).toBe('written');

    const fail = await it.pending();
    const failing = await it.claimed(fail);
    expect(await it.history.fail(failing, failure)).toBe('written');
    expect(await it.history.fail(failing, failure)).toBe('written');

    const cancel = await it.pending();
    const cancelling = await it.claimed(cancel);
    expect(await it.history.cancel(cancelling)).toBe('written');
    expect(await it.history.cancel(cancelling)).toBe('written');

    const release = await it.pending();
    const releasing = await it.claimed(release);
    expect(await it.history.release(releasing, failure, 'soon')).toBe('written');
    expect(await it.history.release(releasing, failure, 'soon')).toBe('written');
  });
});

describe('a worker that lost its claim', () => {
  const writes: Record<string, (claim: Claim) => Promise<unknown>> = {
    heartbeat: (claim) => it.history.heartbeat(claim, progress),
    complete: (claim) =>
      it.history.complete(claim, completionOf(pendingBackup(), { fileId: 'stale' })),
    fail: (claim) => it.history.fail(claim, failure),
    cancel: (claim) => it.history.cancel(claim),
    release: (claim) => it.history.release(claim, failure, 'soon'),
  };

  test.each(Object.keys(writes))('to another attempt can change nothing: %s', async (name) => {
    const backup = await it.pending();
    const lost = await it.claimed(backup);
    it.pass(LEASE);
    await it.claimed(backup);
    const before = await it.row(backup);
    expect(await writes[name]?.(lost)).toBe('lost');
    expect(await it.row(backup)).toEqual(before);
  });

  test.each(Object.keys(writes))('to the row having been given up: %s', async (name) => {
    const backup = await it.pending();
    const lost = await it.claimed(backup);
    it.pass(LEASE);
    await it.history.failAbandoned(backup.projectId, backup.id, {
      name: 'WorkerDied',
      message: 'It died.',
    });
    const before = await it.row(backup);
    expect(await writes[name]?.(lost)).toBe('lost');
    expect(await it.row(backup)).toEqual(before);
  });

  test('to an attempt that ended just the same has not ended it', async () => {
    const backup = await it.pending();
    const lost = await it.claimed(backup);
    it.pass(LEASE);
    await it.history.fail(await it.claimed(backup), failure);
    expect(await it.history.fail(lost, failure)).toBe('lost');
  });

  test.each(Object.keys(writes))('to the row being gone creates none: %s', async (name) => {
    const backup = pendingBackup();
    const claim = { projectId: backup.projectId, backupId: backup.id, attempt: 1 };
    expect(await writes[name]?.(claim)).toBe('lost');
    expect(await it.row(backup)).toBeUndefined();
  });
});
