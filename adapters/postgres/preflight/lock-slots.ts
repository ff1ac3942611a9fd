import type pg from 'pg';
import { type LockNeed, lockWords, OutOfLocks } from '../../../core/errors/schema.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { LoadRequest, PreflightRequest } from '../../../core/restore-ports.ts';
import { readLockNeed, refuseTooMany, withLockNeed } from '../session/lock-slots.ts';
import type { Findings } from './rights.ts';

/**
 * A restore makes everything in one transaction, which holds a lock on each relation until its COMMIT: on tables, their TOAST tables and
 * those tables' indexes, on indexes, sequences and views. Whether a table has a TOAST table is not in the manifest.
 */
interface RestoreLocks {
  /** Every restore of the manifest holds these. */
  readonly least: number;
  /** With a TOAST table for each table that stores rows, and a lock on each function, whose owner is set. */
  readonly most: number;
}

const STORED: readonly string[] = ['table', 'unlogged', 'partition', 'materialized-view'];

const countLocks = ({
  tables,
  sequences,
  views,
  functions,
  definitions,
}: Manifest): RestoreLocks => {
  const indexes = (definitions ?? []).filter(({ kind }) => kind === 'index').length;
  const least = tables.length + sequences.length + views.length + indexes;
  const toasted = tables.filter(({ kind }) => STORED.includes(kind)).length;
  return { least, most: least + 2 * toasted + functions.length };
};

const needOf = async (client: pg.Client, manifest: Manifest): Promise<LockNeed> => ({
  ...(await readLockNeed(client, [])),
  needed: countLocks(manifest).most,
  by: 'restore',
});

/**
 * Runs a restore of all of a manifest.
 * @throws OutOfLocks, before anything is done where the locks can't fit, whatever else the server does
 */
export const withinLocks = async <T>(
  client: pg.Client,
  { manifest, tables }: Pick<LoadRequest, 'manifest' | 'tables'>,
  work: () => Promise<T>,
): Promise<T> => {
  if (tables) return await work();
  const need = await needOf(client, manifest);
  refuseTooMany(need, countLocks(manifest).least);
  return await work().catch((error: unknown) => {
    throw withLockNeed(error, need);
  });
};

/** A problem where they can't fit, a warning where they may not. */
export const checkLocks = async (
  client: pg.Client,
  { manifest, tables }: Pick<PreflightRequest, 'manifest' | 'tables'>,
): Promise<Findings> => {
  if (tables) return { problems: [], warnings: [] };
  const need = await needOf(client, manifest);
  try {
    refuseTooMany(need, countLocks(manifest).least);
  } catch (error) {
    if (!(error instanceof OutOfLocks)) throw error;
    return { problems: [error.message], warnings: [] };
  }
  const isTight = need.needed > need.perTransaction * need.sessions;
  return { problems: [], warnings: isTight ? [lockWords(need)] : [] };
};
