import { smallSchema } from './schema.ts';
import type { Stage } from './stage.ts';

/** A database of many small tenants, to which more are added. */
export const TABLES = 15;
export const ROWS = 5;

export const tenantName = (number: number): string => `tenant_${number}`;

/** Schemas spread evenly over all of them, so that no part of the catalog is favored. */
export const evenSample = (schemas: number, size: number): string[] =>
  Array.from({ length: size }, (_, i) => tenantName(1 + Math.floor((i * schemas) / size)));

const CATALOG = `
  SELECT oid::regclass::text AS catalog FROM pg_class
  WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'`;

export const openTenants = async ({ postgres }: Stage, database: string): Promise<void> => {
  await postgres.sql(`CREATE DATABASE ${database}`);
  await postgres.sql(
    'CREATE SCHEMA control_plane; CREATE TABLE control_plane.projects (id text, name text, status text)',
    database,
  );
};

/** Adds the tenants with these numbers, the first and the last included. */
export const addTenants = async (
  { postgres }: Stage,
  database: string,
  from: number,
  to: number,
): Promise<void> => {
  const client = await postgres.session(database);
  try {
    for (let number = from; number <= to; number += 1) {
      await client.query(smallSchema(tenantName(number), TABLES, ROWS));
    }
    // Only the catalog has grown; the tables of a few rows each are unchanged.
    const { rows } = await client.query<{ catalog: string }>(CATALOG);
    for (const { catalog } of rows) await client.query(`VACUUM ANALYZE ${catalog}`);
  } finally {
    await client.end();
  }
};

/** These tenants are the projects that Larder knows. */
export const listProjects = async (
  { postgres }: Stage,
  database: string,
  schemas: readonly string[],
): Promise<void> => {
  await postgres.sql(
    `TRUNCATE control_plane.projects;
     INSERT INTO control_plane.projects SELECT id, id, 'ACTIVE' FROM unnest(ARRAY['${schemas.join("','")}']) id`,
    database,
  );
};
