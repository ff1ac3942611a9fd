import { describeError } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { DumpUnreadable, RestoreMismatch, StatementRefused } from '../../core/errors/restore.ts';
import { BackupDamaged, BackupGone } from '../../core/errors/vault.ts';
import { notRun, type VerificationResult } from '../../core/verification.ts';

/**
 * What an error means for a backup. Only these few are defects of the backup: it is missing, its bytes have changed, or it can't be restored.
 * Every other error, known or not, only means that the verification found nothing out. So an unexpected error never makes a backup look
 * good, nor damaged.
 */
const OF_THE_BACKUP = [
  BackupGone,
  BackupDamaged,
  DumpUnreadable,
  StatementRefused,
  RestoreMismatch,
  // A manifest that can't be read.
  InvalidInput,
] as const;

export const speaksAgainstBackup = (error: unknown): error is Error =>
  OF_THE_BACKUP.some((leaf) => error instanceof leaf);

/** @param more further lines, such as where the damage came from */
export const resultOf = (error: unknown, more: readonly string[] = []): VerificationResult => {
  const { message } = describeError(error);
  if (!speaksAgainstBackup(error)) return notRun(message);
  const differences = [message, ...more];
  return {
    ...notRun(message),
    verdict: 'failed',
    differences,
    differenceCount: differences.length,
  };
};
