import type pg from 'pg';
import { type LockNeed, OutOfLocks } from '../../../core/errors/schema.ts';
import { indexesIn, membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';

/**
 * An export holds a lock on each table and sequence until its end, and a count also one on each index. All locks of all sessions are in one
 * table of a fixed size: https://www.postgresql.org/docs/current/runtime-config-locks.html#GUC-MAX-LOCKS-PER-TRANSACTION
 */
const NEED = `
  SELECT pg_catalog.current_setting('max_locks_per_transaction')::int AS "perTransaction",
    pg_catalog.current_setting('max_connections')::int + pg_catalog.current_setting('max_prepared_transactions')::int AS sessions,
    pg_catalog.count(*)::int AS needed
  FROM pg_catalog.pg_class c
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)} UNION ALL ${indexesIn(NAMED_SCHEMAS)}))
    AND c.relkind IN ('r', 'p', 'S', 'i')`;

/** The real table is somewhat larger, and grows into free memory: only an export that cannot fit is refused in advance. */
const CERTAINLY_TOO_MANY = 2;

/**
 * @param least the minimum, if `needed` is an estimate
 * @throws OutOfLocks if the server cannot hold so many even when it is idle
 */
export const refuseTooMany = (need: LockNeed, least: number = need.needed): void => {
  if (least > CERTAINLY_TOO_MANY * need.perTransaction * need.sessions) throw new OutOfLocks(need);
};

export const readLockNeed = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<LockNeed> => {
  const [need] = (await client.query<LockNeed>(NEED, [schemas])).rows;
  if (!need) throw new Error('the server did not say how many locks it has');
  return need;
};

/** The same error, with the number of locks that were needed. */
export const withLockNeed = (error: unknown, need: LockNeed): unknown =>
  error instanceof OutOfLocks ? new OutOfLocks(need, { cause: error.cause }) : error;
