import type pg from 'pg';
import { type LockNeed, lockWords, OutOfLocks } from '../../../core/errors/schema.ts';
import { type Manifest, tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { LoadRequest } from '../../../core/restore-ports.ts';
import { readLockNeed, refuseTooMany, withLockNeed } from '../session/lock-slots.ts';
import type { Findings } from './rights.ts';

/**
 * A restore creates everything in one transaction, which holds a lock on each relation until its COMMIT: on tables, their TOAST tables and
 * those tables' indexes, on indexes, sequences and views. The manifest does not say whether a table has a TOAST table.
 */
interface RestoreLocks {
  /** Every restore of these objects holds at least these. */
  readonly least: number;
  /** With a TOAST table for each table that stores rows, and a lock on each function, because its owner is set. */
  readonly most: number;
}

type Request = Pick<LoadRequest, 'manifest' | 'tables' | 'chosen'>;

const STORED: readonly string[] = ['table', 'unlogged', 'partition', 'materialized-view'];

const toasted = (tables: Manifest['tables']): number =>
  tables.filter(({ kind }) => STORED.includes(kind)).length;

const ofAll = ({ tables, sequences, views, functions, definitions }: Manifest): RestoreLocks => {
  const indexes = (definitions ?? []).filter(({ kind }) => kind === 'index').length;
  const least = tables.length + sequences.length + views.length + indexes;
  return { least, most: least + 2 * toasted(tables) + functions.length };
};

/** Chosen tables come with their indexes and sequences, and with the types and functions that they need. */
const ofChosen = (
  { tables }: Manifest,
  names: readonly TableName[],
  { makes = [], needs = [] }: NonNullable<Request['chosen']>,
): RestoreLocks => {
  const wanted = new Set(names.map(({ schema, name }) => tableKey(schema, name)));
  const chosen = tables.filter(({ schema, name }) => wanted.has(tableKey(schema, name)));
  const least = chosen.length + makes.filter(({ kind }) => kind === 'relation').length;
  return { least, most: least + 2 * toasted(chosen) + needs.length };
};

const countLocks = ({ manifest, tables, chosen = {} }: Request): RestoreLocks =>
  tables ? ofChosen(manifest, tables, chosen) : ofAll(manifest);

const needOf = async (client: pg.Client, request: Request): Promise<LockNeed> => ({
  ...(await readLockNeed(client, [])),
  needed: countLocks(request).most,
  by: 'restore',
});

/**
 * Runs a restore.
 * @throws OutOfLocks before any change, if the locks cannot fit even on an idle server
 */
export const withinLocks = async <T>(
  client: pg.Client,
  request: Request,
  work: () => Promise<T>,
): Promise<T> => {
  const need = await needOf(client, request);
  refuseTooMany(need, countLocks(request).least);
  return await work().catch((error: unknown) => {
    throw withLockNeed(error, need);
  });
};

/** A problem if the locks cannot fit; a warning if they might not. */
export const checkLocks = async (client: pg.Client, request: Request): Promise<Findings> => {
  const need = await needOf(client, request);
  try {
    refuseTooMany(need, countLocks(request).least);
  } catch (error) {
    if (!(error instanceof OutOfLocks)) throw error;
    return { problems: [error.message], warnings: [] };
  }
  const isTight = need.needed > need.perTransaction * need.sessions;
  return { problems: [], warnings: isTight ? [lockWords(need)] : [] };
};
