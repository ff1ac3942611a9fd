import type { ValidationNote, Validations } from '../../core/job-ports.ts';
import { settleRetention } from './retention.ts';
import { backupKey, FOUND } from './rows.ts';
import { type Change, changeRow, type HistoryTable } from './table.ts';

/**
 * What verifications found, on the rows of their backups. Ids of verifications are UUIDv7: the later one is the larger.
 *
 * A backup that was found to differ stays `failed` until a verification passes that compares at least as much: one that could not run, or
 * was cancelled, says nothing of it, and equal row counts say nothing of rows that differ.
 */
const NO_NEWER =
  'attribute_exists(#pk) AND (attribute_not_exists(#verificationId) OR #verificationId <= :id)';

const verdictOf = (note: ValidationNote): Omit<Change, 'when' | 'values'> => {
  const { validation, verificationId, validatedAt, compare, why } = note;
  const remove = [
    ...(why === undefined ? ['validationWhy'] : []),
    ...(validation === 'verified' ? [FOUND.bad, FOUND.badBy] : []),
    ...(validation === 'failed' ? [FOUND.good] : []),
  ];
  return {
    set: {
      validation,
      verificationId,
      validatedAt,
      validationWhy: why,
      ...(validation === 'verified' && { [FOUND.good]: validatedAt }),
      ...(validation === 'failed' && {
        [FOUND.bad]: why ?? 'it differed from its manifest',
        [FOUND.badBy]: compare,
      }),
    },
    ...(remove.length && { remove }),
  };
};

/** When a backup that is known to be bad stays so; undefined where the note decides it anew. */
const staysBad = ({ validation, compare }: ValidationNote) => {
  if (validation === 'could-not-run' || validation === 'unverified')
    return { when: `attribute_exists(#${FOUND.bad})`, values: {} };
  return validation === 'verified' && compare === 'counts'
    ? { when: `#${FOUND.badBy} = :rows`, values: { ':rows': 'rows' } }
    : undefined;
};

export const makeValidations = (access: HistoryTable): Validations => ({
  noteValidation: async (projectId, backupId, note) => {
    const key = backupKey(projectId, backupId);
    const { validation, verificationId, validatedAt } = note;
    const values = { ':id': verificationId };
    const bad = staysBad(note);
    if (bad) {
      const stays = await changeRow(access, key, {
        set: { validation: 'failed', verificationId, validatedAt },
        copy: { validationWhy: FOUND.bad },
        when: `${NO_NEWER} AND ${bad.when}`,
        values: { ...values, ...bad.values },
      });
      if (stays) return;
    }
    // Refused where a newer one has spoken, or the backup is gone: nothing is left to say then.
    const written = await changeRow(access, key, { ...verdictOf(note), when: NO_NEWER, values });
    if (written && (validation === 'verified' || validation === 'failed'))
      await settleRetention(access, projectId);
  },
});
