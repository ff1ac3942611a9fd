import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts';
import { roleScript } from '../support/roles.ts';
import { openRoom, PATIENCE, type Room } from './support/room.ts';
import { asUser, processesOf } from './support/start.ts';

const RESTORE_PASSWORD = 'of the / restore role';
const ODD = 'a.b "c", d*';
const shown = z.object({
  run: z.looseObject({}).nullable(),
  backups: z.array(
    z.looseObject({
      id: z.string(),
      projectId: z.string(),
      status: z.string(),
      validation: z.string(),
    }),
  ),
  error: z.object({ name: z.string() }).optional(),
});

let server: Postgres;
let database: string;
let room: Room;

beforeAll(async () => {
  room = await openRoom();
  server = await startPostgres();
  database = await server.database();
  const quoted = `"${ODD.replaceAll('"', '""')}"`;
  await server.sql(
    `CREATE SCHEMA ${quoted}; CREATE TABLE ${quoted}.t AS SELECT generate_series(1, 10) AS n;
     CREATE ROLE app_owner; GRANT CREATE ON DATABASE ${database} TO app_owner; SET ROLE app_owner;
     CREATE SCHEMA plain; CREATE TABLE plain.t AS SELECT generate_series(1, 20) AS n`,
    database,
  );
  await server.sql(roleScript('restore', RESTORE_PASSWORD), database);
});
afterEach(() => room.endAll());
afterAll(async () => {
  await server.stop();
  await room.close();
});

const urlOf = (
  changes: { user?: string; password?: string; port?: number; name?: string } = {},
) => {
  const { user = 'postgres', password = PASSWORD, port = server.port, name = database } = changes;
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
};
const begin = (args: readonly string[], url: string) =>
  room.begin(['--once', '--json', ...args], { LARDER_DATABASE_URL: url });

describe('npm start -- --database-url', { timeout: PATIENCE }, () => {
  it.each<[string, () => { url: string; args?: string[] }, string]>([
    ['a server that refuses', () => ({ url: urlOf({ port: 1 }) }), 'ECONNREFUSED'],
    ['a wrong password', () => ({ url: urlOf({ password: 'wrong' }) }), 'the password is wrong'],
    ['a missing database', () => ({ url: urlOf({ name: 'nothing' }) }), 'no database "nothing"'],
    ['no projects', () => ({ url: urlOf() }), '"plain"'],
    [
      'a missing schema',
      () => ({ url: urlOf(), args: ['--schemas', 'plain,gone'] }),
      'no schema "gone"',
    ],
    [
      'TLS the server lacks',
      () => ({ url: `${urlOf()}?sslmode=verify-full` }),
      'could not be trusted',
    ],
  ])(
    'reports in one line what is wrong with %s, and leaves nothing behind',
    async (_name, of, said) => {
      const { url, args = [] } = of();
      const started = begin(args, url);
      expect(await started.ended).toBe(1);
      const { stdout, stderr } = started.output();
      expect(stderr).toMatch(/^larder: [^\n]*\n$/);
      expect(stderr).toContain(said);
      expect(stderr + stdout).not.toContain(PASSWORD);
      expect(shown.parse(JSON.parse(stdout))).toMatchObject({ run: null, backups: [] });
      expect(await readdir(room.folder)).toEqual([]);
    },
  );

  it('accepts schemas as projects, whatever their names contain, and never shows the password', async () => {
    const schemas = `plain,"${ODD.replaceAll('"', '""')}"`;
    const started = begin(['--verify', '--schemas', schemas], urlOf());
    const looked = new Set<string>();
    const look = async (): Promise<void> => {
      for (const line of await processesOf(room.folder)) looked.add(line);
    };
    const looking = setInterval(() => void look(), 100);
    expect(await started.ended).toBe(0);
    clearInterval(looking);
    const { stdout, stderr } = started.output();
    const { backups } = shown.parse(JSON.parse(stdout));
    expect(backups.map((one) => [one.projectId, one.status, one.validation]).toSorted()).toEqual([
      [ODD, 'completed', 'verified'],
      ['plain', 'completed', 'verified'],
    ]);
    expect(stderr).toContain('without TLS, since the server is on this machine');

    const seen = [stdout, stderr, ...looked];
    for (const name of await readdir(room.folder, { recursive: true, withFileTypes: true })) {
      if (name.isFile()) seen.push(await readFile(path.join(name.parentPath, name.name), 'latin1'));
    }
    expect(seen.join('\n')).not.toContain(PASSWORD);
    expect(seen.join('\n')).not.toContain(encodeURIComponent(PASSWORD));
    expect(looked.size).toBeGreaterThan(0);
    // Separate from the demo's, whose projects may have the same ids.
    expect(await readdir(room.dataDir)).toEqual(['databases']);
  });

  it('is written to once a restore role has a login, and by nothing else', async () => {
    const restore = urlOf({ user: 'larder_restore', password: RESTORE_PASSWORD });
    const started = room.begin(['--json', '--schemas', 'plain'], {
      LARDER_DATABASE_URL: urlOf(),
      LARDER_RESTORE_URL: restore,
    });
    await started.until('Ctrl-C');
    const { stdout, stderr } = started.output();
    const [backup] = shown.parse(JSON.parse(stdout)).backups;
    const api = /API (http:\S+),/.exec(stderr)?.[1] ?? '';
    const [own = ''] = await readdir(path.join(room.dataDir, 'databases'));
    const ask = asUser(path.join(room.dataDir, 'databases', own));
    const asked = await ask(`${api}/projects/plain/backups/${backup?.id}/restores`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schemaName: 'came back' }),
    });
    expect(asked.status).toBe(202);
    const self = asked.headers.get('location') ?? '';
    const look = async () =>
      z.looseObject({ status: z.string() }).parse(await (await ask(`${api}${self}`)).json());
    while (['pending', 'in-progress'].includes((await look()).status)) await wait(100);
    expect(await look()).toMatchObject({ status: 'completed', mode: 'beside' });
    const counted = await server.sql(
      `SELECT count(*)::int AS rows, (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'came back') AS owner
       FROM "came back".t`,
      database,
    );
    expect(counted.rows).toEqual([{ rows: 20, owner: 'app_owner' }]);
    const { stdout: out, stderr: err } = started.output();
    expect(out + err).not.toContain(RESTORE_PASSWORD);
    expect(out + err).not.toContain(encodeURIComponent(RESTORE_PASSWORD));
  });
});
