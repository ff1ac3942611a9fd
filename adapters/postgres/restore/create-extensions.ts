import type pg from 'pg';
import { type Manifest, schemasIn } from '../../../core/manifest.ts';
import type { LoadRequest } from '../../../core/restore-ports.ts';
import { identifier } from '../names.ts';
import { refusal } from './refusals.ts';

const THERE = 'SELECT extname AS name FROM pg_catalog.pg_extension';

/**
 * Creates the extensions that objects of the backup need in other schemas, for a database that has none of them. Those in the backup's
 * own schemas are created by its text.
 * @returns the extensions that the database did not have before
 */
export const createExtensions = async (
  client: pg.Client,
  { manifest, createExtensions: wanted }: LoadRequest,
): Promise<Manifest['extensions']> => {
  const found = (await client.query<{ name: string }>(THERE)).rows;
  const there = new Set(found.map(({ name }) => name));
  const missing = manifest.extensions.filter(({ name }) => !there.has(name));
  const own = schemasIn(manifest);
  for (const { name, schema } of wanted ? missing : []) {
    if (own.includes(schema)) continue;
    await client
      .query(
        `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}; CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)}`,
      )
      .catch((error: unknown) => {
        throw refusal(error, { object: `extension "${name}"` });
      });
  }
  return missing;
};
