import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  type ClientPrograms,
  findProgramFiles,
  majorsOf,
  type ServerPrograms,
} from '../../adapters/postgres/program-files.ts';
import { chooseMajor } from '../../core/programs.ts';
import { ensureLayer, layerAtHand } from '../../layers/postgres/ensure.ts';
import { reachableByAll } from './account.ts';

/**
 * PostgreSQL's programs for this machine: those that are on it already, be it from its own packages or from a layer that
 * was built here before, and the newest of them. Where none fits, the layers are built; where that can't be done either,
 * the error says how to get programs.
 */
export interface Programs {
  /** Folders of the shape `<major>/bin`, as the functions get them in place of the layers. */
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

/** The full version that a program tells, such as `17.11`. */
export const versionOf = async (program: string): Promise<string | undefined> => {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return /\b(\d+(?:\.\d+|\w+)*)\b/.exec(stdout.replace(/^[^\d]*/, ''))?.[1];
};

/**
 * Programs in other places than a root of ours has, put under one: `<folder>/<major>` is a link to what holds their `bin`.
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
    // The first of a major stays.
    await symlink(home, path.join(folder, String(major))).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return folder;
};

const LAYERS = ['client', 'server'] as const;

const onHand = async (linkFolder: string): Promise<Programs> => {
  const built = await Promise.all(
    LAYERS.map((layer) => layerAtHand({ layer }).catch(() => undefined)),
  );
  const layers = built.flatMap((one) => (one ? [path.join(one.directory, 'postgres')] : []));
  return inRoots([...layers, DEBIAN, await linkOthers(linkFolder)]);
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

export interface ProgramsRequest {
  /** A folder of this start's, for links. */
  readonly linkFolder: string;
  readonly onProgress: (line: string) => void;
}

const build = async (
  have: Programs,
  layers: readonly ('client' | 'server')[],
  what: string,
  { onProgress }: ProgramsRequest,
): Promise<Programs> => {
  const roots = [...have.roots];
  for (const layer of layers) {
    try {
      const { directory } = await ensureLayer({ layer, onProgress });
      roots.unshift(path.join(directory, 'postgres'));
    } catch (error) {
      throw new NoPrograms(what, error instanceof Error ? error.message : String(error));
    }
  }
  return inRoots(roots);
};

const fits = ({ clients }: Programs, serverMajor: number): boolean =>
  clients.some(({ major }) => major >= serverMajor);

/**
 * For the embedded server: the newest whose dumps can be made here.
 * @throws NoPrograms
 */
export const programsForDemo = async (
  request: ProgramsRequest,
): Promise<{ readonly programs: Programs; readonly server: ServerPrograms }> => {
  const choose = (programs: Programs) => {
    const server = programs.servers.filter(({ major }) => fits(programs, major)).at(-1);
    return server && { programs, server };
  };
  const there = await onHand(request.linkFolder);
  const chosen = choose(there);
  if (chosen) return chosen;
  const what = 'There is no PostgreSQL server on this machine, and its layer could not be built';
  const built = choose(await build(there, LAYERS, what, request));
  if (!built) throw new NoPrograms(what, 'what was built does not run here');
  return built;
};

/**
 * For a database that is there already: programs that can dump it.
 * @throws NoPrograms, ServerTooNew
 */
export const programsForServer = async (
  serverMajor: number,
  request: ProgramsRequest,
): Promise<Programs> => {
  const there = await onHand(request.linkFolder);
  if (fits(there, serverMajor)) return there;
  const what = `There is no pg_dump for PostgreSQL ${serverMajor} on this machine, and the layer could not be built`;
  const built = await build(there, ['client'], what, request);
  chooseMajor(serverMajor, majorsOf(built.clients));
  return built;
};

/** The client that dumps a server of this major. @throws ServerTooNew */
export const clientFor = (programs: Programs, serverMajor: number): ClientPrograms => {
  const major = chooseMajor(serverMajor, majorsOf(programs.clients));
  const client = programs.clients.find((one) => one.major === major);
  if (!client) throw new NoPrograms(`There is no client of major ${major}`, 'it was there before');
  return client;
};
