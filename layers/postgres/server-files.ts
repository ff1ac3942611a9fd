/** Files of a server besides programs and libraries: modules, templates, time zones, grids. */
import { copyFile, cp, readdir } from 'node:fs/promises';
import path from 'node:path';
import { readElf } from './elf.ts';

/** Debian's folder of time zones, and the one of the server layer in Lambda: the second path is not longer. */
export const SYSTEM_ZONES = '/usr/share/zoneinfo';
export const LAYER_ZONES = '/opt/postgres/tz';

/** Just-in-time compilation, and PostGIS's rasters and solids: their libraries would each fill a layer. */
const LEFT_OUT = /\/(bitcode|pgxs|llvmjit[^/]*|postgis_(raster|sfcgal)[^/]*|man|contrib)$/;

/** Scripts that upgrade an old installation: a scratch server has none. */
const UPDATES = /--(unpackaged|ANY|TEMPLATED)[^/]*\.sql$|--[^/]*next(--[^/]*)?\.sql$/;

/** PostgreSQL finds its libraries and templates relative to itself if the folders keep Debian's layout. */
export function serverHome(root: string, major: number): string {
  return path.join(root, 'postgres', 'server', 'lib', 'postgresql', String(major));
}

/**
 * @param from unpacked packages
 * @param root the layer
 * @returns the modules, which need libraries
 */
export async function copyModules(from: string, major: number, root: string): Promise<string[]> {
  const lib = path.join(serverHome(root, major), 'lib');
  const share = path.join(root, 'postgres', 'server', 'share');
  const templates = path.join(share, 'postgresql', String(major));
  const copy = {
    recursive: true,
    dereference: true,
    filter: (source: string) => !LEFT_OUT.test(source) && !UPDATES.test(source),
  };
  await cp(path.join(from, 'usr/lib/postgresql', String(major), 'lib'), lib, copy);
  await cp(path.join(from, 'usr/share/postgresql', String(major)), templates, copy);
  await chooseAlternatives(path.join(templates, 'extension'));
  await copyZones(from, root);
  // The data for PostGIS's coordinate transformations; PROJ_DATA holds its path.
  await cp(path.join(from, 'usr/share/proj'), path.join(share, 'proj'), copy).catch(ignoreMissing);
  const modules: string[] = [];
  for (const name of await readdir(lib, { recursive: true })) {
    const file = path.join(lib, name);
    if (name.endsWith('.so') && (await readElf(file))) modules.push(file);
  }
  return modules.sort();
}

/**
 * If a package allows several installed versions, its control files have the version in their names
 * (`postgis-3.control`), and the installation adds the plain name.
 */
async function chooseAlternatives(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.sort()) {
    const plain = /^(.+)-\d+\.control$/.exec(name)?.[1];
    if (!plain || names.includes(`${plain}.control`)) continue;
    await copyFile(path.join(folder, name), path.join(folder, `${plain}.control`));
  }
}

async function copyZones(from: string, root: string): Promise<void> {
  const zones = path.join(root, 'postgres', 'tz');
  const left = /\/(posix|right|leap-seconds\.list|leapseconds|tzdata\.zi)$/;
  const filter = (source: string) => !left.test(source);
  await cp(path.join(from, SYSTEM_ZONES), zones, { recursive: true, dereference: true, filter });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
