import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, withSession } from '../../adapters/postgres/session/session.ts';
import { applicationNameOf } from '../../adapters/postgres/sql/identifiers.ts';
import { sourceSettings } from '../../core/settings.ts';
import { PASSWORD } from '../support/postgres.ts';
import { BACKUP_ROLE } from '../support/roles.ts';
import { openBench } from './harness.ts';
import { holdingVault, untilDumping, untilWaiting } from './holding.ts';
import { openRoom, projectOf, type Room } from './room.ts';
import { expectNoBackend, verdictOf } from './verdict.ts';

/** Promise 4: the database is not disturbed. Each test that locks has a project of its own. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
  await room.postgres.sql(
    `${['altered', 'patient', 'two', 'locked'].map((name) => projectOf(name, 20_000)).join('')}
     CREATE TABLE altered.wanted (id int); CREATE TABLE patient.wanted (id int); CREATE TABLE two.wanted (id int);
     CREATE ROLE hostile LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)} IN ROLE pg_read_all_data;
     ALTER ROLE hostile SET statement_timeout = '1ms'; ALTER ROLE hostile SET lock_timeout = '1ms';
     ALTER ROLE hostile SET idle_in_transaction_session_timeout = '1ms'; ALTER ROLE hostile SET idle_session_timeout = '500ms';
     ALTER ROLE hostile SET transaction_timeout = '50ms'; ALTER ROLE hostile SET tcp_keepalives_idle = 7200;
     ALTER ROLE hostile SET default_transaction_read_only = off; ALTER ROLE hostile SET search_path = 'large'`,
    room.database,
  );
});
afterAll(() => room.close());

const accessAs = (user: string) => ({
  settings: sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: room.postgres.port,
    database: room.database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
  }),
  credentials: async () => ({ user, password: PASSWORD }),
});

it.concurrent('DDL that waits for a long dump proceeds, and so does the SELECT behind the DDL: the dump gives way', async () => {
  const bench = await openBench(room, { settings: { giveWayAfterSeconds: 2 } });
  const backup = await bench.request('altered');
  // Held back for as long as needed: without giving way neither would ever proceed.
  const { vault } = holdingVault(bench);
  const exported = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  const altered = room.postgres.sql(
    'ALTER TABLE altered.wanted ADD COLUMN extra int',
    room.database,
  );
  await untilWaiting(bench, 1, 'ALTER TABLE altered.wanted%');
  const selected = room.postgres.sql('SELECT count(*) FROM altered.wanted', room.database);
  await untilWaiting(bench, 1, 'SELECT count(*) FROM altered.wanted');
  await Promise.all([altered, selected]);
  expect((await exported).message).toBe('again');
  const row = await bench.row(backup);
  expect([row.status, row.error?.name]).toEqual(['pending', 'GaveWayToDdl']);
  await bench.settle(backup);
  expect((await verdictOf(bench, backup)).ends).toBe('completed at attempt 2');
});

it.concurrent('an export that never gives way keeps its locks, and the DDL proceeds right after it', async () => {
  const bench = await openBench(room, { settings: { giveWayAfterSeconds: 'never' } });
  const backup = await bench.request('patient');
  const { vault, release } = holdingVault(bench);
  const exported = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  const altered = room.postgres.sql(
    'ALTER TABLE patient.wanted ADD COLUMN extra int',
    room.database,
  );
  await untilWaiting(bench, 1, 'ALTER TABLE patient.wanted%');
  release();
  expect((await exported).message).toBe('done');
  await altered;
  expect((await bench.row(backup)).attempt).toBe(1);
});

it.concurrent('an export gives way while it still waits for the rest of its locks', async () => {
  const bench = await openBench(room, {
    settings: { giveWayAfterSeconds: 1, lockTimeoutMs: 60_000 },
  });
  const holder = await room.postgres.session(room.database);
  await holder.query('BEGIN; LOCK TABLE two.wanted IN ACCESS EXCLUSIVE MODE');
  const backup = await bench.request('two');
  const exported = bench.deliver(backup);
  await untilWaiting(bench, 1, 'LOCK TABLE ONLY "two"."wanted"%');
  await room.postgres.sql('ALTER TABLE two.orders ADD COLUMN extra int', room.database);
  await exported;
  await holder.end();
  expect((await bench.row(backup)).error?.name).toBe('GaveWayToDdl');
  await expectNoBackend(bench, backup);
});

it.concurrent('a table that stays locked is named, with the backend that holds it', async () => {
  const bench = await openBench(room, { settings: { lockTimeoutMs: 300 } });
  const holder = await room.postgres.session(room.database);
  await holder.query('BEGIN; LOCK TABLE locked.orders IN ACCESS EXCLUSIVE MODE');
  const pid = (await holder.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  const backup = await bench.request('locked');
  await bench.deliver(backup);
  await holder.end();
  const { status, error } = await bench.row(backup);
  expect([status, error?.name]).toEqual(['pending', 'LockTimeout']);
  expect(error?.message).toContain('"orders"');
  expect(error?.message).toContain(`backend ${pid}`);
  expect(error?.message).not.toContain('LOCK TABLE');
  await expectNoBackend(bench, backup);
});

it.concurrent('the next attempt ends what a dead worker left on the server, and nothing else', async () => {
  const bench = await openBench(room, { pgDump: 'exit 1' });
  const backup = await bench.request('large', { attempt: 1 });
  const leftover = await room.postgres.session(room.database, BACKUP_ROLE);
  const names = [
    `larder/${backup.id}/2`,
    `larder/${backup.id.replace(/.$/, 'x')}/1`,
    `larder/${backup.id}/1/00000000`,
  ];
  const strangers = await Promise.all(
    names.map(() => room.postgres.session(room.database, BACKUP_ROLE)),
  );
  // The name of the harness's own first attempt.
  const dead = applicationNameOf(backup.id, 1, bench.table);
  await leftover.query(`SET application_name = '${dead}'`);
  for (const [index, name] of names.entries())
    await strangers[index]?.query(`SET application_name = '${name}'`);
  await bench.deliver(backup);
  await expect(leftover.query('SELECT 1')).rejects.toThrow();
  for (const stranger of strangers) {
    await stranger.query('SELECT 1');
    await stranger.end();
  }
});

it.concurrent('an attempt that adopts an earlier backup ends what is left of that one on the server', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const complete = () => Promise.reject(new Error('the worker dies'));
  const { history } = bench.ports;
  const dying = { ...history, complete, release: complete };
  await bench.deliver(backup, { ports: { history: dying } });
  const leftover = await room.postgres.session(room.database, BACKUP_ROLE);
  await leftover.query(`SET application_name = '${applicationNameOf(backup.id, 1, bench.table)}'`);
  expect((await bench.deliver(backup, { after: 130_000 })).message).toBe('done');
  await expect(leftover.query('SELECT 1')).rejects.toThrow();
  expect((await verdictOf(bench, backup)).object).toBe('whole, adopted');
});

it.concurrent('our sessions can write nothing, whatever the role may do', async () => {
  const session = { applicationName: 'larder/test' };
  for (const sql of ['CREATE TABLE acme.ours (id int)', 'DELETE FROM acme.orders']) {
    const writing = withSession(accessAs('postgres'), session, (client) => client.query(sql));
    await expect(writing).rejects.toMatchObject({ code: '25006' });
  }
});

const SETTINGS = `SELECT name || '=' || setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'row_security',
  'idle_in_transaction_session_timeout', 'transaction_timeout', 'default_transaction_read_only', 'tcp_keepalives_idle',
  'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout') ORDER BY name`;

const OURS = {
  default_transaction_read_only: 'on',
  idle_in_transaction_session_timeout: '0',
  row_security: 'off',
  statement_timeout: '0',
  tcp_keepalives_count: '4',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_user_timeout: '30000',
};

it.concurrent("our sessions and pg_dump's have their settings whatever the role's own settings are, keepalives too", async () => {
  const file = `${room.folder}/settings`;
  const asked = SETTINGS.replaceAll('\n', ' ');
  const bench = await openBench(room, {
    user: 'hostile',
    source: { schemas: ['acme'] },
    pgDump: `"\${REAL%pg_dump}psql" -XAt "$1" -c "${asked}" > '${file}'; exec "$REAL" "$@"`,
  });
  const backup = await bench.request('acme');
  await bench.deliver(backup);
  expect((await bench.row(backup)).status).toBe('completed');
  const read = (lines: readonly string[]) =>
    Object.fromEntries(lines.map((line) => line.split('=')));
  // pg_dump itself sets transaction_timeout to 0 on servers that have it.
  const dumps = read(readFileSync(file, 'utf8').trim().split('\n'));
  expect(dumps).toMatchObject({ ...OURS, lock_timeout: '5000' });
  const own = await withSession(
    accessAs('hostile'),
    { applicationName: 'larder/test', lockTimeoutMs: 700 },
    (client) => client.query({ text: SETTINGS, rowMode: 'array' }),
  );
  expect(read(own.rows.flat())).toEqual({ ...OURS, lock_timeout: '700', transaction_timeout: '0' });
});

it.concurrent('a query that would run for minutes ends when its export is stopped', async () => {
  const bench = await openBench(room);
  const stop = new AbortController();
  const client = await connect(accessAs('postgres'), {
    applicationName: 'larder/stopped/1',
    signal: stop.signal,
  });
  const counting = client.query('SELECT pg_sleep(600)');
  counting.catch(() => undefined);
  while ((await sleeping()) === 0);
  stop.abort();
  await expect(counting).rejects.toThrow();
  await expectNoBackend(bench, { id: 'stopped' });
});

const sleeping = async (): Promise<number> =>
  (await room.postgres.sql(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'`))
    .rowCount ?? 0;
