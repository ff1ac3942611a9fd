import type { Progress } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { Cancelled, ClaimLost } from '../../core/errors.ts';
import type { Claim, History, Log } from '../../core/ports.ts';

/**
 * Keeps a claim while its work goes on: every 20 s it renews the lease, writes the progress and keeps the message
 * hidden; every 4 s it looks for a cancellation. A claim that can't be renewed before its lease ends is lost: the
 * worker stops by its own clock, before another may begin.
 */
export interface HeartbeatPorts {
  readonly history: Pick<History, 'heartbeat' | 'get'>;
  /** Keeps the message hidden. */
  readonly hide: (seconds: number) => Promise<void>;
  readonly log: Log;
}

/** With the time that pg_dump is given to end: a cancellation is done within 10 s. */
const LOOK_MS = 4000;
/** Stops before another may begin. */
const HELD_MS = (TIMES.leaseSeconds - 5) * 1000;
const LOOKS_PER_BEAT = Math.round((TIMES.heartbeatSeconds * 1000) / LOOK_MS);

/** Calls `stop` once with ClaimLost or Cancelled. Returns the function that ends it. */
export const startHeartbeat = (
  ports: HeartbeatPorts,
  claim: Claim,
  progress: () => Progress | undefined,
  stop: (error: Error) => void,
): (() => void) => {
  let ended = false;
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  let leaseTimer: NodeJS.Timeout | undefined;

  const finish = (error: Error): void => {
    if (ended) return;
    ended = true;
    stop(error);
  };

  /**
   * By a clock that never jumps: the lease in the row is wall time, but how long we have held it is not. A timer of its
   * own, since a beat may hang.
   */
  const holdFrom = (renewedAt: number): void => {
    clearTimeout(leaseTimer);
    const left = HELD_MS - (performance.now() - renewedAt);
    leaseTimer = setTimeout(() => finish(new ClaimLost(claim.backupId)), Math.max(0, left));
  };
  holdFrom(performance.now());

  const beat = async (): Promise<void> => {
    const begun = performance.now();
    const answer = await ports.history.heartbeat(claim, progress());
    if (answer === 'lost') return finish(new ClaimLost(claim.backupId));
    if (answer === 'cancelling') return finish(new Cancelled(claim.backupId));
    if (!ended) holdFrom(begun);
    await ports.hide(TIMES.visibilityWhileWorkingSeconds);
  };

  const look = async (): Promise<void> => {
    const row = await ports.history.get(claim.projectId, claim.backupId);
    // Once a cancellation is asked for, no other attempt can begin; before that, one may have.
    if (row && row.attempt !== claim.attempt) finish(new ClaimLost(claim.backupId));
    else if (row?.cancelRequested) finish(new Cancelled(claim.backupId));
  };

  const tick = async (): Promise<void> => {
    looks += 1;
    try {
      if (looks % LOOKS_PER_BEAT === 0) await beat();
      else await look();
    } catch (error) {
      ports.log.warn('heartbeat failed', {
        backupId: claim.backupId,
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
