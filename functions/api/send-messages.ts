import type { WorkKind } from '../../core/leased-work/kinds.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { LeasedWork, WorkRef } from '../../core/leased-work/work.ts';
import type { Api } from './ports.ts';

/**
 * Sends the message of a pending row. Never rejects, because the row decides: sweep sends a message for every row that has waited
 * too long.
 * @param queue undefined if the configuration no longer has one
 */
export const sendRequest = async (
  { ports: { log } }: Api,
  { idName }: Pick<WorkKind<LeasedWork>, 'idName'>,
  queue: Pick<WorkQueue, 'send'> | undefined,
  { projectId, id }: WorkRef,
): Promise<void> => {
  const facts = { [idName]: id };
  try {
    const unsent = await queue?.send([{ projectId, id }]);
    if (!unsent || unsent.length)
      log.warn('the queue did not accept the request; sweep sends it', facts);
  } catch (error) {
    log.error('the request could not be sent; sweep sends it', { ...facts, error });
  }
};

/** Reports the end of a cancelled row. Never rejects, because sweep reports what was not reported here. */
export const reportCancelled = async (
  { ports: { log, outcomes } }: Api,
  { idName, outcomeOf }: Pick<WorkKind<LeasedWork>, 'idName' | 'outcomeOf'>,
  cancelled: WorkRef & { readonly runId?: string },
): Promise<void> => {
  try {
    await outcomes?.send(outcomeOf(cancelled));
  } catch (error) {
    const facts = { [idName]: cancelled.id, error };
    log.error('a cancellation could not be reported; sweep reports it', facts);
  }
};
