import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { sendAlone } from '../replay/foreign-keys/key-statement.ts';
import { isLost } from '../session/server-messages.ts';

/** Short transactions on tables in use. Other sessions queue behind a lock that is waited for, so each wait is short and is tried again. */
export interface KeyOptions {
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Other sessions queue behind a waiting ADD CONSTRAINT. */
const LONGEST_WAIT_MS = 500;
export const TRIES = 12;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** SQLSTATE, or an empty string. */
export const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};
const LOCK_TIMEOUT = '55P03';
const DEADLOCK = '40P01';

export const isBusy = (error: unknown): boolean => [LOCK_TIMEOUT, DEADLOCK].includes(codeOf(error));

export type Send = (client: pg.Client, statement: string) => Promise<void>;

/** Runs one transaction; tries again after a pause if it waited too long for a lock. */
export const patiently = async (
  client: pg.Client,
  { lockTimeoutMs, signal }: KeyOptions,
  statements: readonly string[],
  send: Send = sendAlone,
): Promise<void> => {
  const wait = Math.min(lockTimeoutMs, LONGEST_WAIT_MS);
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(
        `BEGIN; SET LOCAL lock_timeout = ${wait}; SET LOCAL idle_in_transaction_session_timeout = 2000`,
      );
      for (const statement of statements) await send(client, statement);
      await client.query('COMMIT');
      return;
    } catch (error) {
      if (isLost(error)) throw error;
      await client.query('ROLLBACK');
      if (!isBusy(error) || tries === TRIES) throw error;
    }
    await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)), undefined, { signal });
  }
};
