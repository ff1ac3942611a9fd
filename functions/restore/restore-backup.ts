import { RESTORES } from '../../core/leased-work/kinds.ts';
import {
  type Delivery,
  type Disposition,
  workMessage,
} from '../../core/leased-work/work-message.ts';
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
  delivery: Delivery,
): Promise<Disposition<Restore>> => {
  const { restores: store, queue, clock, log } = ports;
  return workMessage<Restore, Partial<Restore>>(
    { store, queue, clock, log },
    {
      kind: RESTORES,
      work: async (claimed, context) => {
        const restore = await withMarkerSecret(claimed, context);
        return await loggingNotOwned(ports, restore, () =>
          restore.mode === 'undo'
            ? undoSwap(ports, options, restore, context)
            : runRestore(ports, options, restore, context),
        );
      },
      recover: (restore) => recoverOutcome(ports, restore),
      ended: (restore) => ports.outcomes.send(RESTORES.outcomeOf(restore)),
    },
    delivery,
  );
};
