import type { ValidationNote, Validations } from '../../core/job-ports.ts';
import { backupKey } from './rows.ts';
import { type Change, changeRow, type HistoryTable } from './table.ts';

/**
 * What verifications found, on the rows of their backups. Ids of verifications are UUIDv7: the later one is the larger.
 *
 * A backup that was found to differ stays `failed` until a verification passes: one that could not run, or was cancelled,
 * says nothing of it. `knownBad` holds what was found meanwhile, and never leaves this folder.
 */
const NO_NEWER =
  'attribute_exists(#pk) AND (attribute_not_exists(#verificationId) OR #verificationId <= :id)';

const verdictOf = (note: ValidationNote): Omit<Change, 'when' | 'values'> => {
  const { validation, verificationId, validatedAt, why } = note;
  const remove = [
    ...(why === undefined ? ['validationWhy'] : []),
    ...(validation === 'verified' ? ['knownBad'] : []),
  ];
  return {
    set: {
      validation,
      verificationId,
      validatedAt,
      validationWhy: why,
      ...(validation === 'failed' && { knownBad: why ?? 'it differed from its manifest' }),
    },
    ...(remove.length && { remove }),
  };
};

const SAYS_NOTHING: readonly ValidationNote['validation'][] = ['could-not-run', 'unverified'];

export const makeValidations = (access: HistoryTable): Validations => ({
  noteValidation: async (projectId, backupId, note) => {
    const key = backupKey(projectId, backupId);
    const { validation, verificationId, validatedAt } = note;
    const values = { ':id': verificationId };
    if (SAYS_NOTHING.includes(validation)) {
      const stays = await changeRow(access, key, {
        set: { validation: 'failed', verificationId, validatedAt },
        copy: { validationWhy: 'knownBad' },
        when: `${NO_NEWER} AND attribute_exists(#knownBad)`,
        values,
      });
      if (stays) return;
    }
    // Refused where a newer one has spoken, or the backup is gone: nothing is left to say then.
    await changeRow(access, key, { ...verdictOf(note), when: NO_NEWER, values });
  },
});
