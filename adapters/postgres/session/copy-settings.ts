import type pg from 'pg';

/**
 * pg_dump leaves these as the role has them. The text of a value is the same for every role, and for pg_dump and the engine, if they are
 * fixed.
 */
export const VALUE_SETTINGS = { timezone: 'UTC', bytea_output: 'hex' } as const;

/**
 * Settings on which COPY's text depends, as setup_connection of PostgreSQL's src/bin/pg_dump/pg_dump.c makes them, and those that
 * Larder's pg_dump runs with besides: a digest of the text must not depend on the role, or on the rules of a time zone that a server knows.
 */
const COPY_SETTINGS = {
  search_path: '',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  ...VALUE_SETTINGS,
  synchronize_seqscans: 'off',
  row_security: 'off',
  quote_all_identifiers: 'off',
  lock_timeout: '0',
} as const;

/** Until the end of the transaction that the session is in. */
export const fixCopyText = async (client: pg.Client): Promise<void> => {
  const each = Object.keys(COPY_SETTINGS).map(
    (_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, true)`,
  );
  await client.query(`SELECT ${each.join(', ')}`, Object.entries(COPY_SETTINGS).flat());
};
