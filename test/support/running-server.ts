import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  findProgramFiles,
  type ServerPrograms,
} from '../../adapters/postgres/programs/program-files.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { roleScript } from './roles.ts';
import { RUN_FOLDER } from './run-folder.ts';

export const PASSWORD = "it's \\ a secret";
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;
const serverUser = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

/** A free TCP port of 127.0.0.1. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

/** Contents of files for the server's folder of extensions, by their names. */
export type ExtensionFiles = Readonly<Record<string, string>>;

/** A session of the superuser, to be ended by the caller. */
export const openSession = async (
  port: number,
  database = 'postgres',
  user = 'postgres',
  options = '',
): Promise<pg.Client> => {
  const login = { database, user, password: PASSWORD };
  const client = new pg.Client({ host: '127.0.0.1', port, ...login, options });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

export const withSession = async <T>(
  port: number,
  database: string | undefined,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await openSession(port, database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** A server's process and its files. */
export interface RunningServer {
  readonly programs: ServerPrograms;
  readonly home: string;
  readonly port: number;
  readonly major: number;
  process: ChildProcess;
  /** Number of databases created in it, so that no two have the same name. */
  databases: number;
}

/** Starts a server of one major from the server layer, with passwords, without TLS, on 127.0.0.1, and with the backup role. */
export const startServer = async (
  major: number,
  extensionFiles: ExtensionFiles = {},
  folder = process.env[RUN_FOLDER] ?? '/var/tmp',
): Promise<RunningServer> => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [major] });
  const files = await findProgramFiles(path.join(directory, 'postgres'));
  const found = files.servers.find((one) => one.major === major);
  if (!found) throw new Error(`the server layer has no PostgreSQL ${major}`);
  const home = mkdtempSync(path.join(folder, 'larder-test-'));
  chmodSync(home, 0o755);
  makeCluster(found, home);
  const programs = Object.keys(extensionFiles).length
    ? withExtensions(found, home, extensionFiles)
    : found;
  const port = await freePort();
  const server = await run(programs, home, port);
  await withSession(port, undefined, (client) =>
    client.query(roleScript('backup-plain', PASSWORD)),
  );
  return { programs, home, port, major, process: server, databases: 0 };
};

/** Ends it as a crash would. */
const crash = async ({ process: server }: RunningServer): Promise<void> => {
  // It has already ended if an interrupt went to the whole process group.
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGQUIT');
  await exited;
};

/** Starts it again on the same port. */
export const crashAndRestart = async (running: RunningServer): Promise<void> => {
  await crash(running);
  running.process = await run(running.programs, running.home, running.port);
};

export const removeServer = async (running: RunningServer): Promise<void> => {
  await crash(running);
  rmSync(running.home, { recursive: true, force: true });
};

/**
 * A new cluster in a home. initdb takes a second, so one cluster of each major is created and copied: it is in the folder of a run of the
 * tests (see global-setup.ts). A process outside of a run creates each one anew.
 */
const makeCluster = (programs: ServerPrograms, home: string): void => {
  const own = ownFolder(path.join(home, 'own'));
  const shared = process.env[RUN_FOLDER];
  if (!shared) {
    initialize(programs, own);
    return;
  }
  const pattern = path.join(shared, `cluster-${programs.major}`);
  if (!existsSync(pattern)) {
    const made = ownFolder(mkdtempSync(path.join(shared, 'new-')));
    initialize(programs, made);
    try {
      renameSync(path.join(made, 'data'), pattern);
    } catch (error) {
      // Another test file was faster.
      if (!existsSync(pattern)) throw error;
    }
  }
  execFileSync('cp', ['-a', '--reflink=auto', pattern, path.join(own, 'data')]);
};

/**
 * The server looks for extensions beside itself, and all servers share the layer's files: so this one has its own program and extensions,
 * and links to the rest.
 */
const withExtensions = (
  programs: ServerPrograms,
  home: string,
  files: ExtensionFiles,
): ServerPrograms => {
  // <layer>/lib/postgresql/<major>/bin/postgres
  const layer = path.resolve(programs.postgres, '../../../../..');
  const copy = path.join(home, 'server');
  const [lib, share] = ['lib', 'share'].map((one) =>
    path.join(one, 'postgresql', String(programs.major)),
  ) as [string, string];
  const bin = path.join(copy, lib, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const one of readdirSync(path.join(layer, 'lib')).filter((name) => name !== 'postgresql'))
    symlinkSync(path.join(layer, 'lib', one), path.join(copy, 'lib', one));
  symlinkSync(path.join(layer, lib, 'lib'), path.join(copy, lib, 'lib'));
  copyFileSync(programs.postgres, path.join(bin, 'postgres'));
  cpSync(path.join(layer, share), path.join(copy, share), { recursive: true });
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(copy, share, 'extension', name), content);
  return { ...programs, postgres: path.join(bin, 'postgres') };
};

const ownFolder = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  if (isRoot) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED);
  return folder;
};

const initialize = (programs: ServerPrograms, own: string): void => {
  const passwordFile = path.join(own, 'password');
  writeFileSync(passwordFile, PASSWORD);
  execFileSync(
    programs.initdb,
    [
      ...['-D', path.join(own, 'data'), '-U', 'postgres', '--locale=C.UTF-8', '--encoding=UTF8'],
      ...['--no-sync', '--auth=scram-sha-256', '--pwfile', passwordFile],
    ],
    { ...serverUser, cwd: own, stdio: 'pipe' },
  );
};

const run = async (programs: ServerPrograms, home: string, port: number): Promise<ChildProcess> => {
  const own = path.join(home, 'own');
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    max_connections: '200',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(programs.postgres, ['-D', path.join(own, 'data'), ...flags], {
    ...serverUser,
    cwd: own,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD });
    const refused = await client.connect().then(
      () => undefined,
      (error: Error) => error,
    );
    if (!refused) {
      await client.end();
      return server;
    }
    if (server.exitCode !== null || tries > 750) throw new Error(said, { cause: refused });
    await sleep(20);
  }
};
