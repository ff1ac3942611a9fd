import type pg from 'pg';
import { qualified } from '../sql/identifiers.ts';

/**
 * Locks relations that LOCK TABLE does not accept: sequences and materialized views. PostgreSQL opens the relations that a query names, in
 * ACCESS SHARE, when it analyzes and rewrites the query, and keeps that lock until the transaction's end; the query is neither planned nor
 * executed before EXECUTE. `ONLY`, so that no inheriting table is opened. https://www.postgresql.org/docs/current/sql-prepare.html
 */
export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
}

/** To be sent as one simple query within a transaction. The lock stays after the statement is deallocated. */
export const holdStatement = (relations: readonly Relation[]): string => {
  const names = relations.map(({ schema, name }) => `ONLY ${qualified(schema, name)}`).join(', ');
  return `PREPARE larder_hold AS SELECT FROM ${names}; DEALLOCATE larder_hold`;
};

/**
 * SQL, true if we hold a lock on the relation and its name still refers to it: a relation that has replaced it has another oid. Both are
 * the present state, whatever the transaction's snapshot shows. Under the lock the relation can be neither dropped nor renamed.
 *
 * @param oid SQL of the relation's oid; as are `schema` and `name`
 */
export const isHeld = (oid: string, schema: string, name: string): string => `(
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', ${schema}, ${name})) IS NOT DISTINCT FROM ${oid}
    AND ${oid} IN (
      SELECT l.relation FROM pg_catalog.pg_locks l
      WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation IS NOT NULL
    )
  )`;

const NOT_HELD = `
  SELECT pg_catalog.count(*)::int AS count
  FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS k (oid, schema, name)
  WHERE NOT ${isHeld('k.oid', 'k.schema', 'k.name')}`;

/** How many of the relations have lost their names, or were never locked. */
export const countUnheld = async (
  client: pg.Client,
  relations: readonly Relation[],
): Promise<number> => {
  const found = await client.query<{ count: number }>(NOT_HELD, [
    relations.map(({ oid }) => oid),
    relations.map(({ schema }) => schema),
    relations.map(({ name }) => name),
  ]);
  return found.rows[0]?.count ?? 0;
};
