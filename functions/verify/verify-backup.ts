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
import { examine } from './examine.ts';
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
    return `Every row came back, but only by "onConflict": "report": ${first.object} can't be restored as it was${others}: ${first.why}`;
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

/** True for what ends the attempt without a word on the backup: it is tried again, or is somebody else's now. */
const isNoResult = (error: unknown, { claim }: Context): boolean =>
  error instanceof ClaimLost ||
  error instanceof Cancelled ||
  (isRetryable(error) && claim.attempt < TIMES.maxAttempts);

/** Retention, or a person, may have taken it since the row was read: then it is no damage that the vault has it no more. */
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
    return await examine(ports, { verification, backup, stop, seconds });
  } catch (caught) {
    const error: unknown = stop.signal.aborted ? stop.signal.reason : caught;
    if (isNoResult(error, context)) throw error;
    if (error instanceof BackupGone && (await isRemoved(ports, backup))) {
      return notRun(`The backup was removed while it was being verified. ${error.message}`);
    }
    ports.log.warn('a backup was not found well', {
      projectId: backup.projectId,
      backupId: backup.id,
      ...failureFacts(error),
    });
    return resultOf(error);
  }
};

/** What the backup's row said before, for a verification that is cancelled. */
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
  // Under its claim: one that was lost must not speak for the attempt that has it now.
  await context.write({});
  await note(ports, verification, result.verdict, noteOn(verification, result));
  return { result };
};

/** People hear of what was asked for, of what is bad, and weekly of what needs more than a restore; of the rest, the backup's row tells. */
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
    await ports.verifications.told(projectId, id);
  }
};

/**
 * One message of the verifications queue, from claim to final row. What is found stands in the verification's row and, in a
 * line, in its backup's: first that, then this, so that no backup is left "verifying" by a worker that died in between.
 * @throws what the history throws; the message then comes again by itself
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
