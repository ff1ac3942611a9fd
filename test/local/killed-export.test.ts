import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { manifestKeyBeside } from '../../core/keys.ts';
import config from '../../larder.config.ts';
import { checkConfig } from '../../lib/config.ts';
import { type LocalStack, startStack } from '../../local/stack.ts';
import { localConfig, secretArnOf } from '../../local/start/config.ts';
import { synthesizeApart } from '../../local/template/synthesis.ts';
import { clientRoot, PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts';
import { processesOf, removeFolder } from './support/start.ts';

/**
 * The one test that waits: a killed worker's message is delivered again after two minutes, as it would in AWS. Enough random
 * text that the upload has begun, and is far from its end, when the worker dies.
 */
const ROWS = 1_500_000;

let server: Postgres;
let temporary: string;
let stack: LocalStack;

beforeAll(async () => {
  temporary = await mkdtemp('/var/tmp/larder-killed-');
  execFileSync('chmod', ['755', temporary]);
  server = await startPostgres();
  const database = await server.database();
  await server.sql(
    `CREATE SCHEMA control_plane;
     CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text, status text);
     INSERT INTO control_plane.projects VALUES ('big', 'Big', 'ACTIVE');
     CREATE SCHEMA big;
     CREATE TABLE big.rows AS SELECT n, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) AS text
     FROM generate_series(1, ${ROWS}) AS n`,
    database,
  );
  const source = {
    name: 'main',
    host: '127.0.0.1',
    port: server.port,
    database,
    tls: 'disable',
  } as const;
  const temporaryFolder = path.join(temporary, 'tmp');
  await mkdir(temporaryFolder);
  const folder = path.join(temporary, 'stack');
  const synthesized = await synthesizeApart(
    localConfig(checkConfig(config), source, { onlyWhenAsked: true }),
    {
      folder,
      temporaryFolder,
    },
  );
  const secret = JSON.stringify({ username: 'postgres', password: PASSWORD });
  stack = await startStack({
    synthesized,
    dataDir: path.join(temporary, 'data'),
    temporaryFolder,
    secrets: new Map([[secretArnOf('main'), secret]]),
    postgresRoots: [await clientRoot()],
    port: 0,
    onProblem: () => undefined,
  });
});
afterAll(async () => {
  await stack?.stop(0);
  await server?.stop();
  expect(await processesOf(temporary)).toEqual([]);
  await removeFolder(temporary);
});

const backup = z.looseObject({
  status: z.string(),
  attempt: z.number(),
  rowCount: z.number().optional(),
  fileId: z.string().optional(),
});
const files = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => path.relative(folder, path.join(one.parentPath, one.name)));
const uploads = () => files(path.join(temporary, 'data', 'vault', '.uploads'));

it('an export whose process is killed in the middle is done by the next attempt, and leaves no object of the first', async () => {
  const headers = { authorization: `Bearer ${stack.apiToken}` };
  const asked = await fetch(`${stack.apiUrl}/projects/big/backups`, { method: 'POST', headers });
  expect(asked.status).toBe(202);
  const location = asked.headers.get('location') ?? '';
  const look = async () =>
    backup.parse(await (await fetch(`${stack.apiUrl}${location}`, { headers })).json());

  // A part has arrived: so the upload is in progress.
  while ((await uploads()).filter((name) => !name.endsWith('upload.json')).length === 0) {
    await wait(5);
  }
  for (const pid of stack.workers('export:main')) process.kill(pid, 'SIGKILL');
  let shown = await look();
  expect(shown.status).toBe('in-progress');
  while (['pending', 'in-progress'].includes(shown.status)) {
    await wait(1000);
    shown = await look();
  }
  expect(shown).toMatchObject({ status: 'completed', attempt: 2, rowCount: ROWS });
  const kept = shown.fileId ?? '';
  expect((await files(stack.vaultFolder)).toSorted()).toEqual(
    [kept, manifestKeyBeside(kept)].toSorted(),
  );
  const leftOver = await server.sql(
    `SELECT count(*)::int AS backends FROM pg_stat_activity WHERE application_name LIKE 'larder/%/1'`,
  );
  expect(leftOver.rows).toEqual([{ backends: 0 }]);
  expect(stack.accessReport().refused).toEqual([]);
}, 240_000);
