import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodePart, manifestKeyBeside } from '../../core/keys.ts';
import { manifest as manifestSchema } from '../../core/manifest.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts';
import {
  endStart,
  listeningAddresses,
  processesOf,
  removeFolder,
  type Started,
  start,
} from './support/start.ts';

const QUOTED = 'Müller & Söhne "Nord"';
const ACTIVE = [QUOTED, 'acme', 'globex'].toSorted();

const backup = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  status: z.string(),
  fileId: z.string().optional(),
  size: z.number().optional(),
  checksum: z.string().optional(),
  tableCount: z.number().optional(),
  rowCount: z.number().optional(),
});
type Shown = z.infer<typeof backup>;
const document = z.object({
  run: z.looseObject({ schedule: z.string() }).nullable(),
  backups: z.array(backup),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
});

let dataDir: string;
const starts: Started[] = [];
const begin = (args: readonly string[], environment: Record<string, string> = {}): Started => {
  // Temporary folders of this start are known by their parent.
  const started = start(['--data-dir', dataDir, ...args], { TMPDIR: temporary, ...environment });
  starts.push(started);
  return started;
};
let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp('/var/tmp/larder-e2e-');
  execFileSync('chmod', ['755', temporary]);
  dataDir = path.join(temporary, 'data');
});
afterEach(async () => {
  for (const started of starts.splice(0)) await endStart(started);
});
afterAll(() => removeFolder(temporary));

const vaultFile = async (key: string): Promise<string> => {
  const vault = path.join(dataDir, 'vault');
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

/** What a start must not leave: processes that know its folders, and temporary folders. */
const leftBehind = async (): Promise<string[]> => {
  const temporaryFolders = (await readdir(temporary)).filter((name) => name !== 'data');
  return [...(await processesOf(temporary)), ...temporaryFolders];
};
const untilNothingIsLeft = async (): Promise<string[]> => {
  for (let tries = 0; tries < 100 && (await leftBehind()).length > 0; tries += 1) await wait(100);
  return leftBehind();
};

// Others may be at work on the same machine.
const PATIENCE = 180_000;

describe('npm start -- --once --json', { timeout: PATIENCE }, () => {
  let backups: Shown[];

  it('backs up every active project, and prints one document that is true', async () => {
    const started = begin(['--once', '--json']);
    expect(await started.ended).toBe(0);
    const shown = document.parse(JSON.parse(started.output().stdout));
    backups = shown.backups;
    expect(shown.run?.schedule).toBe('nightly');
    expect(backups.map(({ projectId }) => projectId).toSorted()).toEqual(ACTIVE);
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

  it('has sent one mail about the run, and leaves nothing behind', async () => {
    const mails = (await readdir(path.join(dataDir, 'mails'))).filter((name) =>
      name.endsWith('.eml'),
    );
    expect(mails).toHaveLength(1);
    expect(await untilNothingIsLeft()).toEqual([]);
  });

  it('is found by the next start, which gives each format so that it restores as its manifest says', async () => {
    const started = begin([]);
    await started.until('Ctrl-C');
    expect(started.output().stderr).toContain('3 backups of earlier starts');
    const api = await started.until(/http:\/\/127\.0\.0\.1:\d+/);
    const get = async (at: string): Promise<unknown> => (await fetch(`${api}${at}`)).json();
    for (const { projectId, id, fileId } of backups) {
      const found = await get(`/projects/${encodePart(projectId)}/backups/${id}`);
      expect(backup.parse(found)).toMatchObject({ status: 'completed', fileId });
    }
    // Nobody checks who calls here, so nobody from elsewhere may.
    const addresses = await listeningAddresses(started.process.pid ?? 0);
    expect(addresses.length).toBeGreaterThan(5);
    expect(new Set(addresses)).toEqual(new Set(['0100007F']));
    const restored = await restoreEachFormat(api, get);
    expect(restored).toEqual(
      ['custom', 'plain', 'tar'].map((format) => [format, 'as its manifest says']),
    );

    const port = Number(new URL(api).port);
    // As a terminal does: the signal goes to the whole group.
    process.kill(-(started.process.pid ?? 0), 'SIGINT');
    expect(await started.ended).toBe(0);
    expect(await listening(port)).toBe(false);
    expect(await untilNothingIsLeft()).toEqual([]);
  });
});

/** Asks for each format of the project whose name needs quotes, downloads it, and restores it into an empty database. */
const restoreEachFormat = async (api: string, get: (at: string) => Promise<unknown>) => {
  const server: Postgres = await startPostgres();
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
      const asked = await fetch(`${api}${projectPath}`, {
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
      const download = await fetch(`${api}${location}/download?redirect=true`);
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

describe('a start', { timeout: PATIENCE }, () => {
  it('that is killed leaves nothing running, and the next one is not hindered', async () => {
    const killed = begin([]);
    await killed.until('The stack runs');
    const second = begin(['--once']);
    expect(await second.ended).toBe(1);
    expect(second.output().stderr).toContain('in use by another start');
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(await untilNothingIsLeft()).toEqual([]);
    expect(existsSync(path.join(dataDir, 'history'))).toBe(true);
  });

  it('that is told twice ends at once, and still leaves nothing', async () => {
    const started = begin([]);
    await started.until('The stack runs');
    started.process.kill('SIGTERM');
    started.process.kill('SIGINT');
    expect([0, 130]).toContain(await started.ended);
    expect(await untilNothingIsLeft()).toEqual([]);
  });

  it('says what is wrong with the port in one line, before anything is started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const started = begin(['--port', String(port)]);
    expect(await started.ended).toBe(1);
    server.close();
    expect(started.output().stderr).toBe(
      `larder: Port ${port} on 127.0.0.1 is in use. End what listens there, or choose another port with --port.\n`,
    );
  });

  it('names all mistakes of a configuration at once, and shows no stack', async () => {
    const config = path.join(temporary, 'three-mistakes.config.ts');
    await writeFile(
      config,
      `export default {
         environment: 'two words',
         sources: [{ name: 'main', host: 'h', database: 'd', iam: { user: 'u', resourceId: 'db-A1' } }],
         schedules: [{ name: 'nightly', expression: 'cron(0 2 * * *)' }],
         notifications: { from: 'nobody', to: ['a@example.com'] },
       };`,
    );
    const started = begin(['--config', config]);
    expect(await started.ended).toBe(1);
    await removeFolder(config);
    const { stderr } = started.output();
    for (const at of ['environment', 'schedules[0].expression', 'notifications.from']) {
      expect(stderr).toContain(`  ${at}: `);
    }
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['/proc/nothing', "can't be written"],
    ['/dev/null/data', "can't be written"],
  ])('says that the data folder %s %s', async (folder, said) => {
    const started = begin(['--data-dir', folder]);
    expect(await started.ended).toBe(1);
    expect(started.output().stderr).toContain(`${folder} ${said}`);
  });
});
