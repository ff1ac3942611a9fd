import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { EmbeddedPostgres } from './server.ts';

/** The demo: one database with four tenants, one of them not active any more, and a role that may read and no more. */
export interface DemoDatabase {
  readonly database: string;
  readonly backupUser: string;
  readonly backupPassword: string;
}

const BACKUP_ROLE = 'larder_backup';
const PARTS = ['control-plane', 'shop', 'meters', 'ledger', 'suspended'] as const;

export const makeDemo = async (
  server: EmbeddedPostgres,
  database: string,
): Promise<DemoDatabase> => {
  const backupPassword = randomBytes(24).toString('base64url');
  const admin = await server.connect();
  try {
    await admin.query(`CREATE DATABASE ${database}`);
    // BYPASSRLS: without it pg_dump refuses tables with row security, rather than leave rows out.
    await admin.query(
      `CREATE ROLE ${BACKUP_ROLE} LOGIN BYPASSRLS CONNECTION LIMIT 50 PASSWORD '${backupPassword}'`,
    );
    await admin.query(`GRANT pg_read_all_data TO ${BACKUP_ROLE}`);
  } finally {
    await admin.end();
  }
  const client = await server.connect(database);
  try {
    for (const part of PARTS) {
      await client.query(await readFile(new URL(`./demo/${part}.sql`, import.meta.url), 'utf8'));
    }
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
  return { database, backupUser: BACKUP_ROLE, backupPassword };
};
