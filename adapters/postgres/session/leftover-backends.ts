import { APPLICATION } from '../../../core/contract.ts';
import { applicationNameOf } from '../sql/identifiers.ts';
import { HAS_NAME, locksOf } from './backend.ts';
import { queryFailure } from './server-errors.ts';
import { type SourceAccess, withSession } from './session.ts';

/**
 * The backends of a dead worker still hold its snapshot and locks. They are identified by their application_name, or by the lock that
 * represents it. They must also be of our own role, because only a member of its role may end a backend.
 */
const END = `
  SELECT pg_catalog.pg_terminate_backend(pid)
  FROM pg_catalog.pg_stat_activity
  WHERE usename = session_user AND datname = pg_catalog.current_database()
    AND pid <> pg_catalog.pg_backend_pid()
    AND ${HAS_NAME}`;

/** Ends the backends of attempts 1 to belowAttempt - 1 of one backup; returns how many there were. */
export const endLeftovers = async (
  access: SourceAccess & { readonly stack?: string },
  backupId: string,
  belowAttempt: number,
): Promise<number> => {
  const names = Array.from({ length: belowAttempt - 1 }, (_, i) =>
    applicationNameOf(backupId, i + 1, access.stack),
  );
  if (!names.length) return 0;
  const session = { applicationName: `${APPLICATION}/leftovers`, statementTimeoutMs: 10_000 };
  return await withSession(access, session, async (client) => {
    const ended = await client.query(END, [names, ...locksOf(names)]).catch((error: unknown) => {
      throw queryFailure(error, 'ending the backends of an earlier attempt');
    });
    return ended.rowCount ?? 0;
  });
};
