import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import type { Setting } from '../../../../core/manifest.ts';

/**
 * What every session of the source's database begins with, as far as text, time and the backup's own code hang on it. For the
 * session, and not for the database: what compares sets its own.
 *
 * @returns a line for each that this server does not take
 */
export const takeSettings = async (
  client: pg.Client,
  settings: readonly Setting[],
): Promise<string[]> => {
  const refused: string[] = [];
  for (const { name, value } of settings) {
    try {
      await client.query('SELECT pg_catalog.set_config($1, $2, false)', [name, value]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      refused.push(
        `setting ${name}: the scratch server does not take ${quoted(value)}, which the source's database sets`,
      );
    }
  }
  return refused;
};
