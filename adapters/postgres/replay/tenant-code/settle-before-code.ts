import { settleRights } from '../access/definer-rights.ts';
import type { Run } from '../run-state.ts';

/**
 * Sets owners and grants before tenant code runs for the first time: a SECURITY DEFINER function or a view without an ALTER ... OWNER in
 * the text still belongs to the restore role, and that code could call it.
 */
export const settleBeforeCode = async (run: Run): Promise<void> => {
  if (run.code.isSettled) return;
  await settleRights(run);
  run.code.isSettled = true;
};
