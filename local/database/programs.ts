import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  type ClientPrograms,
  findProgramFiles,
  majorsOf,
  type ServerPrograms,
} from '../../adapters/postgres/programs/program-files.ts';
import { ServerTooNew } from '../../core/errors/source.ts';
import { chooseMajor } from '../../core/programs.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { reachableByAll } from './account.ts';

/**
 * PostgreSQL's programs for this machine. First choice: the layers, which are also deployed; they are built on first use. If
 * they can't be built, the machine's own programs are used; if it has none that fit, the error says how to install some.
 */
export interface Programs {
  /** Folders of the form `<major>/bin`, which the functions get in place of the layers. */
  readonly roots: readonly string[];
  readonly clients: readonly ClientPrograms[];
  readonly servers: readonly ServerPrograms[];
}

export class NoPrograms extends Error {
  constructor(what: string, why: string) {
    super(
      `${what} (${why}). Install PostgreSQL's programs (on Debian: apt-get install postgresql; on macOS: brew install postgresql@18), or build the layers with: npm run layers`,
    );
    this.name = 'NoPrograms';
  }
}

const DEBIAN = '/usr/lib/postgresql';
/** Where other systems keep a folder for each major. */
const OTHERS: readonly (readonly [folder: string, pattern: RegExp])[] = [
  ['/usr', /^pgsql-\d+$/],
  ['/usr/local', /^pgsql(-\d+)?$/],
  ['/opt/homebrew/opt', /^postgresql@\d+$/],
  ['/usr/local/opt', /^postgresql@\d+$/],
  ['/Applications/Postgres.app/Contents/Versions', /^\d+$/],
];

const run = promisify(execFile);

/** The full version that a program reports, such as `17.11`. */
export const versionOf = async (program: string): Promise<string | undefined> => {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return /\b(\d+(?:\.\d+|\w+)*)\b/.exec(stdout.replace(/^[^\d]*/, ''))?.[1];
};

/**
 * Collects programs from other places under one root: `<folder>/<major>` is a link to the folder with their `bin`.
 */
const linkOthers = async (folder: string): Promise<string> => {
  const places = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  const homes = places.filter((one) => path.basename(one) === 'bin').map(path.dirname);
  for (const [parent, pattern] of OTHERS) {
    const names = await readdir(parent).catch(() => []);
    homes.push(
      ...names.filter((name) => pattern.test(name)).map((name) => path.join(parent, name)),
    );
  }
  await mkdir(folder, { recursive: true });
  for (const home of homes) {
    const version = await versionOf(path.join(home, 'bin', 'pg_dump'));
    const major = Number.parseInt(version ?? '', 10);
    if (!major) continue;
    // The first folder of a major wins.
    await symlink(home, path.join(folder, String(major))).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return folder;
};

export interface ProgramsRequest {
  /** A folder of this start, for links. */
  readonly linkFolder: string;
  /** Packages with more extensions for the server. */
  readonly extensions?: readonly string[];
  readonly onProgress: (line: string) => void;
}

interface Found {
  readonly programs: Programs;
  /** Why a layer is missing, if one is. */
  readonly missing: Readonly<Partial<Record<LayerName, string>>>;
}

const LAYERS = ['client', 'server'] as const;
type LayerName = (typeof LAYERS)[number];

const find = async ({
  linkFolder,
  extensions = [],
  onProgress,
}: ProgramsRequest): Promise<Found> => {
  const roots: string[] = [];
  const missing: Partial<Record<LayerName, string>> = {};
  for (const layer of LAYERS) {
    // A layer could be built elsewhere, in a container, but its programs run on Linux only.
    if (process.platform !== 'linux') {
      missing[layer] = 'the layers run on Linux only';
      continue;
    }
    try {
      const more = layer === 'server' && extensions.length > 0 ? { extensions } : {};
      const { directory } = await ensureLayer({ layer, ...more, onProgress });
      roots.push(path.join(directory, 'postgres'));
    } catch (error) {
      missing[layer] = error instanceof Error ? error.message : String(error);
      onProgress(
        `The ${layer} layer can't be built; the machine's own programs are tried instead.`,
      );
    }
  }
  return { programs: await inRoots([...roots, DEBIAN, await linkOthers(linkFolder)]), missing };
};

const inRoots = async (roots: readonly string[]): Promise<Programs> => {
  const { clients, servers } = await findProgramFiles(...roots);
  const asRoot = process.getuid?.() === 0;
  const usable: ServerPrograms[] = [];
  for (const server of servers) {
    if (!asRoot || (await reachableByAll(server.postgres))) usable.push(server);
  }
  return { roots, clients, servers: usable };
};

const fits = ({ clients }: Programs, serverMajor: number): boolean =>
  clients.some(({ major }) => major >= serverMajor);

/**
 * For the embedded server: the newest major that the programs here can dump.
 * @throws NoPrograms
 */
export const programsForDemo = async (
  request: ProgramsRequest,
): Promise<{ readonly programs: Programs; readonly server: ServerPrograms }> => {
  const { programs, missing } = await find(request);
  const server = programs.servers.filter(({ major }) => fits(programs, major)).at(-1);
  if (server) return { programs, server };
  const what = 'There is no PostgreSQL server on this machine, and its layer could not be built';
  throw new NoPrograms(
    what,
    missing.server ?? missing.client ?? 'what was built does not run here',
  );
};

/**
 * For an existing database: programs that can dump it. Its backups can be verified if server programs are found, too; if
 * not, the verification itself reports that.
 * @throws NoPrograms, ServerTooNew
 */
export const programsForServer = async (
  serverMajor: number,
  request: ProgramsRequest,
): Promise<Programs> => {
  const { programs, missing } = await find(request);
  if (fits(programs, serverMajor)) return programs;
  if (!missing.client) throw new ServerTooNew(serverMajor, majorsOf(programs.clients));
  const what = `There is no pg_dump for PostgreSQL ${serverMajor} on this machine, and the layer could not be built`;
  throw new NoPrograms(what, missing.client);
};

/** The client that dumps a server of this major. @throws ServerTooNew */
export const clientFor = (programs: Programs, serverMajor: number): ClientPrograms => {
  const major = chooseMajor(serverMajor, majorsOf(programs.clients));
  const client = programs.clients.find((one) => one.major === major);
  if (!client) throw new NoPrograms(`There is no client of major ${major}`, 'it was there before');
  return client;
};
