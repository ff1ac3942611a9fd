import type pg from 'pg';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import type { Findings } from './rights.ts';

/**
 * Idle transactions that keep a snapshot (REPEATABLE READ, SERIALIZABLE, or an open cursor). If such a transaction is still open after an
 * exchange of names, it finds the new tables by the old names, and sees all their rows, because those are frozen. Without pg_read_all_stats
 * the server hides the sessions of roles that our role is not a member of.
 */
const HELD = `
  SELECT pid FROM pg_catalog.pg_stat_activity
  WHERE datname = pg_catalog.current_database() AND state LIKE 'idle in transaction%' AND backend_xmin IS NOT NULL
  ORDER BY xact_start LIMIT 20`;

export const checkSnapshots = async (
  client: pg.Client,
  { mode }: PreflightRequest,
  live: ReadonlySet<string>,
): Promise<Findings> => {
  if (mode !== 'swap' || !live.size) return { problems: [], warnings: [] };
  const pids = (await client.query<{ pid: number }>(HELD)).rows.map(({ pid }) => pid);
  if (!pids.length) return { problems: [], warnings: [] };
  const who =
    pids.length === 1 ? 'A transaction holds its' : `${pids.length} transactions hold their`;
  return {
    problems: [],
    warnings: [
      `${who} snapshot just now (backend ${pids.join(', ')}): one that is still open when the names are exchanged reads the restored tables from then on, and no longer those that it read before. End it first if it makes decisions from them.`,
    ],
  };
};
