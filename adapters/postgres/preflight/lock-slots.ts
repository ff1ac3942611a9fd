import type pg from 'pg';
import { type LockNeed, lockWords, OutOfLocks } from '../../../core/errors/schema.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { LoadRequest, PreflightRequest } from '../../../core/restore-ports.ts';
import { readLockNeed, refuseTooMany, withLockNeed } from '../session/lock-slots.ts';
import type { Findings } from './rights.ts';

/**
 * A restore creates everything in one transaction, which holds a lock on each relation until its COMMIT: on tables, their TOAST tables and
 * those tables' indexes, on indexes, sequences and views. The manifest does not say whether a table has a TOAST table.
 */
interface RestoreLocks {
  /** Every restore of the manifest holds at least these. */
  readonly least: number;
  /** With a TOAST table for each table that stores rows, and a lock on each function, because its owner is set. */
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
 * Runs a restore of a whole manifest.
 * @throws OutOfLocks before any change, if the locks cannot fit even on an idle server
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

/** A problem if the locks cannot fit; a warning if they might not. */
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
