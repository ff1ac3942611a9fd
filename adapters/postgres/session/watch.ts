import type pg from 'pg';
import { DumpInterrupted } from '../../../core/errors/dump.ts';
import { GaveWayToDdl, OutOfLocks } from '../../../core/errors/schema.ts';
import { type Backend, STARTED } from './backend.ts';
import { isOfLocks, isRecoveryConflict } from './server-messages.ts';

/**
 * Watches, from a session of its own, whether another session waits for a lock that the export holds. A waiting ALTER makes every later
 * SELECT on its table wait behind it, so an export that keeps its lock stops the application.
 */

const EVERY_MS = 1000;

/**
 * Our backends, and those that wait for one of them. pg_locks shows all locks to every role, and application_name is visible for sessions
 * of the own role, so no privilege is needed. pg_blocking_pids is called only for those that wait. A backend that was identified once
 * (`$2`, `$3`) is ours until it ends: code that runs in it may set another application_name.
 */
const LOOK = `
  WITH ours AS (
    SELECT pid, ${STARTED} AS started
    FROM pg_catalog.pg_stat_activity
    WHERE application_name = $1 AND usename = session_user AND datname = pg_catalog.current_database()
      OR (pid, ${STARTED}) IN (SELECT * FROM ROWS FROM (pg_catalog.unnest($2::int[]), pg_catalog.unnest($3::text[])))
  ), pids AS (SELECT pg_catalog.array_agg(pid) AS ours FROM ours)
  SELECT (SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(ours)) FROM ours) AS ours,
    ARRAY(
      SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l, pids
      WHERE NOT l.granted AND l.pid <> ALL (pids.ours) AND pg_catalog.pg_blocking_pids(l.pid) && pids.ours
    ) AS waiting`;

interface Look {
  readonly ours: readonly Backend[] | null;
  readonly waiting: readonly number[];
}

export interface Watch {
  /** Rejects with GaveWayToDdl or DumpInterrupted. Never resolves. */
  readonly disturbed: Promise<never>;
  stop(): void;
}

/** Records since when each backend has been waiting, in seconds of a monotonic clock. */
export const longestWait = (
  since: Map<number, number>,
  waiting: readonly number[],
  now: number,
): { pid: number; seconds: number } | undefined => {
  for (const pid of [...since.keys()]) if (!waiting.includes(pid)) since.delete(pid);
  for (const pid of waiting) if (!since.has(pid)) since.set(pid, now);
  const [first] = [...since].sort(([, a], [, b]) => a - b);
  return first && { pid: first[0], seconds: now - first[1] };
};

export interface WatchRequest {
  readonly observer: pg.Client;
  /** The session that holds the snapshot or the transaction; losing it ends the work too. */
  readonly holder: pg.Client;
  /** Backends of both, read before any tenant code could run in them. */
  readonly backends: Promise<readonly Backend[]>;
  /** Of all sessions that belong to the work, including those of pg_dump. */
  readonly applicationName: string;
  readonly giveWayAfterSeconds: number | 'never';
}

/** Starts to watch. */
export const watch = ({
  observer,
  holder,
  backends,
  applicationName,
  giveWayAfterSeconds,
}: WatchRequest): Watch => {
  const since = new Map<number, number>();
  let ours: readonly Backend[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let reject: (error: Error) => void = () => undefined;
  const disturbed = new Promise<never>((_, fail) => {
    reject = fail;
  });
  // The caller's race handles it; before that, a rejection must not end the process.
  disturbed.catch(() => undefined);

  const lost = (cause: unknown): void => {
    const why = isRecoveryConflict(cause)
      ? 'the replica ended a session to go on with replay'
      : 'a session on the source was lost';
    if (stopped) return;
    reject(
      isOfLocks(cause) ? new OutOfLocks(undefined, { cause }) : new DumpInterrupted(why, { cause }),
    );
  };
  for (const client of [holder, observer]) {
    client.on('error', lost);
    client.on('end', () => lost(undefined));
  }

  const look = async (): Promise<void> => {
    const known = ours.length ? ours : await backends;
    const found = await observer.query<Look>(LOOK, [
      applicationName,
      known.map(({ pid }) => pid),
      known.map(({ started }) => started),
    ]);
    if (stopped) return;
    const [seen] = found.rows;
    ours = seen?.ours ?? known;
    const longest = longestWait(since, seen?.waiting ?? [], performance.now() / 1000);
    if (giveWayAfterSeconds !== 'never' && longest && longest.seconds >= giveWayAfterSeconds) {
      reject(new GaveWayToDdl(longest.pid, longest.seconds));
      return;
    }
    next();
  };
  const next = (): void => {
    if (!stopped) timer = setTimeout(() => void look().catch(lost), EVERY_MS);
  };
  next();

  return {
    disturbed,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
