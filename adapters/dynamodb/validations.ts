import type { Validations } from '../../core/job-ports.ts';
import { backupKey } from './rows.ts';
import { changeRow, type HistoryTable } from './table.ts';

/** What verifications found, on the rows of their backups. Ids of verifications are UUIDv7: the later one is the larger. */
export const makeValidations = (access: HistoryTable): Validations => ({
  noteValidation: async (projectId, backupId, note) => {
    const { validation, verificationId, validatedAt, why } = note;
    // Refused where a newer one has spoken, or the backup is gone: nothing is left to say then.
    await changeRow(access, backupKey(projectId, backupId), {
      set: { validation, verificationId, validatedAt, validationWhy: why },
      ...(why === undefined && { remove: ['validationWhy'] }),
      when:
        'attribute_exists(#pk) AND ' +
        '(attribute_not_exists(#verificationId) OR #verificationId <= :id)',
      values: { ':id': verificationId },
    });
  },
});
