import { settleRights } from '../access/definer-rights.ts';
import type { Run } from '../run-state.ts';

/**
 * Sets owners and grants before tenant code runs for the first time. A SECURITY DEFINER function or a view still belongs to the restore
 * role if the backup's SQL has no ALTER ... OWNER for it, and tenant code could call it.
 */
export const settleBeforeCode = async (run: Run): Promise<void> => {
  if (run.code.isSettled) return;
  await settleRights(run);
  run.code.isSettled = true;
};
