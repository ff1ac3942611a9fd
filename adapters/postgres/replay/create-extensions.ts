import type pg from 'pg';
import { type Manifest, schemasIn } from '../../../core/manifest.ts';
import type { LoadRequest } from '../../../core/restore-ports.ts';
import { withRequired } from '../catalog/extension-order.ts';
import { identifier } from '../sql/identifiers.ts';
import { refusal } from './statement-errors.ts';

const THERE = 'SELECT extname AS name FROM pg_catalog.pg_extension';

/**
 * Creates the extensions that objects of the backup need in other schemas, and the extensions that those require, if the database lacks them. The
 * backup's SQL creates the extensions in its own schemas.
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
  const outside = missing.filter(({ schema }) => !own.includes(schema));
  if (!wanted || !outside.length) return missing;
  const all = await withRequired(client, outside, manifest.databaseExtensions ?? []);
  for (const { name, schema } of all) {
    await client
      .query(
        `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}; CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)}`,
      )
      .catch((error: unknown) => {
        throw refusal(error, { object: `extension "${name}"` });
      });
  }
  const known = new Set(missing.map(({ name }) => name));
  return [...missing, ...all.filter(({ name }) => !known.has(name))];
};
