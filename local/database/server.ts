import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { ServerPrograms } from '../../adapters/postgres/programs/program-files.ts';
import { LOOPBACK } from '../emulators/loopback.ts';
import { type Account, makeServerFolder, serverAccount } from './account.ts';

/**
 * The embedded PostgreSQL: a new cluster at each start, in a temporary folder that is removed with it. It listens on the
 * loopback interface only and accepts only a password generated for this start. It does not sync to disk, because its
 * data is temporary. It runs in its own session: a Ctrl-C in the terminal goes to the whole process group, and must not
 * stop the server before the workers that read from it.
 */
export interface EmbeddedPostgres {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  readonly pid: number;
  readonly folder: string;
  /** A session of the superuser. */
  connect(database?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly programs: ServerPrograms;
  /** See `freePort`. Known before the server runs, so other parts can prepare for it. */
  readonly port: number;
  readonly logFile: string;
  /** Receives the folder and each process as soon as they exist, so that nothing is left behind after a failure. */
  readonly onFolder: (folder: string) => void;
  readonly onProcess: (pid: number) => void;
}

const SUPERUSER = 'postgres';
const START_MS = 60_000;

export const startPostgres = async (options: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const { port } = options;
  const account = await serverAccount();
  const folder = await makeServerFolder(account);
  options.onFolder(folder);
  const password = randomBytes(24).toString('base64url');
  const cluster = path.join(folder, 'cluster');
  await initialize(options, folder, cluster, password, account);
  const log = await open(options.logFile, 'a');
  const server = spawn(options.programs.postgres, serverArguments(cluster, port), {
    ...spawnOptions(options.programs, folder, account),
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
  });
  await once(server, 'spawn');
  await log.close();
  options.onProcess(server.pid ?? -1);
  const connect = (database = 'postgres'): Promise<pg.Client> =>
    connected({ host: LOOPBACK, port, user: SUPERUSER, password, database });
  await untilReady(server, () => connect(), options.logFile);
  return {
    host: LOOPBACK,
    port,
    superuser: SUPERUSER,
    password,
    pid: server.pid ?? -1,
    folder,
    connect,
    stop: async () => {
      await ended(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const spawnOptions = (
  { environment }: ServerPrograms,
  folder: string,
  account: Account | undefined,
): SpawnOptions => ({
  cwd: folder,
  env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...environment },
  ...(account ?? {}),
});

const initialize = async (
  { programs, onProcess }: EmbeddedOptions,
  folder: string,
  cluster: string,
  password: string,
  account: Account | undefined,
): Promise<void> => {
  const passwordFile = path.join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) await chown(passwordFile, account.uid, account.gid);
  const initdb = spawn(
    programs.initdb,
    [
      ...['-D', cluster, '-U', SUPERUSER, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ],
    { ...spawnOptions(programs, folder, account), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (initdb.pid !== undefined) onProcess(initdb.pid);
  let output = '';
  const collect = (text: Buffer): void => {
    output += text.toString();
  };
  initdb.stdout?.on('data', collect);
  initdb.stderr?.on('data', collect);
  const [code] = (await once(initdb, 'close')) as [number | null];
  await rm(passwordFile, { force: true });
  if (code !== 0) {
    throw new Error(
      `initdb of PostgreSQL ${programs.major} failed: ${output.trim().split('\n').at(-1)}`,
    );
  }
};

const serverArguments = (cluster: string, port: number): string[] => {
  const settings = {
    listen_addresses: LOOPBACK,
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_wal_size: '2GB',
    log_min_messages: 'warning',
  };
  return [
    '-D',
    cluster,
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
};

/** A port of the loopback interface that is free now. */
export const freePort = async (): Promise<number> => {
  const probe = createServer();
  probe.listen(0, LOOPBACK);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
};

const connected = async (settings: pg.ClientConfig): Promise<pg.Client> => {
  const client = new pg.Client({ ...settings, application_name: 'larder/local' });
  // If the server ends an idle session, that emits an error event, which would end this process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const untilReady = async (
  server: ChildProcess,
  connect: () => Promise<pg.Client>,
  logFile: string,
): Promise<void> => {
  const until = Date.now() + START_MS;
  for (;;) {
    if (server.exitCode !== null) {
      throw new Error(
        `The embedded PostgreSQL ended with status ${server.exitCode}: see ${logFile}`,
      );
    }
    try {
      const client = await connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await wait(50);
    }
  }
};

/** Fast shutdown, then an immediate one. */
const ended = async (server: ChildProcess): Promise<void> => {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill('SIGINT');
  const graceful = await Promise.race([exit.then(() => true), wait(5_000, false, { ref: false })]);
  if (graceful) return;
  server.kill('SIGQUIT');
  await exit;
};
