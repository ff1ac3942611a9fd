import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { type Heartbeat, keepClaim } from '../../../core/leased-work/heartbeat.ts';
import { pendingBackup, silent } from '../../support/backups.ts';

/** With a clock that the tests move: a lease is a minute. */
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const SECOND = 1000;
const CLAIM = { projectId: 'acme', id: 'x', attempt: 1 };
const never = () => new Promise<never>(() => undefined);

/** Starts one whose history gives set answers, and records why it was stopped. */
const start = (history: Partial<Heartbeat<Backup>['store']>, hide = async () => undefined) => {
  const row: Backup = pendingBackup({ attempt: 1, status: 'in-progress' });
  const reasons: string[] = [];
  const end = keepClaim<Backup>({
    name: 'backup',
    store: { get: async () => row, heartbeat: async () => 'held', ...history },
    claim: CLAIM,
    findings: () => undefined,
    hide,
    stop: ({ name }) => reasons.push(name),
    log: silent,
  });
  return { reasons, end };
};

test('a claim that is renewed is kept for as long as the work runs', async () => {
  const { reasons, end } = start({});
  await vi.advanceTimersByTimeAsync(800 * SECOND);
  expect(reasons).toEqual([]);
  end();
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['gives no answer', never],
  ['answers with an error', () => Promise.reject(new Error('x'))],
])('a claim is given up before its lease ends if the history %s', async (_, silence) => {
  const { reasons } = start({ heartbeat: silence, get: silence });
  await vi.advanceTimersByTimeAsync(54 * SECOND);
  expect(reasons).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect(reasons).toEqual(['ClaimLost']);
  await vi.advanceTimersByTimeAsync(300 * SECOND);
  expect(reasons).toEqual(['ClaimLost']);
});

test('a message that cannot be hidden costs no claim', async () => {
  const { reasons } = start({}, () => Promise.reject(new Error('x')));
  await vi.advanceTimersByTimeAsync(300 * SECOND);
  expect(reasons).toEqual([]);
});

test('a renewal in progress when the work ends no longer hides the message, and leaves no timer', async () => {
  const hide = vi.fn(async () => undefined);
  let answer: (held: 'held') => void = () => undefined;
  const { end } = start(
    {
      heartbeat: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    },
    hide,
  );
  await vi.advanceTimersByTimeAsync(21 * SECOND);
  end();
  answer('held');
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(hide).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('a cancel request is seen within 5 s, and between two renewals', async () => {
  const { reasons } = start({
    get: async () => pendingBackup({ attempt: 1, status: 'in-progress', cancelRequested: true }),
  });
  await vi.advanceTimersByTimeAsync(5 * SECOND);
  expect(reasons).toEqual(['Cancelled']);
});

test("another attempt's cancel request is not ours: the claim is lost", async () => {
  const { reasons } = start({
    get: async () => pendingBackup({ attempt: 2, status: 'in-progress', cancelRequested: true }),
  });
  await vi.advanceTimersByTimeAsync(5 * SECOND);
  expect(reasons).toEqual(['ClaimLost']);
});
