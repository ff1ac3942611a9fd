import type pg from 'pg';
import { sha256Hex } from '../../../core/ids.ts';

/**
 * Identifies the backend of a session. Its application_name is no proof, because tenant code that runs in the session may set it. Such code
 * cannot change the backend's pid or start time, and cannot release a lock that the transaction holds until its end.
 */
export interface Backend {
  readonly pid: number;
  /** Start time in seconds since 1970, as PostgreSQL writes it: the system reuses pids. */
  readonly started: string;
}

/** SQL for `started` of a row of pg_stat_activity. */
export const STARTED = `EXTRACT(epoch FROM backend_start)::text`;

const OWN = `
  SELECT pid, ${STARTED} AS started FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`;

export const backendOf = async (client: pg.Client): Promise<Backend> => {
  const [own] = (await client.query<Backend>(OWN)).rows;
  if (!own) throw new Error('the server does not list its own backend');
  return own;
};

/** The advisory lock that represents the session's name: 64 bits in two numbers. */
const lockOf = (applicationName: string): readonly [number, number] => {
  const digest = Buffer.from(sha256Hex(applicationName), 'hex');
  return [digest.readInt32BE(0), digest.readInt32BE(4)];
};

/**
 * In a transaction: holds a lock that identifies the session by its name until the transaction ends.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export const holdName = async (client: pg.Client, applicationName: string): Promise<void> => {
  await client.query('SELECT pg_catalog.pg_try_advisory_xact_lock_shared($1, $2)', [
    ...lockOf(applicationName),
  ]);
};

/** The numbers of `holdName`, for `NAMED_BACKENDS`. */
export const locksOf = (names: readonly string[]): readonly [number[], number[]] => [
  names.map((name) => lockOf(name)[0]),
  names.map((name) => lockOf(name)[1]),
];

/**
 * SQL for the condition that a row of pg_stat_activity is a session with one of the names `$1`, or holds the lock of one: `$2` and `$3` are
 * those of `locksOf`. pg_locks shows the signed numbers as unsigned ones.
 */
export const HAS_NAME = `(application_name = ANY ($1) OR pid IN (
    SELECT l.pid FROM pg_catalog.pg_locks l
    JOIN ROWS FROM (pg_catalog.unnest($2::int[]), pg_catalog.unnest($3::int[])) AS w (high, low)
      ON l.classid::bigint = (w.high::bigint & 4294967295) AND l.objid::bigint = (w.low::bigint & 4294967295)
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())))`;
