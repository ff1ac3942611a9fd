import { beforeEach, describe, expect, test } from 'vitest';
import type { HistoryTable } from '../../../adapters/dynamodb/table.ts';
import { iso } from '../../../core/backup.ts';
import { DAY_PROJECTION, STATUS_PROJECTION } from '../../../core/contract.ts';
import type { Job } from '../../../core/job.ts';
import type { JobClaim } from '../../../core/job-ports.ts';
import { NIGHT, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import type { Tables } from '../../support/tables.ts';
import { type JobBench, restoreBench, verificationBench } from './job-kinds.ts';

let it: TestHistory;
let tables: Tables;
historyForEach((made, shared) => {
  it = made;
  tables = shared;
});

const failure = { name: 'RestoreInterrupted', message: 'The restore was interrupted.' };
const LEASE = 60_000;

const suite = <J extends Job>(open: (access: HistoryTable) => JobBench<J>) => {
  let on: JobBench<J>;
  beforeEach(() => {
    on = open(it.access);
  });

  describe('claiming', () => {
    test('of twenty workers at once, exactly one gets it, and once more when the lease ran out', async () => {
      const { id, projectId } = await on.pending();
      for (const attempt of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, () => on.jobs.claim(projectId, id)),
        );
        expect(outcomes.filter(({ kind: is }) => is === 'claimed')).toHaveLength(1);
        expect(outcomes.filter(({ kind: is }) => is === 'busy')).toHaveLength(19);
        expect((await on.jobs.get(projectId, id))?.attempt).toBe(attempt);
        it.pass(LEASE);
      }
    });

    test('is refused while a lease runs, for what is missing, and after three attempts', async () => {
      const job = await on.pending();
      await on.claimed(job);
      it.pass(LEASE - 1);
      expect(await on.jobs.claim('acme', job.id)).toEqual({
        kind: 'busy',
        leaseUntil: '2026-11-21T02:01:00.000Z',
      });
      const missing = on.row();
      expect(await on.jobs.claim('acme', missing.id)).toEqual({ kind: 'missing' });
      expect(await on.stored(missing)).toBeUndefined();
      it.pass(1);
      for (const attempt of [2, 3]) {
        expect((await on.claimed(job)).attempt).toBe(attempt);
        it.pass(LEASE);
      }
      expect(await on.jobs.claim('acme', job.id)).toMatchObject({
        kind: 'exhausted',
        job: { id: job.id, attempt: 3 },
      });
    });

    test('is refused for what has ended', async () => {
      const job = await on.pending();
      await on.jobs.complete(await on.claimed(job), on.findings);
      it.pass(LEASE);
      expect(await on.jobs.claim('acme', job.id)).toEqual({ kind: 'final', status: 'completed' });
    });

    test('knows its own claim again when the answer to it was lost', async () => {
      const job = await on.pending();
      tables.client.middlewareStack.add(
        (next, context) => async (args) => {
          if (context.commandName === 'UpdateItemCommand') await next(args);
          return next(args);
        },
        { step: 'finalizeRequest', priority: 'low', name: 'twice' },
      );
      try {
        expect((await on.claimed(job)).attempt).toBe(1);
      } finally {
        tables.client.middlewareStack.remove('twice');
      }
    });
  });

  describe('a worker that holds its claim', () => {
    test('keeps it by heartbeats, and writes what it finds without a write to any index', async () => {
      const job = await on.pending();
      const claim = await on.claimed(job);
      const before = await on.stored(job);
      it.pass(LEASE - 1);
      expect(await on.jobs.heartbeat(claim, on.findings)).toBe('held');
      it.pass(LEASE - 1);
      expect(await on.jobs.heartbeat(claim)).toBe('held');
      const after = await on.stored(job);
      expect(after).toMatchObject(on.findings);
      const changed = Object.keys(after ?? {}).filter(
        (name) => JSON.stringify(after?.[name]) !== JSON.stringify(before?.[name]),
      );
      expect(changed.sort()).toEqual([...Object.keys(on.findings), 'leaseUntil'].sort());
      const projected: readonly string[] = [...STATUS_PROJECTION, ...DAY_PROJECTION];
      expect(changed.filter((name) => projected.includes(name))).toEqual([]);
    });

    test('hears of a cancellation at its next heartbeat, and does not come back for another attempt', async () => {
      const job = await on.pending();
      const claim = await on.claimed(job);
      expect(await on.jobs.requestCancel('acme', job.id)).toBe('in-progress');
      expect(await on.jobs.heartbeat(claim)).toBe('cancelling');
      expect(await on.jobs.release(claim, failure, 'soon')).toBe('written');
      expect((await on.jobs.get('acme', job.id))?.status).toBe('cancelled');
    });

    test('gives it back for a retry with the reason, and keeps what it found', async () => {
      const job = await on.pending();
      const claim = await on.claimed(job);
      await on.jobs.heartbeat(claim, on.findings);
      expect(await on.jobs.release(claim, failure, '2026-11-21T02:05:00.000Z')).toBe('written');
      const row = await on.jobs.get('acme', job.id);
      expect(row).toMatchObject({ status: 'pending', attempt: 1, error: failure, ...on.lasting });
      expect(row).not.toHaveProperty('progress');
      expect((await on.claimed(job)).attempt).toBe(2);
    });

    test('completes it with what was found and how long it took, and leaves nothing of the work behind', async () => {
      const job = await on.pending();
      await on.jobs.release(await on.claimed(job), failure, 'soon');
      it.pass(5000);
      const claim = await on.claimed(job);
      await on.jobs.heartbeat(claim, on.findings);
      it.pass(7000);
      expect(await on.jobs.complete(claim, on.lasting)).toBe('written');
      expect(await on.jobs.get('acme', job.id)).toEqual({
        ...job,
        ...on.lasting,
        status: 'completed',
        attempt: 2,
        startedAt: iso(NIGHT + 5000),
        completedAt: iso(NIGHT + 12_000),
        durationMs: 7000,
      });
      const row = await on.stored(job);
      for (const name of ['leaseUntil', 'claimedBy', 'retryAt', 'error'])
        expect(row).not.toHaveProperty(name);
    });

    test('fails it with what was found', async () => {
      const job = await on.pending();
      expect(await on.jobs.fail(await on.claimed(job), failure, on.findings)).toBe('written');
      expect(await on.jobs.get('acme', job.id)).toMatchObject({
        ...on.findings,
        status: 'failed',
        error: failure,
        completedAt: iso(NIGHT),
      });
    });

    test('is told that its write was carried out when it is sent a second time', async () => {
      const writes: ((claim: JobClaim) => Promise<unknown>)[] = [
        (claim) => on.jobs.complete(claim, on.findings),
        (claim) => on.jobs.fail(claim, failure, on.findings),
        (claim) => on.jobs.cancel(claim),
        (claim) => on.jobs.release(claim, failure, 'soon'),
      ];
      for (const write of writes) {
        const claim = await on.claimed(await on.pending());
        expect(await write(claim)).toBe('written');
        expect(await write(claim)).toBe('written');
      }
    });
  });

  describe('a worker that lost its claim', () => {
    const writes: Record<string, (claim: JobClaim) => Promise<unknown>> = {
      heartbeat: (claim) => on.jobs.heartbeat(claim, on.findings),
      complete: (claim) => on.jobs.complete(claim, on.findings),
      fail: (claim) => on.jobs.fail(claim, failure, on.findings),
      cancel: (claim) => on.jobs.cancel(claim),
      release: (claim) => on.jobs.release(claim, failure, 'soon'),
    };

    test.each(Object.keys(writes))('can change nothing: %s', async (name) => {
      const write = writes[name] ?? (() => Promise.reject(new Error(name)));
      const taken = await on.pending();
      const toAnother = await on.claimed(taken);
      it.pass(LEASE);
      await on.claimed(taken);

      const givenUp = await on.pending();
      const toNobody = await on.claimed(givenUp);
      it.pass(LEASE);
      await on.jobs.failAbandoned('acme', givenUp.id, {
        name: 'JobWorkerDied',
        message: 'It died.',
      });

      for (const [job, claim] of [
        [taken, toAnother],
        [givenUp, toNobody],
      ] as const) {
        const before = await on.stored(job);
        expect(await write(claim)).toBe('lost');
        expect(await on.stored(job)).toEqual(before);
      }
      const gone = on.row();
      expect(await write({ projectId: 'acme', jobId: gone.id, attempt: 1 })).toBe('lost');
      expect(await on.stored(gone)).toBeUndefined();
    });

    test('to an attempt that completed it has not completed it', async () => {
      const job = await on.pending();
      const lost = await on.claimed(job);
      it.pass(LEASE);
      await on.jobs.complete(await on.claimed(job), on.findings);
      expect(await on.jobs.complete(lost, on.findings)).toBe('lost');
    });
  });

  describe('nobody working on it', () => {
    test('it fails once, but not while a lease runs or after its end', async () => {
      const job = await on.pending();
      const claim = await on.claimed(job);
      it.pass(LEASE - 1);
      expect(await on.jobs.failAbandoned('acme', job.id, failure)).toBe('not-abandoned');
      it.pass(1);
      expect(await on.jobs.failAbandoned('acme', job.id, failure, on.findings)).toBe('written');
      expect(await on.jobs.get('acme', job.id)).toMatchObject({
        ...on.findings,
        status: 'failed',
        error: failure,
      });
      expect(await on.jobs.failAbandoned('acme', job.id, failure)).toBe('not-abandoned');
      expect(await on.jobs.heartbeat(claim)).toBe('lost');
    });

    test('it is completed once, as was found afterwards, but not while a lease runs', async () => {
      const job = await on.pending();
      const claim = await on.claimed(job);
      await on.jobs.release(claim, failure, 'soon');
      await on.claimed(job);
      it.pass(LEASE - 1);
      expect(await on.jobs.completeAbandoned('acme', job.id, on.findings)).toBe('not-abandoned');
      it.pass(1);
      expect(await on.jobs.completeAbandoned('acme', job.id, on.findings)).toBe('written');
      const row = await on.jobs.get('acme', job.id);
      expect(row).toMatchObject({ ...on.findings, status: 'completed', attempt: 2 });
      expect(row?.completedAt).toBeDefined();
      expect(row?.error).toBeUndefined();
      expect(row?.leaseUntil).toBeUndefined();
      expect(await on.jobs.completeAbandoned('acme', job.id, {})).toBe('not-abandoned');
      expect(await on.jobs.failAbandoned('acme', job.id, failure)).toBe('not-abandoned');
    });

    test('it is queued again with its attempts, unless it was to be cancelled', async () => {
      const job = await on.pending();
      await on.claimed(job);
      expect(await on.jobs.requeue('acme', job.id)).toBe('not-abandoned');
      it.pass(LEASE);
      expect(await on.jobs.requeue('acme', job.id)).toBe('written');
      expect(await on.jobs.get('acme', job.id)).toMatchObject({
        status: 'pending',
        attempt: 1,
        queuedAt: iso(NIGHT + LEASE),
      });
      await on.claimed(job);
      await on.jobs.requestCancel('acme', job.id);
      it.pass(LEASE);
      expect(await on.jobs.requeue('acme', job.id)).toBe('not-abandoned');
      expect((await on.jobs.get('acme', job.id))?.status).toBe('cancelled');
    });

    test('a wish to cancel ends one that waits, and tells what has ended as it is', async () => {
      const job = await on.pending();
      expect(await on.jobs.requestCancel('acme', job.id)).toBe('cancelled');
      expect(await on.jobs.claim('acme', job.id)).toEqual({ kind: 'final', status: 'cancelled' });
      const done = await on.pending();
      await on.jobs.complete(await on.claimed(done), {});
      expect(await on.jobs.requestCancel('acme', done.id)).toBe('completed');
      expect(await on.jobs.requestCancel('acme', on.row().id)).toBeUndefined();
    });
  });
};

describe('restores', () => suite(restoreBench));
describe('verifications', () => suite(verificationBench));
