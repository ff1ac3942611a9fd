import type pg from 'pg';
import { PoolerInTransactionMode } from '../../../core/errors/source.ts';
import { sharesBackendsWithAnother } from './pooler.ts';

/** `-c name=value` for the server's `options`; spaces and backslashes are escaped as the server requires. */
export const startupOptions = (values: Record<string, string | number>): string =>
  Object.entries(values)
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, (char) => `\\${char}`)}`)
    .join(' ');

/** Settings of our sessions and of pg_dump's, whatever the role's own settings are. */
export const commonSettings = (statementTimeoutMs = 0): Record<string, string | number> => ({
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: statementTimeoutMs,
  idle_in_transaction_session_timeout: 0,
  row_security: 'off',
  // A catalog of many schemas makes the planner use JIT for our queries, and compiling them takes longer than running them.
  jit: 'off',
  datestyle: 'ISO,MDY',
  // Keepalives on the server's side: the server notices a vanished worker within 30 s, and not after two hours, the default of operating
  // systems.
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 4,
  tcp_user_timeout: 30_000,
});

/**
 * Settings that not every server has; they are set after the login if the server has them.
 *
 * - `client_connection_check_interval` lets a busy backend (a count may take minutes) notice that its client is gone; servers on Windows
 *   refuse it.
 * - `restrict_nonsystem_relation_kind` (15.8, 16.4 and 17 on) refuses to read a view or a foreign table with which a tenant has replaced
 *   the relation that we want to read: its code would run as our role. pg_dump sets it as well.
 *
 * https://www.postgresql.org/docs/current/runtime-config-client.html
 *
 * @param readsViews SQL, whether the session may read views
 */
const laterSettings = (readsViews: string): string => `
  SELECT pg_catalog.count(pg_catalog.set_config(wanted.name, wanted.value, false))
  FROM (VALUES ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('client_connection_check_interval', '2s'),
    ('restrict_nonsystem_relation_kind', CASE WHEN ${readsViews} THEN '' ELSE 'view, foreign-table' END))
    AS wanted (name, value)
  WHERE pg_catalog.current_setting(wanted.name, true) IS NOT NULL
    AND (wanted.name <> 'client_connection_check_interval' OR pg_catalog.version() !~* 'windows|mingw|visual')`;

const SET = 'SELECT pg_catalog.set_config($1, $2, false)';
/**
 * Row security is on by default, so its value shows whether the server received the options, for sessions that write too. Only in that case
 * are the later settings made, in the same round trip.
 */
const SETTLED = `
  SELECT settled.is, CASE WHEN settled.is THEN (${laterSettings('$2::boolean')}) END
  FROM (
    SELECT pg_catalog.current_setting('default_transaction_read_only') = $1
      AND pg_catalog.current_setting('row_security') = 'off'
      AND pg_catalog.current_setting('application_name') = $3 AS is
  ) AS settled`;

/**
 * A pooler may drop the options that a session starts with, and Supabase's pooler sets its own application_name. In session mode they can
 * be set afterwards; in transaction mode they would remain for other clients.
 * https://github.com/supabase/supavisor/issues/343
 */
export const settleIn = async (
  client: pg.Client,
  config: pg.ClientConfig,
  source: string,
  settings: Record<string, string | number>,
  readsViews: boolean,
): Promise<void> => {
  const readOnly = settings.default_transaction_read_only;
  const name = config.application_name;
  const settled = await client.query<{ is: boolean }>(SETTLED, [readOnly, readsViews, name]);
  if (settled.rows[0]?.is) return;
  if (await sharesBackendsWithAnother(client, config)) throw new PoolerInTransactionMode(source);
  for (const [setting, value] of Object.entries({ ...settings, application_name: name })) {
    await client.query(SET, [setting, String(value)]);
  }
  await client.query(laterSettings('$1::boolean'), [readsViews]);
};
