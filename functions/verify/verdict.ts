import { describeError } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { DumpUnreadable, RestoreMismatch, StatementRefused } from '../../core/errors/restore.ts';
import { BackupDamaged, BackupGone } from '../../core/errors/vault.ts';
import { notRun, type VerificationResult } from '../../core/verification.ts';

/**
 * What an error says of a backup. These few are the backup's own: it is not there, is not what was stored, or can't be brought back.
 * Every other, known or not, only says that nothing was found out; so what nobody thought of never looks like a backup that is
 * well, nor like one that is damaged.
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
