import { type JobDisposition, type JobTask, workJob } from '../../core/job-work.ts';
import type { RestoreMessage } from '../../core/messages.ts';
import type { Restore } from '../../core/restore.ts';
import { withMarkerSecret } from './marker-secret.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { recoverOutcome } from './recover-outcome.ts';
import { loggingNotOwned } from './restoring-project.ts';
import { runRestore } from './run-restore.ts';
import { undoSwap } from './undo.ts';

/** One message of a restores queue, from claim to final row. */
export const restoreBackup = (
  ports: RestorePorts,
  options: RestoreOptions,
  request: {
    readonly message: RestoreMessage;
    readonly receiptHandle: string;
    /** Milliseconds until the function is stopped. */
    readonly remainingMs: number;
  },
): Promise<JobDisposition<Restore>> => {
  const { projectId, restoreId } = request.message;
  const task: JobTask<Restore> = {
    what: 'restore',
    work: async (claimed, context) => {
      const restore = await withMarkerSecret(claimed, context);
      return await loggingNotOwned(ports, restore, () =>
        restore.mode === 'undo'
          ? undoSwap(ports, options, restore, context)
          : runRestore(ports, options, restore, context),
      );
    },
    done: (restore) => recoverOutcome(ports, restore),
    ended: (restore) => ports.outcomes.send({ kind: 'restore', projectId, restoreId: restore.id }),
  };
  const { restores: jobs, queue, clock, log } = ports;
  return workJob({ jobs, queue, clock, log }, task, {
    projectId,
    jobId: restoreId,
    receiptHandle: request.receiptHandle,
    remainingMs: request.remainingMs,
  });
};
