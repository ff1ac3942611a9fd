import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureTool } from '../../layers/postgres/tools.ts';
import { freePort, PASSWORD, type Postgres } from './postgres.ts';

export interface Pooler {
  readonly port: number;
  stop(): Promise<void>;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** A real PgBouncer before a server. `settings` are those of its [pgbouncer] section. */
export const startPgBouncer = async (
  postgres: Postgres,
  settings: Readonly<Record<string, string>>,
): Promise<Pooler> => {
  const { command } = await ensureTool('pgbouncer', 'usr/sbin/pgbouncer');
  const folder = mkdtempSync('/var/tmp/larder-pgbouncer-');
  chmodSync(folder, 0o755);
  const port = await freePort();
  const users = path.join(folder, 'users');
  writeFileSync(users, `"postgres" "${PASSWORD}"\n`);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const file = path.join(folder, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]\n* = host=127.0.0.1 port=${postgres.port}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  const [program, ...before] = command;
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const pooler = spawn(program, [...before, file], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  pooler.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (pooler.exitCode !== null || tries > 100) throw new Error(`pgbouncer: ${said}`);
    await sleep(100);
  }
  return {
    port,
    stop: async () => {
      const exited = once(pooler, 'exit');
      pooler.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
