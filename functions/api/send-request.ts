import type { WorkKind } from '../../core/leased-work/kinds.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { LeasedWork, WorkRef } from '../../core/leased-work/work.ts';
import type { Api } from './ports.ts';

/**
 * Sends the message of a row that waits. Never rejects: the row is written and is what counts, for sweep sends a message for
 * every row that has waited too long.
 * @param queue absent where the configuration has none any more
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
      log.warn('the request was not taken by the queue; sweep sends it', facts);
  } catch (error) {
    log.error('the request could not be sent; sweep sends it', { ...facts, error });
  }
};
