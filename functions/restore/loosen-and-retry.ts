import { type Loosening, StatementRefused } from '../../core/errors/restore.ts';
import type { Restore } from '../../core/restore.ts';

/** What a restore does if rows of its backup violate its definitions. */
const REPORT =
  'The rest can be restored: request it again with "onConflict": "report". That restores every row and lists each object that differs from the source, with the SQL that completes it (docs/restore.md).';

/** Under `stop` the error mentions that there is another way. */
export const withAnotherWay = (error: unknown, { onConflict }: Restore): unknown => {
  if (onConflict === 'report' || !(error instanceof StatementRefused) || !error.conflict)
    return error;
  return error.restated({ next: REPORT });
};

/**
 * Under `report`, if a check refuses a row, the rows are loaded again and the checks are added after them: only a backup with such
 * rows is read twice.
 */
export const loosenNext = (error: unknown, { onConflict }: Restore): Loosening | undefined =>
  onConflict === 'report' && error instanceof StatementRefused ? error.conflict?.loosen : undefined;
