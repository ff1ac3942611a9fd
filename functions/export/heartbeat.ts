import type { Progress } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { Cancelled, ClaimLost } from '../../core/errors.ts';
import type { Claim, History, Log } from '../../core/ports.ts';

/**
 * Keeps a claim while its work goes on: every 20 s it renews the lease, writes the progress and keeps the message
 * hidden; every 5 s it looks for a cancellation. A claim that can't be renewed before its lease ends is lost: the
 * worker stops by its own clock, before another may begin.
 */
export interface HeartbeatPorts {
  readonly history: Pick<History, 'heartbeat' | 'get'>;
  /** Keeps the message hidden. */
  readonly hide: (seconds: number) => Promise<void>;
  readonly log: Log;
}

const LOOK_MS = 5000;
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
  // A clock that never jumps: the lease in the row is wall time, but how long we have held it is not.
  let renewedAt = performance.now();

  const finish = (error: Error): void => {
    if (ended) return;
    ended = true;
    stop(error);
  };

  const beat = async (): Promise<void> => {
    const begun = performance.now();
    const answer = await ports.history.heartbeat(claim, progress());
    if (answer === 'lost') return finish(new ClaimLost(claim.backupId));
    if (answer === 'cancelling') return finish(new Cancelled(claim.backupId));
    renewedAt = begun;
    await ports.hide(TIMES.visibilityWhileWorkingSeconds);
  };

  const look = async (): Promise<void> => {
    const row = await ports.history.get(claim.projectId, claim.backupId);
    if (row?.cancelRequested) finish(new Cancelled(claim.backupId));
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
    if ((performance.now() - renewedAt) / 1000 > TIMES.leaseSeconds - 5)
      finish(new ClaimLost(claim.backupId));
    if (!ended) timer = setTimeout(() => void tick(), LOOK_MS);
  };
  timer = setTimeout(() => void tick(), LOOK_MS);

  return () => {
    ended = true;
    clearTimeout(timer);
  };
};
