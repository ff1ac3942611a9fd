import { TIMES } from './contract.ts';
import type { Log } from './ports.ts';

/**
 * Keeps a claim while its work goes on: every 20 s it renews the lease and keeps the message hidden; every 4 s it looks for a
 * cancellation. A claim that can't be renewed before its lease ends is lost: the worker stops by its own clock, before
 * another may begin.
 */
export type Held = 'held' | 'cancelling' | 'lost';

export interface Heartbeat {
  /** Of the row, for the log. */
  readonly id: string;
  /** Renews the lease, and writes what is new. */
  readonly beat: () => Promise<Held>;
  /** Reads only. */
  readonly look: () => Promise<Held>;
  /** Keeps the message hidden. */
  readonly hide: (seconds: number) => Promise<void>;
  readonly onEnd: (why: 'cancelling' | 'lost') => void;
  readonly log: Log;
}

/** With the time that a child is given to end: a cancellation is done within 10 s. */
const LOOK_MS = 4000;
/** Stops before another may begin. */
const HELD_MS = (TIMES.leaseSeconds - 5) * 1000;
const LOOKS_PER_BEAT = Math.round((TIMES.heartbeatSeconds * 1000) / LOOK_MS);

/** Calls `onEnd` once, at most. Returns the function that ends it. */
export const keepClaim = (heart: Heartbeat): (() => void) => {
  let ended = false;
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  let leaseTimer: NodeJS.Timeout | undefined;

  const end = (why: 'cancelling' | 'lost'): void => {
    if (ended) return;
    ended = true;
    heart.onEnd(why);
  };

  /**
   * By a clock that never jumps: the lease in the row is wall time, but how long we have held it is not. A timer of its
   * own, since a beat may hang.
   */
  const holdFrom = (renewedAt: number): void => {
    clearTimeout(leaseTimer);
    const left = HELD_MS - (performance.now() - renewedAt);
    leaseTimer = setTimeout(() => end('lost'), Math.max(0, left));
  };
  holdFrom(performance.now());

  const beat = async (): Promise<void> => {
    const begun = performance.now();
    const held = await heart.beat();
    if (held !== 'held') return end(held);
    if (!ended) holdFrom(begun);
    await heart.hide(TIMES.visibilityWhileWorkingSeconds);
  };

  const look = async (): Promise<void> => {
    const held = await heart.look();
    if (held !== 'held') end(held);
  };

  const tick = async (): Promise<void> => {
    looks += 1;
    try {
      if (looks % LOOKS_PER_BEAT === 0) await beat();
      else await look();
    } catch (error) {
      heart.log.warn('heartbeat failed', {
        id: heart.id,
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
