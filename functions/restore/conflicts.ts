import { type Loosening, StatementRefused } from '../../core/errors/restore.ts';
import type { Restore } from '../../core/restore.ts';

/** What a restore does where rows and definitions of its backup do not fit together. */
const REPORT =
  'The rest can be restored: ask again with "onConflict": "report", which brings back every row and names each object that is not as it was, with the SQL that finishes it (docs/restore.md).';

/** Under `stop` the error says that there is another way. */
export const withAnotherWay = (error: unknown, { onConflict }: Restore): unknown => {
  if (onConflict === 'report' || !(error instanceof StatementRefused) || !error.conflict)
    return error;
  const { object, why, cause, conflict } = error;
  return new StatementRefused(object, why, { cause, conflict, next: REPORT });
};

/**
 * Under `report` rows that a check refuses come once more, without the checks until they are all there: only a backup that holds such
 * rows is read twice.
 */
export const loosenNext = (error: unknown, { onConflict }: Restore): Loosening | undefined =>
  onConflict === 'report' && error instanceof StatementRefused ? error.conflict?.loosen : undefined;
