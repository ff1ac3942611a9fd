import { type Backup, iso } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { failureFacts, isRetryable } from '../../core/errors/base.ts';
import { BackupNotFound } from '../../core/errors/request.ts';
import { BackupGone } from '../../core/errors/vault.ts';
import { Cancelled, ClaimLost } from '../../core/errors/work.ts';
import type { ValidationNote } from '../../core/job-ports.ts';
import { VERIFICATIONS } from '../../core/leased-work/kinds.ts';
import { noteNotRun } from '../../core/leased-work/unattended.ts';
import {
  type Delivery,
  type Disposition,
  type WorkContext,
  workMessage,
} from '../../core/leased-work/work-message.ts';
import { notRun, type Verification, type VerificationResult } from '../../core/verification.ts';
import { type Examination, examine } from './examine.ts';
import type { VerifyPorts } from './ports.ts';
import { resultOf } from './verdict.ts';
import { isWorthTelling } from './worth-telling.ts';

type Context = WorkContext<Verification>;

/** In one line, for the backup's row. */
const summaryOf = (result: VerificationResult): string | undefined => {
  const { verdict, why, differences, differenceCount, unfinished = [] } = result;
  if (verdict === 'could-not-run') return why;
  if (verdict === 'verified') {
    const [first] = unfinished;
    if (!first) return undefined;
    const others = unfinished.length > 1 ? ` (and ${unfinished.length - 1} more objects)` : '';
    return `Every row was restored, but only with "onConflict": "report": ${first.object} can't be recreated as it is at the source${others}: ${first.why}`;
  }
  const more = differenceCount > 1 ? ` (and ${differenceCount - 1} more differences)` : '';
  return `${differences[0] ?? 'it differs'}${more}`;
};

/** A backup without row hashes passes a comparison of rows by its counts alone. */
const noteOn = (
  { compare }: Verification,
  result: VerificationResult,
): Pick<ValidationNote, 'compare' | 'why'> => {
  const why = summaryOf(result);
  const byCounts = result.verdict === 'verified' && result.checked.hashedTables === 0;
  return { compare: byCounts ? 'counts' : compare, ...(why !== undefined && { why }) };
};

const note = (
  { validations, clock }: Pick<VerifyPorts, 'validations' | 'clock'>,
  { projectId, backupId, id }: Verification,
  validation: ValidationNote['validation'],
  { compare, why }: Pick<ValidationNote, 'compare' | 'why'> = {},
): Promise<void> =>
  validations.noteValidation(projectId, backupId, {
    validation,
    verificationId: id,
    validatedAt: iso(clock()),
    ...(compare && { compare }),
    ...(why !== undefined && { why }),
  });

/** True if the attempt ends without a verdict: it is retried, or another attempt has it now. */
const isNoResult = (error: unknown, { claim }: Context): boolean =>
  error instanceof ClaimLost ||
  error instanceof Cancelled ||
  (isRetryable(error) && claim.attempt < TIMES.maxAttempts);

/** Retention, or a person, may have removed the backup since its row was read: then its absence from the vault is no damage. */
const isRemoved = async ({ history }: VerifyPorts, { projectId, id }: Backup): Promise<boolean> =>
  (await history.get(projectId, id))?.status !== 'completed';

const look = async (
  ports: VerifyPorts,
  verification: Verification,
  backup: Backup,
  context: Context,
): Promise<VerificationResult> => {
  const { stop, seconds } = context;
  try {
    const onProgress: Examination['onProgress'] = (read) =>
      context.note(() => ({ progress: read() }));
    return await examine(ports, { verification, backup, stop, seconds, onProgress });
  } catch (caught) {
    const error: unknown = stop.signal.aborted ? stop.signal.reason : caught;
    if (isNoResult(error, context)) throw error;
    if (error instanceof BackupGone && (await isRemoved(ports, backup))) {
      return notRun(`The backup was removed while it was being verified. ${error.message}`);
    }
    ports.log.warn('a backup failed its verification or could not be verified', {
      projectId: backup.projectId,
      backupId: backup.id,
      ...failureFacts(error),
    });
    return resultOf(error);
  }
};

/** The verification fields of the backup's row before this verification, restored if it is cancelled. */
interface Before {
  note?: Pick<ValidationNote, 'validation' | 'why'>;
}

const work = async (
  ports: VerifyPorts,
  verification: Verification,
  context: Context,
  before: Before,
): Promise<{ result: VerificationResult }> => {
  const { projectId, backupId } = verification;
  const backup = await ports.history.get(projectId, backupId);
  if (!backup) return { result: resultOf(new BackupNotFound(projectId, backupId)) };
  const { validation, validationWhy: why } = backup;
  before.note =
    validation === 'verifying'
      ? { validation: 'unverified' }
      : { validation, ...(why !== undefined && { why }) };
  await note(ports, verification, 'verifying');
  const result = await look(ports, verification, backup, context);
  // Written under its claim: an attempt that lost its claim must not write for the one that has it now.
  await context.write({});
  await note(ports, verification, result.verdict, noteOn(verification, result));
  return { result };
};

/** Mails requested verifications, bad results, and weekly those that need more than a restore; other results are only in the backup's row. */
const ended = async (
  ports: VerifyPorts,
  verification: Verification,
  before: Before,
): Promise<void> => {
  const { projectId, id, status, result, asked } = verification;
  if (status === 'cancelled' && before.note) {
    await note(ports, verification, before.note.validation, before.note);
  }
  if (status === 'failed') await noteNotRun(ports, verification);
  const isTold =
    asked ||
    result?.verdict === 'failed' ||
    (await isWorthTelling(ports.verifications, verification));
  if (isTold) {
    await ports.outcomes.send(VERIFICATIONS.outcomeOf(verification));
  } else {
    await ports.verifications.markNotified(projectId, id);
  }
};

/**
 * One message of the verifications queue, from claim to final row. The result is written to the backup's row in one line, and then
 * to the verification's row, so that a worker that dies in between leaves no backup "verifying".
 * @throws errors of the history; the message is then delivered again
 */
export const verifyBackup = (
  ports: VerifyPorts,
  delivery: Delivery,
): Promise<Disposition<Verification>> => {
  const before: Before = {};
  const { verifications: store, queue, clock, log } = ports;
  return workMessage(
    { store, queue, clock, log },
    {
      kind: VERIFICATIONS,
      work: (verification, context) => work(ports, verification, context, before),
      ended: (verification) => ended(ports, verification, before),
    },
    delivery,
  );
};
