import type { ValidationNote, Validations } from '../../core/job-ports.ts';
import { settleRetention } from './retention.ts';
import { backupKey, FOUND } from './rows.ts';
import { type Change, changeRow, type HistoryTable } from './table.ts';

/**
 * Results of verifications, stored on the rows of their backups. Ids of verifications are UUIDv7: the later one is the
 * larger.
 *
 * A backup that was found to differ stays `failed` until a verification passes that compares at least as much. A verification that could
 * not run or was canceled proves nothing, and equal row counts prove nothing about rows that differ.
 */
const NO_NEWER =
  'attribute_exists(#pk) AND #status <> :deleted AND (attribute_not_exists(#verificationId) OR #verificationId <= :id)';

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

/** The condition under which a known bad backup stays bad; undefined if the new result decides. */
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
    const values = { ':id': verificationId, ':deleted': 'deleted' };
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
    // Refused if a newer verification has written, or if the backup is gone: nothing more to do.
    const written = await changeRow(access, key, { ...verdictOf(note), when: NO_NEWER, values });
    if (written && (validation === 'verified' || validation === 'failed'))
      await settleRetention(access, projectId);
  },
});
