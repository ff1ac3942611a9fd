import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { ensureTool, type Tool } from '../../layers/postgres/tools.ts';
import { makeEmptyRoot } from './support/empty-root.ts';
import { atEnd, endWithFile, freePort, scratchFolder } from './support/scratch.ts';

const BIN = '/opt/postgres/server/lib/postgresql/18/bin';

let client: pg.Client;
let root: string;

/**
 * A sandbox like Lambda's: a root that is read only except /tmp, a user that is not root, and neither /dev/shm nor /proc. initdb requires
 * that the user has a name. `shell` adds /bin/sh and /dev/null, which initdb and pg_ctl need and Lambda has.
 */
function room(bwrap: Tool, shell: boolean): string[] {
  const identity = ['--unshare-user', '--uid', '1000', '--gid', '1000', '--die-with-parent'];
  const place = [
    '--ro-bind',
    root,
    '/',
    '--bind',
    path.join(root, 'tmp'),
    '/tmp',
    '--chdir',
    '/tmp',
  ];
  const more = shell ? ['--dev-bind', '/dev/null', '/dev/null'] : [];
  return [...bwrap.command, ...identity, ...place, ...more, '--clearenv', '--'];
}

beforeAll(async () => {
  const folder = await scratchFolder();
  const bwrap = await ensureTool('bubblewrap', 'usr/bin/bwrap');
  const busybox = await ensureTool('busybox-static', 'usr/bin/busybox');
  const { assetDirectory } = await ensureLayer({ layer: 'server' });
  root = path.join(folder, 'root');
  makeEmptyRoot(root, [assetDirectory]);
  mkdirSync(path.join(root, 'bin'));
  mkdirSync(path.join(root, 'dev'));
  mkdirSync(path.join(root, 'etc'));
  writeFileSync(path.join(root, 'etc', 'passwd'), 'sandbox:x:1000:1000::/nowhere:/bin/false\n');
  writeFileSync(path.join(root, 'dev', 'null'), '');
  copyFileSync(busybox.command.at(-1) ?? '', path.join(root, 'bin', 'busybox'));
  symlinkSync('busybox', path.join(root, 'bin', 'sh'));
  const init = ['-D', '/tmp/data', '-U', 'larder', '--auth=trust', '--no-sync', '--encoding=UTF8'];
  const choices = ['--locale=C', '-c', 'dynamic_shared_memory_type=mmap'];
  const [program = '', ...args] = [...room(bwrap, true), `${BIN}/initdb`, ...init, ...choices];
  execFileSync(program, args, { stdio: 'pipe' });
  const port = await freePort();
  const flags = ['-c', 'unix_socket_directories=/tmp', '-c', 'listen_addresses=127.0.0.1'];
  const start = [
    `${BIN}/postgres`,
    '-D',
    '/tmp/data',
    '-p',
    String(port),
    '-c',
    'fsync=off',
    ...flags,
  ];
  const [sandbox = '', ...inside] = [...room(bwrap, false), ...start];
  const child = spawn(sandbox, inside);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  // The sandbox ends with its processes (--die-with-parent).
  endWithFile(child, 'SIGKILL');
  atEnd(() => client.end());
  for (let tries = 0; tries < 100; tries += 1) {
    client = new pg.Client({ host: '127.0.0.1', port, user: 'larder', database: 'postgres' });
    const outcome = await client.connect().catch((error: Error) => error);
    if (!(outcome instanceof Error)) return;
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`the server did not start: ${said}`);
});

describe('the server layer in an empty root', () => {
  test('every extension of contrib can be created, with its module and its scripts', async () => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT name FROM pg_available_extensions ORDER BY name',
    );
    expect(rows.length).toBeGreaterThan(40);
    for (const { name } of rows) {
      await client.query(`CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE`);
    }
  });

  test('every module loads with the libraries of the layer', async () => {
    const modules = path.join(root, 'opt/postgres/server/lib/postgresql/18/lib');
    const names = readdirSync(modules).filter((name) => name.endsWith('.so'));
    expect(names).toContain('plpgsql.so');
    // Only the server's start can load these two, and they say so.
    for (const name of names.filter((one) => !/^(sepgsql|basic_archive)/.test(one))) {
      const outcome = await client
        .query(`LOAD '$libdir/${name}'`)
        .catch((error: Error) => error.message);
      if (typeof outcome === 'string')
        expect(outcome).not.toMatch(/could not load|cannot open shared/);
    }
  });

  test('knows the time zones, without any on the system', async () => {
    const { rows } = await client.query(
      `SELECT to_char('2026-07-01 00:00Z'::timestamptz AT TIME ZONE 'Europe/Berlin', 'HH24') AS berlin,
        (SELECT count(*)::int FROM pg_timezone_names) AS zones`,
    );
    expect(rows[0].berlin).toBe('02');
    expect(rows[0].zones).toBeGreaterThan(400);
  });

  test('sorts by language and compares regardless of it', async () => {
    const { rows } = await client.query(
      `SELECT string_agg(w, '' ORDER BY w COLLATE "de-x-icu") AS german,
        string_agg(w, '' ORDER BY w COLLATE "C") AS bytes FROM unnest('{ä,b,a}'::text[]) w`,
    );
    expect(rows[0]).toEqual({ german: 'aäb', bytes: 'abä' });
  });

  test('has no just-in-time compiler, and works without', async () => {
    const { rows } = await client.query('SELECT pg_jit_available() AS jit');
    expect(rows[0].jit).toBe(false);
    await client.query('SET jit_above_cost = 0');
    await client.query('SELECT sum(n) FROM generate_series(1, 100000) n');
    const files = readdirSync(path.join(root, 'opt'), { recursive: true });
    expect(files.filter((name) => /llvm|bitcode/i.test(String(name)))).toEqual([]);
  });

  test('reads XML, hashes and compresses', async () => {
    const { rows } = await client.query(
      `SELECT xpath('/a/text()', '<a>x</a>'::xml)::text AS xml, encode(sha256('x'), 'hex') AS hash,
        encode(digest('x', 'sha256'), 'hex') AS digest`,
    );
    expect(rows[0].xml).toBe('{x}');
    expect(rows[0].hash).toBe(rows[0].digest);
    await client.query('CREATE TABLE squeezed (t text COMPRESSION lz4)');
    await client.query("INSERT INTO squeezed VALUES (repeat('larder', 100000))");
  });
});

test('the arm64 server starts under the emulator', async () => {
  const folder = await scratchFolder();
  const { assetDirectory } = await ensureLayer({ layer: 'server', arch: 'arm64' });
  const emulator = await ensureTool('qemu-user', 'usr/bin/qemu-aarch64');
  const place = path.join(folder, 'arm64');
  const arm64 = makeEmptyRoot(place, [assetDirectory]);
  copyFileSync(emulator.command.at(-1) ?? '', path.join(place, 'qemu'));
  for (const name of ['postgres', 'initdb', 'pg_ctl', 'pg_controldata']) {
    const { output, said } = arm64.run(['/qemu', `${BIN}/${name}`, '--version']);
    expect({ output, said }).toMatchObject({ output: expect.stringMatching(/ 18\.\d+/), said: '' });
  }
});
