import { iso } from '../../core/backup.ts';
import { describeError } from '../../core/errors/base.ts';
import { JobMessageBuried } from '../../core/errors/work.ts';
import { parseJson, restoreMessage, verificationMessage } from '../../core/messages.ts';
import { notRun } from '../../core/verification.ts';
import type { BuryPorts, DeadLetter } from './handle-dead-letter.ts';

const WHY = 'it was received more often than the queue allows';

/** A restore whose message is gone fails, if nobody works on it. */
export const buryRestore = async (ports: BuryPorts, { body }: DeadLetter): Promise<void> => {
  const { projectId, restoreId } = parseJson('The dead restore request', restoreMessage, body);
  const failure = describeError(new JobMessageBuried('restore', WHY));
  const failed = await ports.restores.failAbandoned(projectId, restoreId, failure);
  if (failed === 'not-abandoned') return;
  ports.log.error('a restore failed because its message was given up', { projectId, restoreId });
  await ports.outcomes.send({ kind: 'restore', projectId, restoreId });
};

/** The backup could not be verified, which is said of it: it must not look like one that was. */
export const buryVerification = async (ports: BuryPorts, { body }: DeadLetter): Promise<void> => {
  const { verifications, validations, outcomes, log, clock } = ports;
  const { projectId, verificationId } = parseJson(
    'The dead verification request',
    verificationMessage,
    body,
  );
  const failure = describeError(new JobMessageBuried('verification', WHY));
  const result = notRun(failure.message);
  const failed = await verifications.failAbandoned(projectId, verificationId, failure, { result });
  const row = await verifications.get(projectId, verificationId);
  // Done again where an earlier burial died between its two writes.
  if (failed === 'not-abandoned' && row?.error?.name !== failure.name) return;
  if (!row) return;
  log.error('a verification was given up with its message', { projectId, verificationId });
  await validations.noteValidation(projectId, row.backupId, {
    validation: 'could-not-run',
    verificationId,
    validatedAt: iso(clock()),
    why: failure.message,
  });
  await outcomes.send({ kind: 'verification', projectId, verificationId });
};
