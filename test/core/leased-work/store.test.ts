import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import type { Claim } from '../../../core/leased-work/store.ts';
import { NIGHT } from '../../support/backups.ts';
import { overAllStores, type Suite, storeForEach } from './stores.ts';

/** The contract of every store for every kind of leased work. */
const failure = { name: 'LockTimeout', message: 'A lock was not free.' };
const LEASE = 60_000;

const contract: Suite = (sample, open) => {
  type Opened = Awaited<ReturnType<typeof open>>;
  let it: Opened;
  storeForEach(open, (opened) => {
    it = opened;
  });
  const complete = (claim: Claim) => it.store.complete(claim, sample.result(it.now()));
  const rowOf = ({ projectId, id }: Claim) => it.store.get(projectId, id);

  test('is returned as it was written, and is written once', async () => {
    const work = await it.pending();
    expect(await it.store.get(work.projectId, work.id)).toEqual(work);
    expect(await it.store.get('globex', work.id)).toBeUndefined();
    await it.claimed(work);
    expect(await it.store.create({ ...work, projectName: 'another' })).toBe('exists');
    expect(await it.store.get(work.projectId, work.id)).toMatchObject({
      projectName: 'Acme',
      status: 'in-progress',
    });
  });

  describe('claiming', () => {
    test('by twenty workers at once gives it to exactly one, and once more after the lease has expired', async () => {
      const { id, projectId } = await it.pending();
      for (const attempt of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, () => it.store.claim(projectId, id)),
        );
        expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
        expect(outcomes.filter(({ kind }) => kind === 'busy')).toHaveLength(19);
        expect((await it.store.get(projectId, id))?.attempt).toBe(attempt);
        it.pass(LEASE);
      }
    });

    test('is refused while a lease runs, for what is missing, and after three attempts', async () => {
      const work = await it.pending();
      await it.claimed(work);
      it.pass(LEASE - 1);
      expect(await it.store.claim('acme', work.id)).toEqual({
        kind: 'busy',
        leaseUntil: iso(NIGHT + LEASE),
      });
      const missing = sample.row(NIGHT);
      expect(await it.store.claim('acme', missing.id)).toEqual({ kind: 'missing' });
      expect(await it.store.get('acme', missing.id)).toBeUndefined();
      it.pass(1);
      for (const attempt of [2, 3]) {
        expect((await it.claimed(work)).attempt).toBe(attempt);
        it.pass(LEASE);
      }
      expect(await it.store.claim('acme', work.id)).toMatchObject({
        kind: 'exhausted',
        work: { id: work.id, attempt: 3 },
      });
    });

    test('ends after three attempts that were released, too', async () => {
      const work = await it.pending();
      for (const _ of [1, 2, 3]) await it.store.release(await it.claimed(work), failure, 'soon');
      expect(await it.store.claim('acme', work.id)).toMatchObject({
        kind: 'exhausted',
        work: { status: 'pending', error: failure },
      });
    });

    test('is refused for ended work, with its status', async () => {
      const ends = {
        completed: complete,
        failed: (claim: Claim) => it.store.fail(claim, failure),
        cancelled: (claim: Claim) => it.store.cancel(claim),
      };
      for (const [status, end] of Object.entries(ends)) {
        const work = await it.pending();
        expect(await end(await it.claimed(work))).toMatchObject({ id: work.id, status });
        it.pass(LEASE);
        expect(await it.store.claim('acme', work.id)).toEqual({ kind: 'final', status });
      }
    });
  });

  describe('a worker that holds its claim', () => {
    test('keeps it by heartbeats, for as long as it lives, and writes what it finds', async () => {
      const work = await it.pending();
      const claim = await it.claimed(work);
      for (let beat = 0; beat < 3; beat += 1) {
        it.pass(LEASE - 1);
        expect(await it.store.heartbeat(claim, sample.findings)).toBe('held');
        expect(await it.store.claim('acme', work.id)).toMatchObject({ kind: 'busy' });
      }
      expect(await it.store.heartbeat(claim)).toBe('held');
      expect(await rowOf(claim)).toMatchObject(sample.findings);
    });

    test('learns of a cancellation at its next heartbeat, and can end it', async () => {
      const claim = await it.claimed(await it.pending());
      expect(await it.store.requestCancel('acme', claim.id)).toBe('in-progress');
      expect(await it.store.heartbeat(claim)).toBe('cancelling');
      expect(await it.store.cancel(claim)).toMatchObject({ status: 'cancelled' });
      expect(await rowOf(claim)).toMatchObject({ status: 'cancelled', completedAt: iso(NIGHT) });
    });

    test('does not release it for another attempt after a cancel request', async () => {
      const claim = await it.claimed(await it.pending());
      await it.store.requestCancel('acme', claim.id);
      expect(await it.store.release(claim, failure, 'soon')).toMatchObject({ status: 'cancelled' });
      expect((await rowOf(claim))?.status).toBe('cancelled');
    });

    test('releases it for a retry with the reason, and keeps what it found', async () => {
      const work = await it.pending();
      const claim = await it.claimed(work);
      const retryAt = iso(NIGHT + 5 * LEASE);
      await it.store.heartbeat(claim, sample.findings);
      expect(await it.store.release(claim, failure, retryAt)).toMatchObject({ status: 'pending' });
      const row = await rowOf(claim);
      expect(row).toMatchObject({
        status: 'pending',
        attempt: 1,
        error: failure,
        retryAt,
        ...sample.lasting,
      });
      for (const name of ['progress', 'leaseUntil']) expect(row).not.toHaveProperty(name);
      expect((await it.claimed(work)).attempt).toBe(2);
    });

    test('completes it, and leaves nothing of the work behind', async () => {
      const work = await it.pending();
      await it.store.release(await it.claimed(work), failure, 'soon');
      it.pass(5000);
      const claim = await it.claimed(work);
      await it.store.heartbeat(claim, sample.findings);
      it.pass(7000);
      const result = sample.result(it.now());
      expect(await it.store.complete(claim, result)).toEqual(await rowOf(claim));
      const row = await rowOf(claim);
      expect(row).toMatchObject({
        ...work,
        ...sample.lasting,
        ...result,
        status: 'completed',
        attempt: 2,
        startedAt: iso(NIGHT + 5000),
        completedAt: iso(NIGHT + 12_000),
      });
      for (const name of ['error', 'progress', 'leaseUntil', 'retryAt', 'ttl'])
        expect(row).not.toHaveProperty(name);
    });

    test('fails it with what was found', async () => {
      const claim = await it.claimed(await it.pending());
      const failed = {
        ...sample.findings,
        status: 'failed',
        error: failure,
        completedAt: iso(NIGHT),
      };
      expect(await it.store.fail(claim, failure, sample.findings)).toMatchObject(failed);
      expect(await rowOf(claim)).toMatchObject(failed);
    });

    test('gets the same answer if a write is sent a second time', async () => {
      const writes: ((claim: Claim) => Promise<unknown>)[] = [
        complete,
        (claim) => it.store.fail(claim, failure, sample.findings),
        (claim) => it.store.cancel(claim),
        (claim) => it.store.release(claim, failure, 'soon'),
      ];
      for (const write of writes) {
        const claim = await it.claimed(await it.pending());
        expect(await write(claim)).toEqual(await rowOf(claim));
        expect(await write(claim)).toEqual(await rowOf(claim));
      }
    });
  });

  describe('a worker that lost its claim', () => {
    const writes: Record<string, (claim: Claim) => Promise<unknown>> = {
      heartbeat: async (claim) => {
        const held = await it.store.heartbeat(claim, sample.findings);
        return held === 'lost' ? undefined : held;
      },
      complete,
      fail: (claim) => it.store.fail(claim, failure, sample.findings),
      cancel: (claim) => it.store.cancel(claim),
      release: (claim) => it.store.release(claim, failure, 'soon'),
    };

    test.each(Object.keys(writes))('can change nothing: %s', async (name) => {
      const write = writes[name] ?? (() => Promise.reject(new Error(name)));
      const taken = await it.claimed(await it.pending());
      it.pass(LEASE);
      await it.claimed(taken);

      const givenUp = await it.claimed(await it.pending());
      it.pass(LEASE);
      await it.store.failAbandoned('acme', givenUp.id, { name: 'Died', message: 'It died.' });

      for (const claim of [taken, givenUp]) {
        const before = await rowOf(claim);
        expect(await write(claim)).toBeUndefined();
        expect(await rowOf(claim)).toEqual(before);
      }
      const gone = sample.row(NIGHT);
      expect(await write({ projectId: 'acme', id: gone.id, attempt: 1 })).toBeUndefined();
      expect(await it.store.get('acme', gone.id)).toBeUndefined();
    });

    test('to an attempt that ended just the same has not ended it', async () => {
      const work = await it.pending();
      const lost = await it.claimed(work);
      it.pass(LEASE);
      await complete(await it.claimed(work));
      expect(await complete(lost)).toBeUndefined();
    });
  });

  describe('no worker on it', () => {
    test('it fails once, but not while a lease runs or after its end', async () => {
      const claim = await it.claimed(await it.pending());
      const fail = () => it.store.failAbandoned('acme', claim.id, failure, sample.findings);
      it.pass(LEASE - 1);
      expect(await fail()).toBeUndefined();
      it.pass(1);
      expect(await fail()).toMatchObject({ status: 'failed' });
      expect(await rowOf(claim)).toMatchObject({
        ...sample.findings,
        status: 'failed',
        error: failure,
      });
      expect(await fail()).toBeUndefined();
      expect(await it.store.heartbeat(claim)).toBe('lost');
      const waiting = await it.pending();
      expect(await it.store.failAbandoned('acme', waiting.id, failure)).toMatchObject({
        status: 'failed',
        attempt: 0,
      });
      const missing = sample.row(NIGHT);
      expect(await it.store.failAbandoned('acme', missing.id, failure)).toBeUndefined();
      expect(await it.store.get('acme', missing.id)).toBeUndefined();
    });

    test('it is completed once, with the outcome found afterwards, but not while a lease runs', async () => {
      const work = await it.pending();
      await it.store.release(await it.claimed(work), failure, 'soon');
      const claim = await it.claimed(work);
      const result = sample.result(NIGHT + LEASE);
      const end = () => it.store.completeAbandoned('acme', claim.id, result);
      it.pass(LEASE - 1);
      expect(await end()).toBeUndefined();
      it.pass(1);
      expect(await end()).toMatchObject({ status: 'completed' });
      const row = await rowOf(claim);
      expect(row).toMatchObject({
        ...result,
        status: 'completed',
        attempt: 2,
        completedAt: iso(NIGHT + LEASE),
      });
      for (const name of ['error', 'leaseUntil']) expect(row).not.toHaveProperty(name);
      expect(await end()).toBeUndefined();
      expect(await it.store.failAbandoned('acme', claim.id, failure)).toBeUndefined();
    });

    test('it is queued again with its attempts, unless a cancel was requested', async () => {
      const work = await it.pending();
      await it.claimed(work);
      expect(await it.store.requeue('acme', work.id)).toBeUndefined();
      it.pass(LEASE);
      const again = { status: 'pending', attempt: 1, queuedAt: iso(NIGHT + LEASE) };
      expect(await it.store.requeue('acme', work.id)).toMatchObject(again);
      expect(await it.store.get('acme', work.id)).toMatchObject(again);
      await it.claimed(work);
      await it.store.requestCancel('acme', work.id);
      it.pass(LEASE);
      expect(await it.store.requeue('acme', work.id)).toBeUndefined();
      expect((await it.store.get('acme', work.id))?.status).toBe('cancelled');
    });

    test('a cancel request ends one that waits, or whose worker died after it was asked to stop', async () => {
      const waiting = await it.pending();
      expect(await it.store.requestCancel('acme', waiting.id)).toBe('cancelled');
      const dead = await it.pending();
      await it.claimed(dead);
      await it.store.requestCancel('acme', dead.id);
      it.pass(LEASE);
      for (const { id } of [waiting, dead])
        expect(await it.store.claim('acme', id)).toEqual({ kind: 'final', status: 'cancelled' });
    });

    test('a cancel request for ended work is answered with its status, and creates nothing', async () => {
      const done = await it.claimed(await it.pending());
      await complete(done);
      expect(await it.store.requestCancel('acme', done.id)).toBe('completed');
      const missing = sample.row(NIGHT);
      expect(await it.store.requestCancel('acme', missing.id)).toBeUndefined();
      expect(await it.store.get('acme', missing.id)).toBeUndefined();
    });
  });

  test('open work is listed by what it waits for, until its end was reported', async () => {
    const made = [];
    for (let index = 0; index < 20; index += 1)
      made.push(await it.pending({ projectId: `project-${index}` }));
    const ids = made.map(({ id }) => id).sort();
    expect(await it.openIds('pending')).toEqual(ids);
    // A report that is too early must not hide it.
    for (const { projectId, id } of made.slice(0, 1)) await it.store.markNotified(projectId, id);
    expect(await it.openIds('pending')).toEqual(ids);
    const claims = await Promise.all(made.map(it.claimed));
    expect([await it.openIds('pending'), await it.openIds('in-progress')]).toEqual([[], ids]);
    for (const [index, claim] of claims.entries()) {
      if (index % 3 === 0) await it.store.fail(claim, failure);
      else if (index % 3 === 1) await it.store.cancel(claim);
      else await complete(claim);
    }
    expect([await it.openIds('in-progress'), await it.openIds('unnotified')]).toEqual([[], ids]);
    for await (const open of it.store.open('unnotified'))
      expect(Object.keys(open)).toEqual(
        expect.arrayContaining(['attempt', 'completedAt', 'createdAt', 'queuedAt', 'source']),
      );
    for (const { projectId, id } of made) await it.store.markNotified(projectId, id);
    expect(await it.openIds('unnotified')).toEqual([]);
    for (const { projectId, id } of made)
      expect(await it.store.get(projectId, id)).toMatchObject({ toldAt: iso(NIGHT) });
    const missing = sample.row(NIGHT);
    await it.store.markNotified('acme', missing.id);
    expect(await it.store.get('acme', missing.id)).toBeUndefined();
  });
};

overAllStores(contract);
