import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { TIMES } from '../../../core/contract.ts';
import { BackupNotFound } from '../../../core/errors/request.ts';
import { SourceUnreachable } from '../../../core/errors/source.ts';
import { MessageBuried } from '../../../core/errors/work.ts';
import {
  BACKUPS,
  RESTORES,
  VERIFICATIONS,
  type WorkKind,
} from '../../../core/leased-work/kinds.ts';
import type { Findings } from '../../../core/leased-work/store.ts';
import { giveUp } from '../../../core/leased-work/unattended.ts';
import { isFinal, type LeasedWork } from '../../../core/leased-work/work.ts';
import { type Disposition, workMessage } from '../../../core/leased-work/work-message.ts';
import type { OutcomeMessage } from '../../../core/messages.ts';
import { NIGHT, silent } from '../../support/backups.ts';
import { BACKUP_SAMPLE, RESTORE_SAMPLE, type Sample, VERIFICATION_SAMPLE } from './stores.ts';

/** From message to final row, the same for the three kinds. Workers that die are promises that never settle. */
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The course of an attempt; `dies-done` has done its work and wrote no row, which `recover` finds out. */
type Fate = 'completes' | 'fails' | 'fails-for-now' | 'dies' | 'dies-done';
const DELAYS: readonly number[] = TIMES.retryDelaysSeconds;
const LEASE = TIMES.leaseSeconds * 1000;
const never = () => new Promise<never>(() => undefined);

const openLife = async <W extends LeasedWork, R extends Findings<W>>(
  sample: Sample<W, R>,
  kind: WorkKind<W>,
) => {
  let now = NIGHT;
  const clock = () => now;
  const store = sample.inMemory(clock);
  const work = sample.row(now);
  const { projectId, id } = work;
  await store.create(work);
  const outcomes: OutcomeMessage[] = [];
  const hidden: number[] = [];
  let done = false;
  let running = 0;
  /** Undefined if the worker died, so that it reports nothing. */
  const deliver = async (
    fate: Fate,
    during?: () => Promise<unknown>,
  ): Promise<Disposition<W> | undefined> => {
    const result = workMessage<W, R>(
      {
        store,
        queue: { hide: async (_, seconds) => void hidden.push(seconds) },
        clock,
        log: silent,
      },
      {
        kind,
        work: async () => {
          running += 1;
          await during?.();
          if (fate === 'dies-done') done = true;
          if (fate === 'dies' || fate === 'dies-done') return await never();
          if (fate === 'fails') throw new BackupNotFound(projectId, id);
          if (fate === 'fails-for-now') throw new SourceUnreachable('main', 'no answer');
          return sample.result(now);
        },
        recover: async () => (done ? sample.result(now) : undefined),
        ended: async (ended) => void outcomes.push(kind.outcomeOf(ended)),
      },
      { projectId, id, receiptHandle: 'receipt', remainingMs: 900_000 },
    );
    const before = running;
    const settled = await Promise.race([
      result,
      vi.advanceTimersByTimeAsync(0).then(() => undefined),
    ]);
    // An attempt that began may hang; every other message has been handled.
    return settled ?? (running > before && fate.startsWith('dies') ? undefined : await result);
  };
  return {
    store,
    outcomes,
    hidden,
    deliver,
    pass: (ms: number) => {
      now += ms;
    },
    row: async (): Promise<W> => {
      const row = await store.get(projectId, id);
      if (!row) throw new Error('the row is gone');
      return row;
    },
    requestCancel: () => store.requestCancel(projectId, id),
    requeue: () => store.requeue(projectId, id),
    buried: () =>
      giveUp(
        { outcomes: { send: async (message) => void outcomes.push(message) }, log: silent },
        { kind, store },
        work,
        new MessageBuried(kind.name, 'it was received too often'),
      ),
  };
};

const suite = <W extends LeasedWork, R extends Findings<W>>(
  sample: Sample<W, R>,
  kind: WorkKind<W>,
  job: string,
) => {
  type Life = Awaited<ReturnType<typeof openLife<W, R>>>;
  let it: Life;
  beforeEach(async () => {
    it = await openLife(sample, kind);
  });

  test('an attempt that succeeds completes it, hides its message while it works, and reports it', async () => {
    expect(await it.deliver('completes')).toMatchObject({
      message: 'done',
      work: { status: 'completed', attempt: 1 },
    });
    expect(it.hidden).toEqual([TIMES.visibilityWhileWorkingSeconds]);
    expect(it.outcomes).toEqual([kind.outcomeOf(await it.row())]);
  });

  test('a temporary error is tried again after 1, then 5 minutes, and is final the third time', async () => {
    for (const delay of DELAYS.slice(0, 2)) {
      it.hidden.length = 0;
      expect(await it.deliver('fails-for-now')).toMatchObject({ message: 'again' });
      expect(it.hidden.at(-1)).toBe(delay);
      expect(it.outcomes).toEqual([]);
    }
    expect(await it.row()).toMatchObject({ retryAt: iso(NIGHT + 300_000) });
    expect(await it.deliver('fails-for-now')).toMatchObject({ message: 'done' });
    expect(await it.row()).toMatchObject({
      status: 'failed',
      attempt: 3,
      error: { name: 'SourceUnreachable' },
    });
    expect(it.outcomes).toHaveLength(1);
  });

  test('a permanent error fails it at once', async () => {
    expect(await it.deliver('fails')).toMatchObject({ message: 'done' });
    expect(await it.row()).toMatchObject({ status: 'failed', error: { name: 'BackupNotFound' } });
  });

  test('a temporary error is not tried again after a cancel request: the work is cancelled and reported', async () => {
    expect(await it.deliver('fails-for-now', it.requestCancel)).toMatchObject({
      message: 'done',
      work: { status: 'cancelled', attempt: 1 },
    });
    expect(it.outcomes).toEqual([kind.outcomeOf(await it.row())]);
  });

  test('a second message during the work waits for the lease, and changes nothing', async () => {
    await it.deliver('dies');
    const before = await it.row();
    expect(await it.deliver('completes')).toMatchObject({ message: 'again' });
    expect(it.hidden.at(-1)).toBe(TIMES.leaseSeconds);
    expect(await it.row()).toEqual(before);
  });

  test('three workers that die end it, with the error name of its kind', async () => {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await it.deliver('dies');
      it.pass(LEASE);
    }
    expect(await it.deliver('completes')).toMatchObject({ message: 'done' });
    expect(await it.row()).toMatchObject({
      status: 'failed',
      attempt: 3,
      error: { name: `${job}WorkerDied` },
      ...kind.findingsOf?.((await it.row()).error ?? { name: '', message: '' }),
    });
    expect(it.outcomes).toHaveLength(1);
  });

  test('the finished work of the last of three dead workers counts', async () => {
    for (const fate of ['dies', 'dies', 'dies-done'] as const) {
      await it.deliver(fate);
      it.pass(LEASE);
    }
    expect(await it.deliver('completes')).toMatchObject({
      message: 'done',
      work: { status: 'completed', attempt: 3 },
    });
  });

  test('an outcome that cannot be sent does not undo it', async () => {
    it.outcomes.push = () => {
      throw new Error('SQS is down');
    };
    expect(await it.deliver('completes')).toMatchObject({ message: 'done' });
    expect((await it.row()).status).toBe('completed');
  });

  test('a message that was given up fails it, unless a worker holds it', async () => {
    await it.deliver('dies');
    expect(await it.buried()).toBe(false);
    it.pass(LEASE);
    expect(await it.buried()).toBe(true);
    expect(await it.row()).toMatchObject({
      status: 'failed',
      error: { name: `${job}MessageBuried` },
    });
    // Repeated if the first handler died before the report, but not after it.
    expect(await it.buried()).toBe(true);
    const { projectId, id } = await it.row();
    await it.store.markNotified(projectId, id);
    expect(await it.buried()).toBe(false);
    expect(it.outcomes).toHaveLength(2);
  });

  test('whatever happens to its messages and workers, it ends once, and is reported', async () => {
    const event = fc.oneof(
      fc.constantFrom<Fate>('completes', 'fails', 'fails-for-now', 'dies', 'dies-done'),
      fc.constantFrom('cancel', 'requeue', 'bury'),
      fc.constantFrom(1000, LEASE - 1, LEASE, 6 * LEASE),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 20 }), async (events) => {
        const life = await openLife(sample, kind);
        let ended: W | undefined;
        const happen = async (what: (typeof events)[number]): Promise<void> => {
          if (typeof what === 'number') life.pass(what);
          else if (what === 'cancel') await life.requestCancel();
          else if (what === 'requeue') await life.requeue();
          else if (what === 'bury') await life.buried();
          else await life.deliver(what);
          const row = await life.row();
          expect(row.attempt).toBeLessThanOrEqual(TIMES.maxAttempts);
          if (ended) expect(row).toEqual(ended);
          else if (isFinal(row.status)) ended = row;
        };
        for (const what of events) await happen(what);
        // The message is delivered again until the row is final, by its queue and by sweep.
        for (let round = 0; round < 4 && !ended; round += 1) {
          await happen(LEASE);
          await happen('completes');
        }
        expect(ended).toBeDefined();
        const { status } = await life.row();
        // If it is cancelled while it waits, the one that cancels reports it, or sweep does.
        if (status !== 'cancelled') expect(life.outcomes.length).toBeGreaterThan(0);
        expect((await life.deliver('completes'))?.message).toBe('done');
      }),
      { numRuns: 200 },
    );
  });
};

describe('a backup', () => suite(BACKUP_SAMPLE, BACKUPS, ''));
describe('a restore', () => suite(RESTORE_SAMPLE, RESTORES, 'Job'));
describe('a verification', () => suite(VERIFICATION_SAMPLE, VERIFICATIONS, 'Job'));
