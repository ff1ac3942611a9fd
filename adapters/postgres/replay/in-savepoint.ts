import type { Run } from './run-state.ts';
import { isReportable } from './unfinished-objects.ts';

const SAVEPOINT = 'larder_conflict';

/**
 * Runs a part of the restore in a savepoint.
 * @returns the error to report, after the rollback to the savepoint; undefined on success
 * @throws every other error
 */
export const tried = async (
  run: Run,
  execute: () => Promise<void>,
  then: 'keep' | 'roll-back' = 'keep',
): Promise<Error | undefined> => {
  const { client } = run;
  const leftOut = run.leftOut.length;
  const back = `ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`;
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    await execute();
    await client.query(then === 'keep' ? `RELEASE SAVEPOINT ${SAVEPOINT}` : back);
    return undefined;
  } catch (error) {
    if (!isReportable(error)) throw error;
    // If our own session is lost, this fails too. If it succeeds, the lost connection was that of a foreign server.
    await client.query(back).catch(() => {
      throw error;
    });
    run.leftOut.splice(leftOut);
    return error;
  }
};
