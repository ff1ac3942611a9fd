import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
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
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  findProgramFiles,
  type ProgramFiles,
  type ServerPrograms,
} from '../../adapters/postgres/programs/program-files.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { roleScript } from './roles.ts';
import { RUN_FOLDER } from './run-folder.ts';

export const PASSWORD = "it's \\ a secret";
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;
const serverUser = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

/** A TCP port of 127.0.0.1 that nobody listens on just now. */
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

/** The client layer's folder of programs, as LARDER_POSTGRES_ROOT names it. */
export const clientRoot = async (): Promise<string> =>
  path.join((await ensureLayer({ layer: 'client' })).directory, 'postgres');

export const clientPrograms = async (): Promise<ProgramFiles> =>
  findProgramFiles(await clientRoot());

export interface Postgres {
  readonly port: number;
  readonly major: number;
  /** Runs SQL as the superuser. */
  sql(sql: string, database?: string): Promise<pg.QueryResult>;
  /** A session of the caller's own, to be ended by it. */
  session(database?: string, user?: string): Promise<pg.Client>;
  /** A new, empty database. */
  database(): Promise<string>;
  /** Ends the server as a crash would and starts it again on the same port. */
  crashAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

/** Contents of files for the server's folder of extensions, by their names. */
export type ExtensionFiles = Readonly<Record<string, string>>;

/** Starts a server of one major from the server layer, with passwords, without TLS, on 127.0.0.1, and with the backup role. */
export const startPostgres = async (
  major = 18,
  extensionFiles: ExtensionFiles = {},
): Promise<Postgres> => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [major] });
  const files = await findProgramFiles(path.join(directory, 'postgres'));
  const programs = files.servers.find((one) => one.major === major);
  if (!programs) throw new Error(`the server layer has no PostgreSQL ${major}`);
  const home = mkdtempSync('/var/tmp/larder-test-');
  await chmod(home, 0o755);
  makeCluster(programs, home);
  const started = Object.keys(extensionFiles).length
    ? withExtensions(programs, home, extensionFiles)
    : programs;
  const port = await freePort();
  let server = await run(started, home, port);
  const session = async (database = 'postgres', user = 'postgres') => {
    const client = new pg.Client({ host: '127.0.0.1', port, database, user, password: PASSWORD });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  let databases = 0;
  const sql = async (text: string, database?: string) => {
    const client = await session(database);
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  await sql(roleScript('backup-plain', PASSWORD));
  return {
    port,
    major,
    sql,
    session,
    database: async () => {
      databases += 1;
      const name = `db_${databases}`;
      await sql(`CREATE DATABASE ${name}`);
      return name;
    },
    crashAndRestart: async () => {
      server.kill('SIGQUIT');
      await once(server, 'exit');
      server = await run(started, home, port);
    },
    stop: async () => {
      // It has ended by itself where an interrupt went to the whole process group.
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        server.kill('SIGQUIT');
        await exited;
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
};

/**
 * A new cluster in a home. initdb takes a second, so one is made a major, and copied: it lies in the folder of a run of the
 * tests (see global-setup.ts). Whoever runs apart from it makes each anew.
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
      // Another test file was quicker.
      if (!existsSync(pattern)) throw error;
    }
  }
  execFileSync('cp', ['-a', '--reflink=auto', pattern, path.join(own, 'data')]);
};

/**
 * The server looks for extensions beside itself, and the layer's files are everybody's: so this one has a program and extensions of
 * its own, and links to the rest.
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

const run = async (programs: ServerPrograms, home: string, port: number) => {
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
