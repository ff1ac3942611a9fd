import { millis } from '../../core/backup.ts';
import { inParallel } from '../../core/parallel.ts';
import { isDue } from './due.ts';
import { MINUTE, portionsOf, type Step, type SweepPorts } from './step.ts';

const GRACE = 10 * MINUTE;
const AT_ONCE = 16;

/**
 * Backups that ended without anybody being told: the worker died after its last write, or nobody could be reached. Where it
 * died that early, the move of `ttl` may be missing too, so it is replayed.
 */
export const sweepUnnotified = async (ports: SweepPorts, step: Step): Promise<void> => {
  const { history, outcomes } = ports;
  for await (const portion of portionsOf(history.open('untold'), 200)) {
    if (!step.hasTime()) return;
    await inParallel(portion, AT_ONCE, (backup) =>
      step.attempt(async () => {
        const { projectId, id, runId, status } = backup;
        const waited = step.now - millis(backup.completedAt ?? backup.queuedAt);
        if (waited < GRACE || !isDue(waited)) return;
        if (status === 'completed') await history.settleRetention(projectId);
        const message = { kind: 'backup' as const, projectId, backupId: id };
        await outcomes.send({ ...message, ...(runId && { runId }) });
        step.count('outcomesSentAgain');
      }),
    );
  }
};
