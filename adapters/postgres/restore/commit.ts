import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import { refusal } from '../replay/statement-errors.ts';
import { type Backend, STARTED } from '../session/backend.ts';
import { isLost } from '../session/server-messages.ts';
import { type SourceAccess, withSession } from '../session/session.ts';

/**
 * The COMMIT, whose answer may be lost: if the connection breaks after it was sent, its result is unknown. Then this ends the old backend,
 * so that the transaction is no longer in progress, and reads whether it was committed.
 */
const END = `
  SELECT pg_catalog.pg_terminate_backend(pid, 5000)
  FROM pg_catalog.pg_stat_activity
  WHERE usename = session_user AND datname = pg_catalog.current_database()
    AND pid <> pg_catalog.pg_backend_pid() AND pid = $1 AND ${STARTED} = $2`;

const SESSION = { applicationName: `${APPLICATION}/aftermath`, statementTimeoutMs: 15_000 };
const TRIES = 5;
const PAUSE_MS = 1000;

/** Ends a backend of ours and waits for its end. Tries again if the server is restarting. */
const endBackend = async (access: SourceAccess, { pid, started }: Backend): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await withSession(access, SESSION, async (client) => {
        await client.query(END, [pid, started]);
      });
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(PAUSE_MS * tries);
    }
  }
};

export interface Commit {
  readonly access: SourceAccess;
  readonly client: pg.Client;
  readonly backend: Backend;
  /** Reads, in a session of its own, whether the transaction was committed. */
  readonly happened: () => Promise<boolean>;
}

/** @throws StatementRefused, RestoreInterrupted if it was not committed */
export const commit = async (given: Commit): Promise<void> => {
  const { access, client, backend, happened } = given;
  try {
    const { command } = await client.query('COMMIT');
    // COMMIT rolls a failed transaction back without an error.
    if (command !== 'COMMIT') throw new RestoreInterrupted(`its COMMIT was a ${command}`);
  } catch (error) {
    if (!isLost(error)) throw refusal(error, { object: 'the COMMIT' });
    await endBackend(access, backend);
    if (!(await happened())) {
      throw new RestoreInterrupted(
        'the connection was lost at the COMMIT, and nothing was committed',
        {
          cause: error,
        },
      );
    }
  }
};
