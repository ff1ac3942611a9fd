import type pg from 'pg';

/**
 * Settings on which a value's text depends. Set for the transaction that hashes. The value of `lc_monetary` is one that every system has;
 * with an empty search_path, names of tables and functions are written in full.
 */
const TEXT_SETTINGS = {
  search_path: '',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
} as const;

/** Until the end of the transaction that the session is in. */
export const fixText = async (client: pg.Client): Promise<void> => {
  const each = Object.keys(TEXT_SETTINGS).map(
    (_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, true)`,
  );
  await client.query(`SELECT ${each.join(', ')}`, Object.entries(TEXT_SETTINGS).flat());
};
