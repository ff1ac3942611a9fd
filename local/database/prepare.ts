import { rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClientPrograms } from '../../adapters/postgres/programs/program-files.ts';
import { defaultCache } from '../../layers/postgres/cache.ts';
import { belowFloor } from '../../layers/postgres/layer.ts';
import type { LocalSource } from '../start/config.ts';
import { fileName } from '../start/words.ts';
import { makeDemo } from './demo.ts';
import { certificateFile, lookInto, OWN_SOURCE, projectsOf } from './own.ts';
import { clientFor, programsForDemo, programsForServer, versionOf } from './programs.ts';
import { freePort, startPostgres } from './server.ts';
import { type DatabaseAddress, secretOf } from './url.ts';

/** The contents of the secrets with which the functions log in. */
export interface Secrets {
  readonly backup: string;
  /** The restore role's secret, if the source accepts restores. */
  readonly restore?: string;
}

/**
 * The database to back up: the demo in an embedded server, or the user's own. The inputs of the synthesis are known
 * immediately; the database itself, and so its secret, may be ready later.
 */
export interface PreparedDatabase {
  readonly source: LocalSource;
  readonly postgresRoots: readonly string[];
  readonly pgRestore: string;
  /** A folder with psql and pg_restore, for a user's shell. */
  readonly programs: string;
  /** Lines for the user about the choices made. */
  readonly notes: readonly string[];
  /** Resolves when the database can be read. */
  readonly ready: Promise<Secrets>;
  /** libpq variables for a superuser's sessions, if the server is ours. */
  readonly superuser?: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface PrepareOptions {
  readonly dataDir: string;
  /** The folder of this start. */
  readonly temporaryFolder: string;
  /** Packages of extensions for the scratch server of verifications. */
  readonly extensions: readonly string[];
  readonly onProgress: (line: string) => void;
  readonly onLeftover: (leftover: { folder: string; pid?: number }) => void;
}

const DEMO_SOURCE = 'demo';
const DEMO_DATABASE = 'saas';

/** The location of programs in short form: layers have long names. */
const placeOf = (program: string): string => {
  const cache = defaultCache();
  return program.startsWith(`${cache}${path.sep}`)
    ? `a layer in ${fileName(cache)}`
    : path.dirname(program);
};

/** A short path to a folder of programs, for typing in a shell. */
const linkPrograms = async (dataDir: string, program: string): Promise<string> => {
  const link = path.join(dataDir, 'bin');
  await rm(link, { force: true });
  await symlink(path.dirname(program), link);
  return link;
};

/** The version of pg_dump, with a warning of known vulnerabilities. */
const notesOn = async ({ pgDump }: ClientPrograms): Promise<string[]> => {
  const version = (await versionOf(pgDump)) ?? 'of unknown version';
  const warnings = belowFloor([version]).map(
    ({ floor }) =>
      `warning: pg_dump ${version} is older than ${floor}, which closes CVE-2026-6477 and CVE-2026-18408: don't run it on databases that you don't trust`,
  );
  return [`pg_dump ${version} from ${placeOf(pgDump)}`, ...warnings];
};

const requestOf = ({ temporaryFolder, extensions, onProgress }: PrepareOptions) => ({
  linkFolder: path.join(temporaryFolder, 'programs'),
  extensions,
  onProgress,
});

export const prepareDemo = async (options: PrepareOptions): Promise<PreparedDatabase> => {
  const { dataDir, onLeftover } = options;
  const { programs, server } = await programsForDemo(requestOf(options));
  const client = clientFor(programs, server.major);
  const shell = await linkPrograms(dataDir, client.psql);
  const port = await freePort();
  const passwordFile = path.join(dataDir, 'pgpass');
  let folder = '';
  const starting = startPostgres({
    programs: server,
    port,
    logFile: path.join(dataDir, 'logs', 'postgresql.log'),
    onFolder: (made) => {
      folder = made;
      onLeftover({ folder });
    },
    onProcess: (pid) => onLeftover({ folder, pid }),
  });
  const ready = starting.then(async (running) => {
    const { database, backup, restore } = await makeDemo(running, DEMO_DATABASE);
    const line = `${running.host}:${running.port}:*:${running.superuser}:${running.password}\n`;
    await writeFile(passwordFile, line, { mode: 0o600 });
    return {
      backup: secretOf({ ...running, database, ...backup }),
      restore: secretOf({ ...running, database, ...restore }),
    };
  });
  // The caller that awaits it gets the failure; until then it must not end the process.
  ready.catch(() => undefined);
  return {
    source: {
      name: DEMO_SOURCE,
      host: '127.0.0.1',
      port,
      database: DEMO_DATABASE,
      tls: 'disable',
      takesRestores: true,
    },
    postgresRoots: programs.roots,
    pgRestore: client.pgRestore,
    programs: shell,
    notes: [
      `PostgreSQL ${await versionOf(server.postgres)} from ${placeOf(server.postgres)}, with a demo database of its own`,
      ...(await notesOn(client)),
    ],
    ready,
    superuser: {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'postgres',
      PGPASSFILE: passwordFile,
    },
    stop: async () => {
      const running = await starting.catch(() => undefined);
      await ready.catch(() => undefined);
      await rm(passwordFile, { force: true });
      await running?.stop();
    },
  };
};

/** A database of the user's own. */
export interface OwnRequest {
  readonly address: DatabaseAddress;
  /** The restore role's login; without it nothing is ever written to the database. */
  readonly restore?: DatabaseAddress;
  readonly schemas?: readonly string[];
}

export const prepareOwn = async (
  { address, restore, schemas }: OwnRequest,
  options: PrepareOptions,
): Promise<PreparedDatabase> => {
  const ca = await certificateFile(address, options.temporaryFolder);
  const found = await lookInto(address, ca);
  const projects = projectsOf(found, schemas);
  const programs = await programsForServer(found.serverMajor, requestOf(options));
  const client = clientFor(programs, found.serverMajor);
  const { host, port, database, tls } = address;
  return {
    source: {
      name: OWN_SOURCE,
      host,
      port,
      database,
      tls,
      ...(ca ? { ca } : {}),
      ...(projects ? { schemas: projects } : {}),
      takesRestores: restore !== undefined,
    },
    postgresRoots: programs.roots,
    pgRestore: client.pgRestore,
    programs: await linkPrograms(options.dataDir, client.psql),
    notes: [
      `Database ${JSON.stringify(database)} on ${host}:${port}, PostgreSQL ${found.serverVersion}, ${address.tlsReason}`,
      projects
        ? `Projects: ${projects.length === 1 ? 'the schema' : `the ${projects.length} schemas`} of --schemas`
        : 'Projects: the rows of control_plane.projects',
      ...(await notesOn(client)),
    ],
    ready: Promise.resolve({
      backup: secretOf(address),
      ...(restore && { restore: secretOf(restore) }),
    }),
    stop: async () => undefined,
  };
};
