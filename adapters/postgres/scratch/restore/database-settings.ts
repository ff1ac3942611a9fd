import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import type { Setting } from '../../../../core/manifest.ts';

/**
 * The settings with which each session of the source's database starts, as far as text, time and the backup's own code depend on them. They
 * are set for the session, not for the database: the comparison sets its own.
 *
 * @returns one line for each setting that this server does not accept
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
        `setting ${name}: the scratch server does not accept ${quoted(value)}, which the source's database sets`,
      );
    }
  }
  return refused;
};
