import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSnapshotSource } from '../../../adapters/postgres/snapshot.ts';
import type { Backup } from '../../../core/backup.ts';
import { sourceSettings } from '../../../core/settings.ts';
import type { ExportPorts } from '../../../functions/export/ports.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { CONTROL_PLANE, PROJECT_QUERY, TENANT } from './schemas.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

/**
 * pg_dump is replaced by a program that misbehaves in one way, and runs the real one where its output is needed; everything
 * else is real. For each: the row's state, no object, no unfinished upload, no backend left.
 */
let services: Services;
let postgres: Postgres;
let database: string;
let folder: string;

beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
  database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + TENANT('acme') + BULK, database);
  folder = mkdtempSync('/var/tmp/larder-faults-');
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** More than all the buffers between pg_dump and the vault. */
const BULK = `CREATE TABLE acme.bulk AS SELECT n, sha512(n::text::bytea) AS noise FROM generate_series(1, 100000) n;`;

let shims = 0;
/** A root of programs whose pg_dump is a shell script; `$REAL` is the real one. */
const rootWith = async (script: string): Promise<string> => {
  shims += 1;
  const bin = path.join(folder, String(shims), '18', 'bin');
  mkdirSync(bin, { recursive: true });
  const real = (await clientPrograms()).clients.find(({ major }) => major === 18);
  if (!real) throw new Error('no pg_dump 18');
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    const file = path.join(bin, name);
    const head = `#!/bin/bash\nREAL='${real.pgDump}'\nif [ "$1" = --version ]; then exec "$REAL" --version; fi\n`;
    writeFileSync(file, `${head}${script}\n`);
    chmodSync(file, 0o755);
  }
  return path.join(folder, String(shims));
};

const settings = () =>
  sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: postgres.port,
    database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
    projectQuery: PROJECT_QUERY,
  });

const benchWith = async (script: string, more: Record<string, unknown> = {}): Promise<Bench> => {
  const snapshots = makeSnapshotSource({
    settings: settings(),
    credentials: async () => ({ user: 'postgres', password: PASSWORD }),
    programRoots: [await rootWith(script)],
  });
  return await openBench(services, postgres, { database, ports: { snapshots }, settings: more });
};

const backendsOf = async (backup: Backup): Promise<number> => {
  const found = await postgres.sql(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'larder/${backup.id}/%'`,
  );
  return found.rows[0].n;
};

const expectNothingLeft = async (bench: Bench, backup: Backup): Promise<void> => {
  expect(await bench.leftInVault()).toEqual({ objects: [], uploads: [] });
  for (let tries = 0; (await backendsOf(backup)) > 0 && tries < 50; tries += 1) await sleep(100);
  expect(await backendsOf(backup)).toBe(0);
};

const REAL = '"$REAL" "$@"';
const faults: [string, string, string, Partial<Backup>][] = [
  ['exits 1 after its first bytes', 'echo -n PGDMP; exit 1', 'DumpFailed', {}],
  ['exits 1 after half of its output', `${REAL} | head -c 20000; exit 1`, 'DumpFailed', {}],
  ['exits 1 after all of its output', `${REAL}; exit 1`, 'DumpFailed', {}],
  ['exits 0 with nothing written', 'exit 0', 'DumpNotWhole', {}],
  ['exits 0 with something else written', 'echo hello', 'DumpNotWhole', {}],
  ['is killed after half', `${REAL} | head -c 20000; kill -9 $$`, 'DumpFailed', {}],
  ['closes its output and exits 1', 'exec >&-; sleep 1; exit 1', 'DumpFailed', {}],
  [
    'writes a plain dump cut short and exits 0',
    `${REAL} | head -c 20000; exit 0`,
    'DumpNotWhole',
    { format: 'plain', compression: 'none' },
  ],
  [
    'writes a tar cut short and exits 0',
    `${REAL} | head -c 20480; exit 0`,
    'DumpNotWhole',
    { format: 'tar' },
  ],
  [
    'says that permission is missing',
    'echo "pg_dump: error: query failed: ERROR:  permission denied for table secret" >&2; exit 1',
    'PermissionMissing',
    {},
  ],
];

describe('a pg_dump that', () => {
  it.each(faults)('%s makes no backup and leaves nothing', async (_, script, name, given) => {
    const bench = await benchWith(script);
    const backup = await bench.request('acme', given);
    const disposition = await bench.run(backup);
    const row = await bench.row(backup);
    expect(row.error?.name).toBe(name);
    const permanent = name === 'PermissionMissing';
    expect(row.status).toBe(permanent ? 'failed' : 'pending');
    expect(disposition.message).toBe(permanent ? 'done' : 'again');
    expect(row.fileId).toBeUndefined();
    await expectNothingLeft(bench, backup);
  });

  it('fails three times ends the backup as failed, and says so once', async () => {
    const bench = await benchWith('exit 1');
    const backup = await bench.request('acme');
    for (const status of ['pending', 'pending', 'failed']) {
      await bench.run(backup);
      expect((await bench.row(backup)).status).toBe(status);
    }
    expect(bench.outcomes()).toEqual([{ kind: 'backup', projectId: 'acme', backupId: backup.id }]);
    expect((await bench.run(backup)).message).toBe('done');
    expect((await bench.row(backup)).attempt).toBe(3);
    await expectNothingLeft(bench, backup);
  });

  it('never ends is stopped at the maximum duration, with its backend', async () => {
    const bench = await benchWith(`${REAL} --table='*.nothing' 2>/dev/null; exec sleep 600`);
    const backup = await bench.request('acme');
    await bench.run(backup, 62_000);
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['failed', 'TookTooLong']);
    await expectNothingLeft(bench, backup);
  });

  it('fails once and then works makes the backup at the second attempt', async () => {
    const flag = path.join(folder, 'once');
    const bench = await benchWith(
      `if [ ! -e '${flag}' ]; then touch '${flag}'; exit 1; fi; exec ${REAL}`,
    );
    const backup = await bench.request('acme');
    await bench.run(backup);
    await bench.run(backup);
    const row = await bench.row(backup);
    expect([row.status, row.attempt, row.error]).toEqual(['completed', 2, undefined]);
    expect((await bench.leftInVault()).objects).toHaveLength(2);
  });
});

const HONEST = `exec ${REAL}`;

/** Takes the first piece and then no more until the body is torn down: pg_dump stands still in the middle. */
async function* stuck(body: Readable): AsyncGenerator<Buffer> {
  const closed = once(body, 'close').catch(() => undefined);
  for await (const chunk of body) {
    yield chunk;
    await closed;
  }
}

const stuckVault = ({ ports }: Bench): Partial<ExportPorts> => ({
  vault: {
    ...ports.vault,
    store: (request) => ports.vault.store({ ...request, body: Readable.from(stuck(request.body)) }),
  },
});

describe('while a dump runs', () => {
  it('cancelling it ends pg_dump, aborts the upload and leaves a cancelled row', async () => {
    const bench = await benchWith(HONEST);
    const backup = await bench.request('acme');
    const running = bench.run(backup, 900_000, stuckVault(bench));
    while ((await backendsOf(backup)) < 3) await sleep(50);
    expect(await bench.ports.history.requestCancel('acme', backup.id)).toBe('in-progress');
    expect((await running).message).toBe('done');
    expect((await bench.row(backup)).status).toBe('cancelled');
    await expectNothingLeft(bench, backup);
  });

  it('its sessions being ended by the server makes it wait for another attempt', async () => {
    const bench = await benchWith(HONEST);
    const backup = await bench.request('acme');
    const running = bench.run(backup, 900_000, stuckVault(bench));
    while ((await backendsOf(backup)) < 3) await sleep(50);
    await postgres.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'larder/${backup.id}/%'`,
    );
    expect((await running).message).toBe('again');
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['pending', 'DumpInterrupted']);
    await expectNothingLeft(bench, backup);
  });

  it('DDL that waits behind it makes it give way, and a SELECT behind that goes on', async () => {
    const bench = await benchWith(HONEST, { giveWayAfterSeconds: 2 });
    const backup = await bench.request('acme');
    const running = bench.run(backup, 900_000, stuckVault(bench));
    while ((await backendsOf(backup)) < 3) await sleep(50);
    await sleep(1000);
    const altered = postgres.sql('ALTER TABLE acme.child ADD COLUMN extra int', database);
    await sleep(200);
    const selected = postgres.sql('SELECT count(*) FROM acme.child', database);
    await altered;
    await selected;
    await running;
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['pending', 'GaveWayToDdl']);
    await postgres.sql('ALTER TABLE acme.child DROP COLUMN extra', database);
    await expectNothingLeft(bench, backup);
  });

  it('the next attempt ends what a dead worker left on the server, and nothing else', async () => {
    const bench = await benchWith(HONEST);
    const backup = await bench.request('acme', { attempt: 1 });
    const leftover = await postgres.session(database);
    const stranger = await postgres.session(database);
    await leftover.query(`SET application_name = 'larder/${backup.id}/1'`);
    await stranger.query(`SET application_name = 'larder/${backup.id.replace(/.$/, 'x')}/1'`);
    await bench.run(backup);
    expect((await bench.row(backup)).status).toBe('completed');
    await expect(leftover.query('SELECT 1')).rejects.toThrow();
    await stranger.query('SELECT 1');
    await stranger.end();
  });
});

describe('before a dump begins', () => {
  it('a table that stays locked is named, with who holds it', async () => {
    const bench = await benchWith(HONEST, { lockTimeoutMs: 300 });
    const holder = await postgres.session(database);
    await holder.query('BEGIN; LOCK TABLE acme.parent IN ACCESS EXCLUSIVE MODE');
    const pid = (await holder.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const backup = await bench.request('acme');
    await bench.run(backup);
    await holder.end();
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['pending', 'LockTimeout']);
    expect(row.error?.message).toContain('"parent"');
    expect(row.error?.message).toContain(`backend ${pid}`);
    await expectNothingLeft(bench, backup);
  });

  it('a backup larger than the maximum is stopped and leaves nothing', async () => {
    const bench = await benchWith(HONEST, { maximumStoredBytes: 30_000 });
    const backup = await bench.request('acme');
    await bench.run(backup);
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['failed', 'TooLarge']);
    await expectNothingLeft(bench, backup);
  });

  it('a project that is gone, and one that is not active, are refused by name', async () => {
    await postgres.sql(
      `INSERT INTO control_plane.projects VALUES ('asleep', 'Asleep', 'acme', 'INACTIVE'), ('ghost', 'Ghost', 'no such', 'ACTIVE')`,
      database,
    );
    const bench = await benchWith(HONEST);
    for (const [id, name] of [
      ['nobody', 'ProjectNotFound'],
      ['asleep', 'ProjectInactive'],
      ['ghost', 'SchemaNotFound'],
    ] as const) {
      const backup = await bench.request(id);
      await bench.run(backup);
      const row = await bench.row(backup);
      expect([row.status, row.error?.name]).toEqual(['failed', name]);
    }
  });

  it('a message that comes twice at the same time makes one backup', async () => {
    const bench = await benchWith(HONEST);
    const backup = await bench.request('acme');
    const dispositions = await Promise.all([
      bench.run(backup),
      bench.run(backup),
      bench.run(backup),
    ]);
    expect(dispositions.filter(({ message }) => message === 'done')).toHaveLength(1);
    const row = await bench.row(backup);
    expect([row.status, row.attempt]).toEqual(['completed', 1]);
    expect((await bench.leftInVault()).objects).toHaveLength(2);
  });

  it('an earlier attempt that died before its row is adopted as it is', async () => {
    const bench = await benchWith(HONEST);
    const backup = await bench.request('acme');
    // The worker dies at the very moment of its last write.
    const dies = async () => await new Promise<never>(() => undefined);
    void bench.run(backup, 900_000, { history: { ...bench.ports.history, complete: dies } });
    while ((await bench.leftInVault()).objects.length < 2) await sleep(50);
    const clock = () => Date.now() + 120_000;
    await bench.run(backup, 900_000, { history: bench.historyAt(clock), clock });
    const row = await bench.row(backup);
    expect([row.status, row.attempt]).toEqual(['completed', 2]);
    expect(row.fileId?.endsWith(`${backup.id}-1.dump`)).toBe(true);
    expect((await bench.leftInVault()).objects).toHaveLength(2);
  });
});
