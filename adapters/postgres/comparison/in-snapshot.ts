import type pg from 'pg';
import { fixText } from '../session/text-settings.ts';

/** Reads in a transaction of its own that sees one instant, with values in the same text form in which the source hashed its rows. */
export const inSnapshot = async <T>(client: pg.Client, read: () => Promise<T>): Promise<T> => {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await fixText(client);
    return await read();
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
};
