import { settleRights } from '../own-rights.ts';
import type { Run } from '../text-run.ts';

/**
 * Before the tenant's code runs for the first time: a SECURITY DEFINER function or a view that the text gave to nobody is still the
 * restore role's, and that code could call it.
 */
export const settleBeforeCode = async (run: Run): Promise<void> => {
  if (run.code.isSettled) return;
  await settleRights(run);
  run.code.isSettled = true;
};
