import { APPLICATION } from '../../../core/contract.ts';
import { refusal } from '../replay/statement-errors.ts';
import { HAS_NAME, locksOf } from '../session/backend.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { withSession } from '../session/session.ts';
import { applicationNameOf } from '../sql/identifiers.ts';
import { exchangeSession } from './exchange-session.ts';

/**
 * Sessions of dead attempts still hold their locks, and one that has sent its COMMIT may still commit. So this waits until they have ended;
 * only then does the restore look for what they left.
 */
const END = `
  SELECT pg_catalog.pg_terminate_backend(pid, 5000)
  FROM pg_catalog.pg_stat_activity
  WHERE usename = session_user AND datname = pg_catalog.current_database()
    AND pid <> pg_catalog.pg_backend_pid() AND ${HAS_NAME}`;

const SESSION = { applicationName: `${APPLICATION}/leftovers`, statementTimeoutMs: 30_000 };

/** Ends the sessions of attempts 1 to belowAttempt - 1 of one restore; returns how many there were. */
export const endRestoreLeftovers = async (
  access: RestoreAccess,
  restoreId: string,
  belowAttempt: number,
): Promise<number> => {
  const names = Array.from({ length: belowAttempt - 1 }, (_, i) =>
    applicationNameOf(restoreId, i + 1, access.stack),
  );
  if (!names.length) return 0;
  names.push(exchangeSession(restoreId));
  return await withSession(access, SESSION, async (client) => {
    const ended = await client.query(END, [names, ...locksOf(names)]).catch((error: unknown) => {
      throw refusal(error, { object: 'the end of an earlier attempt' });
    });
    return ended.rowCount ?? 0;
  });
};
