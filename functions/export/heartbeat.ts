import type { Progress } from '../../core/backup.ts';
import { Cancelled, ClaimLost } from '../../core/errors/work.ts';
import { keepClaim } from '../../core/heartbeat.ts';
import type { Claim, History } from '../../core/history-ports.ts';
import type { Log } from '../../core/ports.ts';

/** The heartbeat of an export: it writes the progress, and stops the export by name. */
export interface HeartbeatPorts {
  readonly history: Pick<History, 'heartbeat' | 'get'>;
  /** Keeps the message hidden. */
  readonly hide: (seconds: number) => Promise<void>;
  readonly log: Log;
}

/** Calls `stop` once with ClaimLost or Cancelled. Returns the function that ends it. */
export const startHeartbeat = (
  { history, hide, log }: HeartbeatPorts,
  claim: Claim,
  progress: () => Progress | undefined,
  stop: (error: Error) => void,
): (() => void) =>
  keepClaim({
    id: claim.backupId,
    beat: () => history.heartbeat(claim, progress()),
    look: async () => {
      const row = await history.get(claim.projectId, claim.backupId);
      // Once a cancellation is asked for, no other attempt can begin; before that, one may have.
      if (row && row.attempt !== claim.attempt) return 'lost';
      return row?.cancelRequested ? 'cancelling' : 'held';
    },
    hide,
    onEnd: (why) =>
      stop(why === 'lost' ? new ClaimLost(claim.backupId) : new Cancelled(claim.backupId)),
    log,
  });
