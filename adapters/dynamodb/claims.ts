import type { Claim, ClaimOutcome, History } from '../../core/history-ports.ts';
import { type Lease, makeLeases } from './leases.ts';
import { settleRetention } from './retention.ts';
import { BACKUP_ROWS } from './rows.ts';
import type { HistoryTable } from './table.ts';

/** Claiming a backup and writing it under the claim; a completed one moves its project's retention. */
type Claims = Pick<History, 'claim' | 'heartbeat' | 'complete' | 'fail' | 'cancel' | 'release'>;

const leaseOf = ({ projectId, backupId, attempt }: Claim): Lease => ({
  projectId,
  id: backupId,
  attempt,
});

export const makeClaims = (access: HistoryTable): Claims => {
  const leases = makeLeases(access, BACKUP_ROWS);
  return {
    claim: async (projectId, backupId): Promise<ClaimOutcome> => {
      const outcome = await leases.claim(projectId, backupId);
      if (outcome.kind === 'exhausted') return { kind: 'exhausted', backup: outcome.record };
      if (outcome.kind === 'claimed') {
        const { record: backup } = outcome;
        return { kind: 'claimed', claim: { projectId, backupId, attempt: backup.attempt }, backup };
      }
      // A message that comes again after the end is the sign of a worker that died right after it.
      if (outcome.kind === 'final' && outcome.status === 'completed')
        await settleRetention(access, projectId);
      return outcome;
    },

    heartbeat: (held, progress) => leases.heartbeat(leaseOf(held), { progress }),

    complete: async (held, completion) => {
      const outcome = await leases.complete(
        leaseOf(held),
        { set: { ...completion } },
        (backup) => backup.fileId === completion.fileId,
      );
      if (outcome === 'written') await settleRetention(access, held.projectId);
      return outcome;
    },

    fail: (held, failure) => leases.fail(leaseOf(held), failure),
    cancel: (held) => leases.cancel(leaseOf(held)),
    release: (held, failure, retryAt) => leases.release(leaseOf(held), failure, retryAt),
  };
};
