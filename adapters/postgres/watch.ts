import type pg from 'pg';
import { DumpInterrupted } from '../../core/errors/dump.ts';
import { GaveWayToDdl } from '../../core/errors/schema.ts';

/**
 * Watches, from a session of its own, whether somebody waits for a lock that the export holds. A waiting ALTER makes
 * every later SELECT on its table wait behind it, so an export that holds on stops the application.
 */

const EVERY_MS = 1000;

/**
 * Backends that wait for one of ours. pg_locks shows everybody's locks to everybody, and application_name is visible for sessions
 * of one's own role, so no privilege is needed. pg_blocking_pids is asked only for those that wait.
 */
const WAITING = `
  WITH ours AS (
    SELECT pg_catalog.array_agg(pid) AS pids
    FROM pg_catalog.pg_stat_activity
    WHERE application_name = $1 AND usename = session_user AND datname = pg_catalog.current_database()
  )
  SELECT DISTINCT l.pid
  FROM pg_catalog.pg_locks l, ours
  WHERE NOT l.granted AND l.pid <> ALL (ours.pids)
    AND pg_catalog.pg_blocking_pids(l.pid) && ours.pids`;

export interface Watch {
  /** Rejects with GaveWayToDdl or DumpInterrupted. Never resolves. */
  readonly disturbed: Promise<never>;
  stop(): void;
}

/** Notes since when each backend has been seen waiting, seconds of a clock that never jumps. */
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

/** Begins to watch. `holder` is the session that holds the snapshot; losing it ends the export too. */
export const watch = (
  observer: pg.Client,
  holder: pg.Client,
  applicationName: string,
  giveWayAfterSeconds: number | 'never',
): Watch => {
  const since = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let reject: (error: Error) => void = () => undefined;
  const disturbed = new Promise<never>((_, fail) => {
    reject = fail;
  });
  // Whoever races against it handles it; before that, a rejection must not end the process.
  disturbed.catch(() => undefined);

  const lost = (cause: unknown): void => {
    const replay = cause instanceof Error && /conflict with recovery/.test(cause.message);
    const why = replay
      ? 'the replica ended a session to go on with replay'
      : 'a session on the source was lost';
    if (!stopped) reject(new DumpInterrupted(why, { cause }));
  };
  for (const client of [holder, observer]) {
    client.on('error', lost);
    client.on('end', () => lost(undefined));
  }

  const look = async (): Promise<void> => {
    const found = await observer.query<{ pid: number }>(WAITING, [applicationName]);
    if (stopped) return;
    const pids = found.rows.map(({ pid }) => pid);
    const longest = longestWait(since, pids, performance.now() / 1000);
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
