import { MessageBuried } from '../../core/errors/work.ts';
import { giveUp, type UnattendedWork } from '../../core/leased-work/unattended.ts';
import type { LeasedWork } from '../../core/leased-work/work.ts';
import { parseJson } from '../../core/messages.ts';
import type { DeadLetter, DeadLetterPorts } from './ports.ts';

const WHY = 'it was received more often than the queue allows';

/**
 * Fails leased work whose message was dead-lettered, if no worker holds it. Otherwise its worker, or later the sweep, ends it.
 */
export const failWork = async <W extends LeasedWork>(
  ports: DeadLetterPorts,
  work: UnattendedWork<W>,
  { body }: DeadLetter,
): Promise<void> => {
  const { name, task, idName, message } = work.kind;
  const ref = parseJson(`The dead-lettered ${task} request`, message, body);
  if (await giveUp(ports, work, ref, new MessageBuried(name, WHY))) return;
  const { projectId, id } = ref;
  ports.log.info(`the ${name} of a dead letter is final or has a worker; it was not changed`, {
    projectId,
    [idName]: id,
  });
};
