import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findProgramFiles } from '../../adapters/postgres/programs/program-files.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { freePort, PASSWORD, type Postgres } from './postgres.ts';

const UNPRIVILEGED = 65_534;
const serverUser = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

export interface Replica {
  readonly port: number;
  /** Waits until the replica has replayed all that the primary has written so far. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Copies a running server's data as a base backup does. */
const copyData = async (primary: Postgres, target: string): Promise<void> => {
  const client = await primary.session();
  try {
    const { rows } = await client.query('SHOW data_directory');
    await client.query(`SELECT pg_backup_start('replica', true)`);
    execFileSync('cp', ['-a', rows[0].data_directory, target]);
    const stopped = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(path.join(target, 'backup_label'), stopped.rows[0].labelfile);
  } finally {
    await client.end();
  }
  rmSync(path.join(target, 'postmaster.pid'), { force: true });
};

/** A streaming replica of a server. It cancels queries that conflict with replay instead of waiting for them. */
export const startReplica = async (primary: Postgres): Promise<Replica> => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [primary.major] });
  const files = await findProgramFiles(path.join(directory, 'postgres'));
  const programs = files.servers.find((one) => one.major === primary.major);
  if (!programs) throw new Error(`the server layer has no PostgreSQL ${primary.major}`);
  const home = mkdtempSync('/var/tmp/larder-replica-');
  chmodSync(home, 0o755);
  const data = path.join(home, 'data');
  await copyData(primary, data);
  writeFileSync(path.join(data, 'standby.signal'), '');
  const password = PASSWORD.replace(/[\\']/g, (char) => `\\${char}`);
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres password='${password}'`;
  appendFileSync(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = '${conninfo.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`,
  );
  if (process.getuid?.() === 0) {
    execFileSync('chown', ['-R', `${UNPRIVILEGED}:${UNPRIVILEGED}`, data]);
  }
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    // Not less than the primary's, or it does not start.
    max_connections: '200',
    max_standby_streaming_delay: '0',
    hot_standby_feedback: 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(programs.postgres, ['-D', data, ...flags], {
    ...serverUser,
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const ask = async (sql: string): Promise<string> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return String((await client.query(sql)).rows[0]?.v);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const until = async (sql: string): Promise<void> => {
    for (let tries = 0; (await ask(sql).catch(() => 'false')) !== 'true'; tries += 1) {
      if (server.exitCode !== null || tries > 200) throw new Error(`replica: ${said}`);
      await sleep(100);
    }
  };
  await until('SELECT pg_is_in_recovery() AS v');
  return {
    port,
    caughtUp: async () => {
      const { rows } = await primary.sql('SELECT pg_current_wal_lsn()::text AS lsn');
      await until(`SELECT pg_last_wal_replay_lsn() >= '${rows[0].lsn}' AS v`);
    },
    stop: async () => {
      const exited = once(server, 'exit');
      server.kill('SIGQUIT');
      await exited;
      rmSync(home, { recursive: true, force: true });
    },
  };
};
