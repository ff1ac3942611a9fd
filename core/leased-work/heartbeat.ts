import { TIMES } from '../contract.ts';
import { Cancelled, ClaimLost } from '../errors/work.ts';
import type { Log } from '../ports.ts';
import type { Claim, Findings, WorkStore } from './store.ts';
import type { LeasedWork, WorkName } from './work.ts';

/**
 * Keeps a claim during the work. Every 20 s it renews the lease and keeps the message hidden; every 4 s it looks for a
 * cancellation. If it can't renew the lease in time, the claim is lost: the worker stops by its own clock, before another one
 * may begin.
 */
export interface Heartbeat<W extends LeasedWork> {
  readonly name: WorkName;
  readonly store: Pick<WorkStore<W>, 'heartbeat' | 'get'>;
  readonly claim: Claim;
  /** What the next renewal writes. */
  readonly findings: () => Findings<W> | undefined;
  /** Keeps the message hidden. */
  readonly hide: (seconds: number) => Promise<void>;
  /** Called once, at most, with ClaimLost or Cancelled. */
  readonly stop: (error: Error) => void;
  readonly log: Log;
}

/** Together with the time that a child process gets to end, a cancellation takes at most 10 s. */
const LOOK_MS = 4000;
/** The worker stops before another one may begin. */
const HELD_MS = (TIMES.leaseSeconds - 5) * 1000;
const LOOKS_PER_BEAT = Math.round((TIMES.heartbeatSeconds * 1000) / LOOK_MS);

/** Returns the function that ends the heartbeat. */
export const keepClaim = <W extends LeasedWork>(heart: Heartbeat<W>): (() => void) => {
  const { name, store, claim, log } = heart;
  let ended = false;
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  let leaseTimer: NodeJS.Timeout | undefined;

  const end = (why: 'cancelling' | 'lost'): void => {
    if (ended) return;
    ended = true;
    heart.stop(why === 'lost' ? new ClaimLost(name, claim.id) : new Cancelled(name, claim.id));
  };

  /**
   * Uses a clock that never jumps: the lease in the row is wall time, but the time that we have held it is not. It has its own
   * timer, because a beat may hang.
   */
  const holdFrom = (renewedAt: number): void => {
    clearTimeout(leaseTimer);
    const left = HELD_MS - (performance.now() - renewedAt);
    leaseTimer = setTimeout(() => end('lost'), Math.max(0, left));
  };
  holdFrom(performance.now());

  const beat = async (): Promise<void> => {
    const begun = performance.now();
    const held = await store.heartbeat(claim, heart.findings());
    if (held !== 'held') return end(held);
    // The work has ended meanwhile, and has set when its message is delivered again.
    if (ended) return;
    holdFrom(begun);
    await heart.hide(TIMES.visibilityWhileWorkingSeconds);
  };

  const look = async (): Promise<void> => {
    const row = await store.get(claim.projectId, claim.id);
    // After a request to cancel, no other attempt can begin; before it, one may have begun.
    if (row && row.attempt !== claim.attempt) return end('lost');
    if (row?.cancelRequested) end('cancelling');
  };

  const tick = async (): Promise<void> => {
    looks += 1;
    try {
      if (looks % LOOKS_PER_BEAT === 0) await beat();
      else await look();
    } catch (error) {
      log.warn('heartbeat failed', {
        id: claim.id,
        error: error instanceof Error ? error.name : 'Error',
      });
    }
    if (!ended) timer = setTimeout(() => void tick(), LOOK_MS);
  };
  timer = setTimeout(() => void tick(), LOOK_MS);

  return () => {
    ended = true;
    clearTimeout(timer);
    clearTimeout(leaseTimer);
  };
};
