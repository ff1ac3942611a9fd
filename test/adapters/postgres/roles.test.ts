import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_PLANE, TENANT } from '../../functions/export/schemas.ts';
import { openBench, type Services, startServices } from '../../functions/export/support.ts';
import { PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';

/** The scripts of docs/roles.md, run as they stand there; then one backup with just that role. */
const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../../docs/roles.md'), 'utf8');
const script = (name: string): string => {
  const found = new RegExp(`\`\`\`sql ${name}\\n([\\s\\S]*?)\`\`\``).exec(PAGE)?.[1];
  if (!found) throw new Error(`docs/roles.md has no script ${name}`);
  return found.replaceAll("'change me'", `'${PASSWORD.replaceAll("'", "''")}'`);
};

let services: Services;
let postgres: Postgres;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
});

const GUARDED = `
  CREATE TABLE acme.guarded (n int);
  INSERT INTO acme.guarded SELECT generate_series(1, 7);
  ALTER TABLE acme.guarded ENABLE ROW LEVEL SECURITY;
  ALTER TABLE acme.guarded OWNER TO app_owner;`;

/** Rows of all the tenant's tables together, as the test's schema has them. */
const TENANT_ROWS = 11_000;

const tenantIn = async (more = ''): Promise<string> => {
  const database = await postgres.database();
  await postgres.sql(
    `DO $$ BEGIN CREATE ROLE app_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     ${CONTROL_PLANE}${TENANT('acme')}${more}`,
    database,
  );
  return database;
};

const forget = async (database: string) => {
  await postgres.sql('DROP OWNED BY larder_backup; DROP ROLE larder_backup', database);
};

const exportWith = async (database: string) => {
  const bench = await openBench(services, postgres, { database, user: 'larder_backup' });
  const backup = await bench.request('acme');
  await bench.run(backup);
  return await bench.row(backup);
};

describe('a backup with just the role of docs/roles.md', () => {
  it('on a server of one’s own holds every row, of guarded tables too', async () => {
    const database = await tenantIn(GUARDED);
    await postgres.sql(script('backup-plain'), database);
    const row = await exportWith(database);
    expect([row.status, row.rowCount]).toEqual(['completed', TENANT_ROWS + 7]);
    await forget(database);
  });

  it('on Supabase holds every row, of guarded tables too', async () => {
    const database = await tenantIn(GUARDED);
    await postgres.sql(script('backup-supabase'), database);
    const row = await exportWith(database);
    expect([row.status, row.rowCount]).toEqual(['completed', TENANT_ROWS + 7]);
    await forget(database);
  });

  it('on RDS refuses guarded tables until it is a member of their owner', async () => {
    const database = await tenantIn(GUARDED);
    await postgres.sql(script('backup-rds'), database);
    const refused = await exportWith(database);
    expect([refused.status, refused.error?.name]).toEqual(['failed', 'PermissionMissing']);
    expect(refused.error?.message).toContain('"guarded"');
    await postgres.sql(script('backup-rds-row-security'), database);
    const row = await exportWith(database);
    expect([row.status, row.rowCount]).toEqual(['completed', TENANT_ROWS + 7]);
    await forget(database);
  });

  it('can change nothing in the database', async () => {
    const database = await tenantIn();
    await postgres.sql(script('backup-plain'), database);
    const client = await postgres.session(database, 'larder_backup');
    for (const attempt of [
      "INSERT INTO acme.child VALUES (1, '')",
      'DROP TABLE acme.child',
      'CREATE TABLE acme.mine ()',
      'CREATE SCHEMA mine',
    ]) {
      await expect(client.query(attempt)).rejects.toThrow(/permission denied|must be owner/);
    }
    await client.end();
    await forget(database);
  });
});
