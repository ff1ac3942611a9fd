import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOwnership } from '../../../adapters/postgres/projects/schema-ownership.ts';
import { sourceSettings } from '../../../core/settings.ts';
import { CONTROL_PLANE, PROJECT_QUERY, TENANT } from '../../functions/export/schemas.ts';
import { openBench, type Services, startServices } from '../../functions/export/support.ts';
import { PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { runFile } from '../../support/restore.ts';
import { BACKUP_ROLE, roleScript } from '../../support/roles.ts';

/** The scripts of docs/roles.md, run exactly as written; then one backup with just that role. */
const script = (name: string): string => roleScript(name, PASSWORD);

let services: Services;
let postgres: Postgres;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
  // Each script creates the role again.
  await postgres.sql(`DROP ROLE ${BACKUP_ROLE}`);
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
  await postgres.sql(`DROP OWNED BY ${BACKUP_ROLE}; DROP ROLE ${BACKUP_ROLE}`, database);
};

const exportWith = async (database: string) => {
  const bench = await openBench(services, postgres, { database, user: BACKUP_ROLE });
  const backup = await bench.request('acme');
  await bench.run(backup);
  return await bench.row(backup);
};

describe('a backup with just the role of docs/roles.md', () => {
  it('on a self-managed server holds every row, of guarded tables too', async () => {
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
    const client = await postgres.session(database, BACKUP_ROLE);
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

describe('the restore role of docs/roles.md', () => {
  it('reads which project has a schema, in a foreign control plane, with just that right', async () => {
    const database = await tenantIn('CREATE SCHEMA beta');
    const access = {
      settings: sourceSettings.parse({
        name: 'main',
        host: '127.0.0.1',
        port: postgres.port,
        database,
        auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
        tls: 'disable',
        projectQuery: PROJECT_QUERY,
      }),
      credentials: async () => ({ user: 'larder_restore', password: PASSWORD }),
    };
    const project = {
      id: 'beta',
      home: 'main',
      registered: [],
      nameChosen: false,
      isShared: false,
    };
    const uses = [{ schema: 'acme', use: 'exchange', live: true }] as const;
    const { signal } = new AbortController();
    const ask = async () =>
      (await checkOwnership(access, { project, signal }, uses)).map(({ why }) => why);
    await postgres.sql(script('restore'), database);
    expect(await ask()).toEqual(['unreadable']);
    await postgres.sql(script('restore-projects'), database);
    expect(await ask()).toEqual(['another-project']);
    await postgres.sql('DROP OWNED BY larder_restore; DROP ROLE larder_restore', database);
  });

  it('restores a backup beside the live schema, with its owners, while the live one stays', async () => {
    const database = await postgres.database();
    await postgres.sql(
      `${CONTROL_PLANE} GRANT ALL ON SCHEMA control_plane TO app_owner; GRANT ALL ON control_plane.projects TO app_owner;
       GRANT CREATE ON DATABASE ${database} TO app_owner; SET ROLE app_owner; ${TENANT('acme')}`,
      database,
    );
    await postgres.sql(script('backup-plain') + script('restore'), database);
    const bench = await openBench(services, postgres, { database });
    const backup = await bench.request('acme', { format: 'plain', compression: 'none' });
    await bench.run(backup);
    const { fileId } = await bench.row(backup);
    const object = await services.s3.send(
      new GetObjectCommand({ Bucket: bench.bucket, Key: fileId ?? '' }),
    );
    const folder = mkdtempSync('/var/tmp/larder-restore-');
    const file = path.join(folder, 'beside.sql');
    writeFileSync(
      file,
      `ALTER SCHEMA acme RENAME TO acme_live;\n${await object.Body?.transformToString()}
       ALTER SCHEMA acme RENAME TO acme_restored; ALTER SCHEMA acme_live RENAME TO acme;`,
    );
    await runFile(postgres, database, file, 'larder_restore');
    rmSync(folder, { recursive: true, force: true });
    const counts = await postgres.sql(
      `SELECT (SELECT count(*)::int FROM acme.parent) AS live, (SELECT count(*)::int FROM acme_restored.parent) AS restored,
        (SELECT tableowner FROM pg_tables WHERE schemaname = 'acme_restored' AND tablename = 'parent') AS owner`,
      database,
    );
    expect(counts.rows).toEqual([{ live: 5000, restored: 5000, owner: 'app_owner' }]);
  });
});
