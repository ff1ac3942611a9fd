import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScratchServer } from '../../../../adapters/postgres/scratch/server/server.ts';
import { eventually, isAlive, makePlace, type Place, watchdogOf } from './support.ts';

let place: Place;
let shared: ScratchServer;
beforeAll(async () => {
  process.env.AWS_SECRET_ACCESS_KEY = 'only for the function itself';
  place = await makePlace();
  shared = await place.start();
});
afterAll(async () => {
  delete process.env.AWS_SECRET_ACCESS_KEY;
  await place.clear();
});

const ask = async (server: ScratchServer, sql: string, as = server.access) => {
  const client = await server.connect(as);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const postmaster = async (server: ScratchServer): Promise<number> => {
  const [row] = await ask(server, "SELECT pg_read_file('postmaster.pid') AS file");
  return Number.parseInt(String(row?.file), 10);
};

describe('a scratch server', () => {
  it('has the version and the extensions that it reports', async () => {
    expect(shared.major).toBe(18);
    expect(shared.version).toMatch(/^18\.\d+$/);
    const pgcrypto = shared.extensions.find(({ name }) => name === 'pgcrypto');
    expect(pgcrypto?.version).toMatch(/^\d+\.\d+$/);
    for (const name of ['pgcrypto', 'hstore', 'postgres_fdw']) {
      await ask(shared, `CREATE EXTENSION ${name}`);
    }
  });

  it('answers only on its socket, which no other user can reach', async () => {
    const [row] = await ask(
      shared,
      `SELECT current_setting('listen_addresses') AS tcp, inet_server_addr() IS NULL AS by_socket`,
    );
    expect(row).toEqual({ tcp: '', by_socket: true });
    expect(statSync(shared.access.host).mode & 0o777).toBe(0o700);
    const socket = path.join(shared.access.host, `.s.PGSQL.${shared.access.port}`);
    expect(statSync(socket).mode & 0o777).toBe(0o700);
  });

  it('gets nothing from the environment of its parent', async () => {
    const client = await shared.connect();
    await client.query("CREATE TEMP TABLE line (of text); COPY line FROM PROGRAM '/usr/bin/env'");
    const environ = (await client.query<{ of: string }>('TABLE line')).rows.map(({ of }) => of);
    await client.end();
    expect(environ).toContain('TZ=UTC');
    expect(environ.filter((line) => /^(AWS_|HOME=)/.test(line))).toEqual([]);
  });

  it('has an owner of the database who can restore but start no program and read no file', async () => {
    const owner = shared.ownerAccess;
    await ask(
      shared,
      'CREATE SCHEMA acme; CREATE TABLE acme.t (n int); CREATE TABLE public.p ()',
      owner,
    );
    const [row] = await ask(shared, 'SELECT count(*)::int AS n FROM acme.t', owner);
    expect(row).toEqual({ n: 0 });
    for (const sql of [
      "COPY acme.t FROM PROGRAM 'echo 1'",
      "SELECT pg_read_file('/etc/passwd')",
      "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/tmp')",
      'CREATE ROLE other SUPERUSER',
      `SET ROLE ${shared.access.user}`,
    ]) {
      await expect(ask(shared, sql, owner), sql).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('accepts a schema of thousands of relations in one transaction', async () => {
    const client = await shared.connect();
    await client.query('BEGIN; CREATE SCHEMA many');
    await client.query(
      "DO $$ BEGIN FOR i IN 1..5000 LOOP EXECUTE format('CREATE TABLE many.t%s ()', i); END LOOP; END $$",
    );
    const { rows } = await client.query<{ locks: number }>(
      "SELECT count(*)::int AS locks FROM pg_locks WHERE mode = 'AccessExclusiveLock'",
    );
    expect(rows[0]?.locks).toBeGreaterThanOrEqual(5000);
    await client.query('ROLLBACK');
    await client.end();
  });

  it('measures its folder as it grows and keeps the maximum', async () => {
    const before = await shared.diskBytes();
    await ask(
      shared,
      "CREATE TABLE big AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 20000)",
    );
    expect((await shared.diskBytes()) - before).toBeGreaterThan(20_000_000);
    await shared.mostDiskBytes();
    await ask(shared, 'DROP TABLE big');
    expect(await shared.mostDiskBytes()).toBeGreaterThan(before + 20_000_000);
  });

  it('runs beside another one, with separate data', async () => {
    const other = await place.start();
    expect(other.access.host).not.toBe(shared.access.host);
    await ask(other, 'CREATE TABLE only_here ()');
    await expect(ask(shared, 'SELECT FROM only_here')).rejects.toMatchObject({ code: '42P01' });
    await other.stop();
    expect(await ask(shared, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is removed with its folder, even in the middle of a query', async () => {
    const server = await place.start();
    const pid = await postmaster(server);
    const client = await server.connect();
    const sleeping = client.query('SELECT pg_sleep(600)').catch((error: Error) => error);
    await server.stop();
    await server.stop();
    expect(await sleeping).toBeInstanceOf(Error);
    expect(isAlive(pid)).toBe(false);
    await eventually(() => Number.isNaN(watchdogOf(pid)));
    expect(readdirSync(place.folder)).toEqual([path.basename(shared.access.host)]);
    const race = await Promise.race([server.died.catch(() => 'died'), Promise.resolve('silent')]);
    expect(race).toBe('silent');
  });
});

describe('a scratch server that ends unexpectedly', () => {
  it('is noticed if it was killed, and explains the errors of its sessions', async () => {
    const server = await place.start();
    const client = await server.connect();
    const asked = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    process.kill(await postmaster(server), 'SIGKILL');
    await expect(server.died).rejects.toMatchObject({
      name: 'ScratchDied',
      retryable: true,
      message: expect.stringMatching(/signal SIGKILL.*verification\.memoryMb/),
    });
    expect(await server.explain(await asked)).toMatchObject({ name: 'ScratchDied' });
    await server.stop();
    expect(readdirSync(place.folder)).toEqual([path.basename(shared.access.host)]);
  });

  it('is noticed with its reason if one of its sessions was killed for its memory, and quotes no row', async () => {
    const server = await place.start();
    const client = await server.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await client.query("CREATE TABLE t (a text UNIQUE); INSERT INTO t VALUES ('confidential')");
    await client.query("INSERT INTO t VALUES ('confidential')").catch(() => undefined);
    const asked = client
      .query("SELECT pg_sleep(600), 'confidential'")
      .catch((error: unknown) => error);
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
    const why = await server.explain(await asked);
    expect(why).toMatchObject({
      name: 'ScratchDied',
      message: expect.stringContaining('was terminated by signal 9'),
    });
    expect(String(why)).not.toContain('confidential');
    await server.stop();
  });

  it('does not change an unrelated error', async () => {
    const error = await ask(shared, 'SELECT 1/0').catch((found: unknown) => found);
    expect(await shared.explain(error)).toBe(error);
  });
});
