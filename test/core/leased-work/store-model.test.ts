import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { TIMES } from '../../../core/contract.ts';
import type { Claim, Findings } from '../../../core/leased-work/store.ts';
import type { LeasedWork } from '../../../core/leased-work/work.ts';
import { type OpenStore, overAllStores, type Suite } from './stores.ts';

/** Any order of claims, crashes, pauses, cancellations and repetitions: the row always follows a few rules. */
type Ending = 'completed' | 'failed' | 'cancelled';

interface Model {
  status: 'pending' | 'in-progress' | Ending;
  attempt: number;
  leaseUntil: number;
  cancelRequested: boolean;
  notified: boolean;
  /** Every claim that was ever given. A crashed worker never writes; a slow worker may, at any time. */
  claims: Claim[];
  /** The last write, which may be repeated: by the same attempt, in the same millisecond. */
  last: string | undefined;
}

const FAILURE = { name: 'LockTimeout', message: 'A lock was not free.' };
const DIED = { name: 'WorkerDied', message: 'The worker died.' };
const LEASE = TIMES.leaseSeconds * 1000;
const ENDED: readonly string[] = ['completed', 'failed', 'cancelled'];

interface Real<W extends LeasedWork, R extends Findings<W>> extends OpenStore<W, R> {
  readonly work: W;
  readonly result: (now: number) => R;
}

const suite: Suite = (sample, open, where) => {
  type It = Real<ReturnType<typeof sample.row>, ReturnType<typeof sample.result>>;
  const isAbandoned = (model: Model, now: number): boolean =>
    model.status === 'pending' || (model.status === 'in-progress' && model.leaseUntil <= now);

  const end = (model: Model, status: Ending, write: string): void => {
    model.status = status;
    model.cancelRequested = false;
    model.last = write;
  };

  /** Checks the row after each command. */
  const command = (
    name: string,
    run: (model: Model, it: It) => Promise<void>,
  ): fc.AsyncCommand<Model, It, false> => ({
    check: () => true,
    run: async (model, it) => {
      await run(model, it);
      const row = await it.store.get(it.work.projectId, it.work.id);
      expect({
        status: row?.status,
        attempt: row?.attempt,
        cancelRequested: row?.cancelRequested ?? false,
        leaseUntil: row?.leaseUntil,
        ended: row?.completedAt !== undefined,
        notified: row?.toldAt !== undefined,
      }).toEqual({
        status: model.status,
        attempt: model.attempt,
        cancelRequested: model.cancelRequested,
        leaseUntil: model.status === 'in-progress' ? iso(model.leaseUntil) : undefined,
        ended: ENDED.includes(model.status),
        notified: model.notified,
      });
    },
    toString: () => name,
  });

  const claimOnce = (model: Model, it: It): string => {
    const now = it.now();
    if (ENDED.includes(model.status)) return 'final';
    if (!isAbandoned(model, now)) return 'busy';
    if (model.cancelRequested) {
      end(model, 'cancelled', `cancelled ${model.attempt} ${now}`);
      return 'final';
    }
    if (model.attempt >= TIMES.maxAttempts) return 'exhausted';
    model.status = 'in-progress';
    model.attempt += 1;
    model.leaseUntil = now + LEASE;
    model.last = undefined;
    return 'claimed';
  };

  /** One message, or the same one several times at once. */
  const claim = (deliveries: number) =>
    command(`claim x${deliveries}`, async (model, it) => {
      const { projectId, id } = it.work;
      const expected = Array.from({ length: deliveries }, () => claimOnce(model, it));
      const outcomes = await Promise.all(
        Array.from({ length: deliveries }, () => it.store.claim(projectId, id)),
      );
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(expected.sort());
      for (const outcome of outcomes)
        if (outcome.kind === 'claimed') model.claims.push(outcome.claim);
    });

  const tick = (ms: number) =>
    command(`tick ${ms}`, async (_, it) => {
      it.pass(ms);
    });

  /** The worker is gone: it never writes again. */
  const crash = command('crash', async (model) => {
    model.claims.pop();
  });

  const holder = (model: Model, index: number): Claim | undefined =>
    model.claims[index % Math.max(1, model.claims.length)];
  const holds = (model: Model, held: Claim): boolean =>
    model.status === 'in-progress' && model.attempt === held.attempt;

  const heartbeat = (index: number) =>
    command(`heartbeat of ${index}`, async (model, it) => {
      const held = holder(model, index);
      if (!held) return;
      const expected = !holds(model, held) ? 'lost' : model.cancelRequested ? 'cancelling' : 'held';
      expect(await it.store.heartbeat(held, sample.findings)).toBe(expected);
      if (expected !== 'lost') model.leaseUntil = it.now() + LEASE;
    });

  const endings = {
    completed: (it: It, held: Claim) => it.store.complete(held, it.result(it.now())),
    failed: (it: It, held: Claim) => it.store.fail(held, FAILURE),
    cancelled: (it: It, held: Claim) => it.store.cancel(held),
  };
  const finish = (index: number, status: Ending) =>
    command(`${status} by ${index}`, async (model, it) => {
      const held = holder(model, index);
      if (!held) return;
      const write = `${status} ${held.attempt} ${it.now()}`;
      const written = holds(model, held) || model.last === write;
      const row = await endings[status](it, held);
      expect(row !== undefined).toBe(written);
      if (written) end(model, status, write);
    });

  const release = (index: number) =>
    command(`release by ${index}`, async (model, it) => {
      const held = holder(model, index);
      if (!held) return;
      const now = it.now();
      const write = `released ${held.attempt} ${now}`;
      const cancelled = `cancelled ${held.attempt} ${now}`;
      const isHeld = holds(model, held);
      const repeats = model.last === write || model.last === cancelled;
      const row = await it.store.release(held, FAILURE, iso(now + LEASE));
      if (isHeld && model.cancelRequested) end(model, 'cancelled', cancelled);
      else if (isHeld) {
        model.status = 'pending';
        model.last = write;
      }
      if (isHeld || !repeats) expect(row !== undefined).toBe(isHeld);
    });

  const requestCancel = command('request cancel', async (model, it) => {
    const now = it.now();
    if (isAbandoned(model, now)) end(model, 'cancelled', `cancelled ${model.attempt} ${now}`);
    else if (model.status === 'in-progress') model.cancelRequested = true;
    const status = await it.store.requestCancel(it.work.projectId, it.work.id);
    expect(status).toBe(model.status);
  });

  const requeue = command('requeue', async (model, it) => {
    const now = it.now();
    const isFree = isAbandoned(model, now);
    const row = await it.store.requeue(it.work.projectId, it.work.id);
    expect(row !== undefined).toBe(isFree && !model.cancelRequested);
    if (!isFree) return;
    if (model.cancelRequested) end(model, 'cancelled', `cancelled ${model.attempt} ${now}`);
    else {
      model.status = 'pending';
      model.last = undefined;
    }
  });

  const failAbandoned = command('give up', async (model, it) => {
    const isFree = isAbandoned(model, it.now());
    const row = await it.store.failAbandoned(it.work.projectId, it.work.id, DIED);
    expect(row !== undefined).toBe(isFree);
    if (isFree) end(model, 'failed', 'given up');
  });

  const completeAbandoned = command('recover', async (model, it) => {
    const now = it.now();
    const isFree = isAbandoned(model, now);
    const { projectId, id } = it.work;
    const row = await it.store.completeAbandoned(projectId, id, it.result(now));
    expect(row !== undefined).toBe(isFree);
    if (isFree) end(model, 'completed', `completed ${model.attempt} ${now}`);
  });

  const tell = command('tell', async (model, it) => {
    await it.store.markNotified(it.work.projectId, it.work.id);
    if (ENDED.includes(model.status)) model.notified = true;
  });

  const index = fc.nat(2);
  const commands = fc.commands<Model, It, false>(
    [
      fc.constantFrom(1, 1, 3).map(claim),
      fc.constantFrom(1, 1, 3).map(claim),
      fc.constantFrom(1, 1000, LEASE - 1, LEASE, LEASE + 1).map(tick),
      fc.constant(tick(LEASE)),
      fc.constant(crash),
      index.map(heartbeat),
      fc
        .tuple(index, fc.constantFrom<Ending>('completed', 'failed', 'cancelled'))
        .map(([by, status]) => finish(by, status)),
      index.map(release),
      fc.constant(requestCancel),
      fc.constant(requeue),
      fc.constant(failAbandoned),
      fc.constant(completeAbandoned),
      fc.constant(tell),
    ],
    { maxCommands: 30 },
  );

  test('a row always follows a few rules, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const it = await open();
        const work = await it.pending();
        const model: Model = {
          status: 'pending',
          attempt: 0,
          leaseUntil: 0,
          cancelRequested: false,
          notified: false,
          claims: [],
          last: undefined,
        };
        await fc.asyncModelRun(
          () => ({ model, real: { ...it, work, result: sample.result } }),
          sequence,
        );
        const listed = await Promise.all(
          (['pending', 'in-progress', 'unnotified'] as const).map(it.openIds),
        );
        const states = ['pending', 'in-progress', model.notified ? 'notified' : 'unnotified'];
        const state = ENDED.includes(model.status) ? states[2] : model.status;
        expect(listed).toEqual(
          ['pending', 'in-progress', 'unnotified'].map((one) => (one === state ? [work.id] : [])),
        );
      }),
      { numRuns: where === 'memory' ? 500 : 25 },
    );
  });
};

overAllStores(suite);
