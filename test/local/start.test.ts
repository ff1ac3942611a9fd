import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { encodePart, manifestKeyBeside } from '../../core/keys.ts';
import { manifest as manifestSchema } from '../../core/manifest.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts';
import { openRoom, PATIENCE, type Room } from './support/room.ts';
import { asUser, listeningAddresses, removeFolder } from './support/start.ts';

const QUOTED = 'Müller & Söhne "Nord"';
const ACTIVE = [QUOTED, 'acme', 'globex'].toSorted();

const backup = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  status: z.string(),
  fileId: z.string().optional(),
  size: z.number().optional(),
  checksum: z.string().optional(),
  validation: z.string().optional(),
  verification: z.looseObject({ result: z.looseObject({ verdict: z.string() }) }).optional(),
  tableCount: z.number().optional(),
  rowCount: z.number().optional(),
});
type Shown = z.infer<typeof backup>;
const document = z.object({
  run: z.looseObject({ schedule: z.string() }).nullable(),
  backups: z.array(backup),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
});

let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterEach(() => room.endAll());
afterAll(() => room.close());

const vaultFile = async (key: string): Promise<string> => {
  const vault = path.join(room.dataDir, 'vault');
  const [bucket = ''] = (await readdir(vault)).filter((name) => !name.startsWith('.'));
  return path.join(vault, bucket, key);
};

const listening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

describe('npm start -- --once --json --verify', { timeout: PATIENCE }, () => {
  let backups: Shown[];

  it('backs up every active project, verifies each, and prints one document that is true', async () => {
    const started = room.begin(['--once', '--json', '--verify']);
    expect(await started.ended).toBe(0);
    const shown = document.parse(JSON.parse(started.output().stdout));
    backups = shown.backups;
    expect(shown.run?.schedule).toBe('nightly');
    expect(backups.map(({ projectId }) => projectId).toSorted()).toEqual(ACTIVE);
    for (const { projectId, validation, verification } of backups)
      expect([validation, verification?.result.verdict], projectId).toEqual([
        'verified',
        'verified',
      ]);
    let rows = 0;
    for (const { status, fileId = '', size, checksum, tableCount, rowCount = 0 } of backups) {
      expect(status).toBe('completed');
      const bytes = await readFile(await vaultFile(fileId));
      expect(bytes.length).toBe(size);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(checksum);
      const beside = JSON.parse(await readFile(await vaultFile(manifestKeyBeside(fileId)), 'utf8'));
      const { tables, object } = manifestSchema.parse(beside);
      expect([object.sha256, tables.length > 0, (tableCount ?? 0) > 0]).toEqual([
        checksum,
        true,
        true,
      ]);
      rows += rowCount;
    }
    expect(rows).toBeGreaterThan(90_000);
    expect(rows).toBeLessThan(110_000);
  });

  it('has sent one mail about the run, was refused nothing by IAM, and leaves nothing behind', async () => {
    const folder = path.join(room.dataDir, 'mails');
    const mails = (await readdir(folder)).filter((name) => name.endsWith('.eml'));
    const texts = await Promise.all(mails.map((name) => readFile(path.join(folder, name), 'utf8')));
    const subjects = texts.map((text) => /^Subject: (.*)$/im.exec(text)?.[1] ?? '');
    // What was requested by hand, as the verifications are, has a mail of its own.
    const ofRun = subjects.filter((subject) => !/A[ _]backup[ _]of/.test(subject));
    expect(ofRun).toEqual(['[Larder local] nightly: 3 of 3 backups completed']);
    const report = await readFile(path.join(room.dataDir, 'access.json'), 'utf8');
    expect(JSON.parse(report)).toMatchObject({ refused: [] });
    expect(await room.leftBehind()).toEqual([]);
  });

  it('is found by the next start, which exports each format so that it restores as its manifest says', async () => {
    const started = room.begin([]);
    await started.until('Ctrl-C');
    expect(started.output().stderr).toContain('3 backups of earlier starts');
    const api = await started.until(/http:\/\/127\.0\.0\.1:\d+/);
    const ask = asUser(room.dataDir);
    const get = async (at: string): Promise<unknown> => (await ask(`${api}${at}`)).json();
    for (const { projectId, id, fileId } of backups) {
      const found = await get(`/projects/${encodePart(projectId)}/backups/${id}`);
      expect(backup.parse(found)).toMatchObject({ status: 'completed', fileId });
    }
    const addresses = await listeningAddresses(started.process.pid ?? 0);
    expect(addresses.length).toBeGreaterThan(5);
    const [hosts, ports] = [0, 1].map((part) => addresses.map((one) => one.split(':')[part] ?? ''));
    expect(new Set(hosts)).toEqual(new Set(['0100007F']));
    // Other users of the machine, and pages of foreign sites in its browsers.
    for (const port of ports ?? []) {
      for (const method of ['GET', 'POST', 'PUT']) {
        const answer = await fetch(`http://127.0.0.1:${Number.parseInt(port, 16)}/`, { method });
        expect([port, method, [401, 403].includes(answer.status)]).toEqual([port, method, true]);
      }
    }
    expect((await stat(room.dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(room.dataDir, 'api.curl'))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(room.dataDir, 'endpoints.json'))).mode & 0o777).toBe(0o600);
    // More at once than the machine has processors for.
    const headers = { 'idempotency-key': 'once', 'content-type': 'application/json' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        ask(`${api}/projects/acme/backups`, { method: 'POST', headers, body: '{}' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
    const asked = await Promise.all(answers.map(async (one) => backup.parse(await one.json()).id));
    expect(new Set(asked).size).toBe(1);
    const restored = await restoreEachFormat(api, ask, get);
    expect(restored).toEqual(
      ['custom', 'plain', 'tar'].map((format) => [format, 'as its manifest says']),
    );

    const port = Number(new URL(api).port);
    // As a terminal does: the signal goes to the whole group.
    process.kill(-(started.process.pid ?? 0), 'SIGINT');
    expect(await started.ended).toBe(0);
    expect(await listening(port)).toBe(false);
    expect(await room.leftBehind()).toEqual([]);
  });
});

/** Requests each format of the project whose name needs quotes, downloads it, and restores it into an empty database. */
const restoreEachFormat = async (
  api: string,
  ask: typeof fetch,
  get: (at: string) => Promise<unknown>,
) => {
  const server: Postgres = await startPostgres();
  // The owner of the demo's schemas.
  await server.sql('CREATE ROLE app_owner');
  const { clients } = await clientPrograms();
  const client = clients.find(({ major }) => major === server.major);
  if (!client) throw new Error('no client programs');
  const folder = await mkdtemp(path.join(tmpdir(), 'larder-restore-'));
  const env = {
    ...process.env,
    PGHOST: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: PASSWORD,
  };
  const results: [string, string][] = [];
  try {
    for (const format of ['custom', 'plain', 'tar'] as const) {
      const projectPath = `/projects/${encodePart(QUOTED)}/backups`;
      const compression = format === 'plain' ? { compression: 'none' } : {};
      const asked = await ask(`${api}${projectPath}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ format, ...compression }),
      });
      expect(asked.status).toBe(202);
      const location = asked.headers.get('location') ?? '';
      let shown = backup.parse(await get(location));
      while (['pending', 'in-progress'].includes(shown.status)) {
        await wait(200);
        shown = backup.parse(await get(location));
      }
      expect(shown.status).toBe('completed');
      const download = await ask(`${api}${location}/download?redirect=true`);
      const file = path.join(folder, format);
      await writeFile(file, Buffer.from(await download.arrayBuffer()));
      const database = await server.database();
      if (format === 'plain') {
        execFileSync(
          client.psql,
          ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', file],
          { env },
        );
      } else {
        execFileSync(client.pgRestore, ['--exit-on-error', '-d', database, file], { env });
      }
      const beside = await readFile(await vaultFile(manifestKeyBeside(shown.fileId ?? '')), 'utf8');
      results.push([format, await compare(server, database, beside)]);
    }
    return results;
  } finally {
    await server.stop();
    await removeFolder(folder);
  }
};

const compare = async (server: Postgres, database: string, text: string): Promise<string> => {
  const { tables } = manifestSchema.parse(JSON.parse(text));
  const session = await server.session(database);
  try {
    for (const { schema, name, rows, kind } of tables) {
      if (rows === null) continue;
      const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
      const counted = await session.query(`SELECT count(*)::int AS rows FROM ${table}`);
      if (counted.rows[0].rows !== rows)
        return `${kind} ${table}: ${counted.rows[0].rows}, not ${rows}`;
    }
    return tables.length > 0 ? 'as its manifest says' : 'no table';
  } finally {
    await session.end();
  }
};
