import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { BACKUP_ROLE } from '../../support/roles.ts';
import { CONTROL_PLANE } from './schemas.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

const run = promisify(execFile);
let services: Services;
let postgres: Postgres;
let fresh: Postgres;
let folder: string;
beforeAll(async () => {
  services = await startServices();
  [postgres, fresh] = await Promise.all([startPostgres(), startPostgres()]);
  folder = mkdtempSync('/var/tmp/larder-shared-');
});
afterAll(async () => {
  await postgres.stop();
  await fresh.stop();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const WHOLE = `
${CONTROL_PLANE}
CREATE ROLE "app owner" NOLOGIN;
CREATE ROLE reader LOGIN PASSWORD 'never in a backup';
GRANT "app owner" TO reader;
CREATE SCHEMA auth AUTHORIZATION "app owner";
CREATE TABLE auth.users (id int PRIMARY KEY, mail text);
ALTER TABLE auth.users OWNER TO "app owner";
INSERT INTO auth.users SELECT n, n || '@example.com' FROM generate_series(1, 100) n;
INSERT INTO control_plane.projects VALUES ('one', 'One', 'one', 'ACTIVE'), ('two', 'Two', 'two', 'ACTIVE');
${['one', 'two']
  .map(
    (name) => `CREATE SCHEMA ${name};
CREATE TABLE ${name}.notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES auth.users, body text);
ALTER TABLE ${name}.notes OWNER TO "app owner";
GRANT USAGE ON SCHEMA ${name} TO reader; GRANT SELECT ON ${name}.notes TO reader;
INSERT INTO ${name}.notes (user_id, body) SELECT id, '${name}' FROM auth.users;`,
  )
  .join('\n')}`;

const fetchObject = async (bench: Bench, key: string): Promise<string> => {
  const found = await services.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: key }));
  const file = path.join(folder, path.basename(key).replaceAll('%', '_'));
  writeFileSync(file, (await found.Body?.transformToByteArray()) ?? '');
  return file;
};

const backUp = async (bench: Bench, id: string): Promise<Manifest> => {
  const backup = await bench.request(id);
  await bench.run(backup);
  const row = await bench.row(backup);
  expect([row.status, row.error]).toEqual(['completed', undefined]);
  const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId ?? '')))
    ?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  return manifest;
};

describe('shared schemas', () => {
  it('with roles and all tenants restore the whole database, from nothing', async () => {
    const database = await postgres.database();
    await postgres.sql(WHOLE, database);
    const bench = await openBench(services, postgres, {
      database,
      source: { sharedSchemas: ['control_plane', 'auth'] },
    });
    const projects = await bench.ports.projects.listProjects();
    expect(projects.map(({ id }) => id)).toEqual(['_shared-main', 'one', 'two']);
    const shared = await backUp(bench, '_shared-main');
    const tenants = [await backUp(bench, 'one'), await backUp(bench, 'two')];
    expect(shared.tables.map(({ schema, name, rows }) => [schema, name, rows])).toEqual([
      ['auth', 'users', 100],
      ['control_plane', 'projects', 2],
    ]);

    const globals = await fetchObject(bench, shared.globals?.key ?? 'none');
    expect((await run('cat', [globals])).stdout).not.toMatch(/never in a backup|SCRAM|PASSWORD '/);
    const client = (await clientPrograms()).clients.find(({ major }) => major === 18);
    if (!client) throw new Error('no programs of 18');
    const login = ['-h', '127.0.0.1', '-p', String(fresh.port), '-U', 'postgres'];
    const env = { PGPASSWORD: PASSWORD, PATH: process.env.PATH ?? '' };
    // The superuser exists already; that is the only error allowed.
    await fresh.sql(`DROP ROLE ${BACKUP_ROLE}`);
    const { stderr } = await run(client.psql, [...login, '-q', '-f', globals, 'postgres'], { env });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringContaining('role "postgres" already exists'),
    ]);
    const target = await fresh.database();
    for (const manifest of [shared, ...tenants]) {
      const file = await fetchObject(bench, manifest.object.key);
      await run(client.pgRestore, [...login, '-d', target, '--exit-on-error', file], { env });
    }
    const look = `SELECT (SELECT count(*)::int FROM one.notes) AS one, (SELECT count(*)::int FROM two.notes) AS two,
      (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f') AS keys,
      (SELECT tableowner FROM pg_tables WHERE schemaname = 'two') AS owner,
      has_table_privilege('reader', 'one.notes', 'SELECT') AS readable,
      pg_has_role('reader', 'app owner', 'MEMBER') AS member`;
    expect((await fresh.sql(look, target)).rows).toEqual((await postgres.sql(look, database)).rows);
  });
});
