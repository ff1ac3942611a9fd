import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { EmbeddedPostgres } from './server.ts';

/** A role with login. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The demo: one database with four tenants, one of them no longer active. */
export interface DemoDatabase {
  readonly database: string;
  /** May only read. */
  readonly backup: Login;
  /** May create schemas, and assign the objects that it restores to the tenants' owner. */
  readonly restore: Login;
}

/** Owns the tenants' schemas and has no login. */
const OWNER = 'app_owner';
const PARTS = ['control-plane', 'shop', 'meters', 'ledger', 'suspended'] as const;

const makeLogin = (user: string): Login => ({
  user,
  password: randomBytes(24).toString('base64url'),
});

/** The roles of docs/roles.md. */
const rolesFor = (database: string, backup: Login, restore: Login): string[] => [
  `CREATE ROLE ${OWNER}`,
  `CREATE DATABASE ${database} OWNER ${OWNER}`,
  // BYPASSRLS: without it pg_dump refuses tables with row security, because it would leave rows out.
  `CREATE ROLE ${backup.user} LOGIN BYPASSRLS CONNECTION LIMIT 50 PASSWORD '${backup.password}'`,
  `GRANT pg_read_all_data TO ${backup.user}`,
  `CREATE ROLE ${restore.user} LOGIN PASSWORD '${restore.password}'`,
  `GRANT ${OWNER} TO ${restore.user}`,
  `GRANT CREATE ON DATABASE ${database} TO ${restore.user}`,
];

export const makeDemo = async (
  server: EmbeddedPostgres,
  database: string,
): Promise<DemoDatabase> => {
  const backup = makeLogin('larder_backup');
  const restore = makeLogin('larder_restore');
  const admin = await server.connect();
  try {
    for (const statement of rolesFor(database, backup, restore)) await admin.query(statement);
  } finally {
    await admin.end();
  }
  const client = await server.connect(database);
  try {
    await client.query(`SET ROLE ${OWNER}`);
    for (const part of PARTS) {
      await client.query(await readFile(new URL(`./demo/${part}.sql`, import.meta.url), 'utf8'));
    }
    // A restore reads which schema belongs to which tenant.
    await client.query(
      `GRANT USAGE ON SCHEMA control_plane TO ${restore.user}; GRANT SELECT ON control_plane.projects TO ${restore.user}`,
    );
    await client.query('RESET ROLE; ANALYZE');
  } finally {
    await client.end();
  }
  return { database, backup, restore };
};
