import type pg from 'pg';

/**
 * Queries on catalogs look rows up by index, however many schemas there are. With few of them the planner likes to read a catalog as a
 * whole, and with statistics of yesterday also with many.
 * https://www.postgresql.org/docs/current/runtime-config-query.html#RUNTIME-CONFIG-QUERY-ENABLE
 */
export const PLANNED_BY_INDEX = {
  enable_seqscan: 'off',
  enable_mergejoin: 'off',
  enable_hashjoin: 'off',
} as const;

/** Lets the planner of such a session choose again, until the transaction's end: for a query on tables of a tenant. */
export const planFreely = async (client: pg.Client): Promise<void> => {
  const names = Object.keys(PLANNED_BY_INDEX);
  await client.query(
    "SELECT pg_catalog.set_config(name, 'on', true) FROM pg_catalog.unnest($1::text[]) AS name",
    [names],
  );
};
