import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Archive, Package } from './apt.ts';
import { PackageNotFound } from './errors.ts';
import { each, run } from './run.ts';

/**
 * Only packages that may contain shared libraries or their licenses: PostgreSQL needs no debconf and no Perl to run.
 * It does not need LLVM (130 MB, just-in-time compilation) or GDAL and SFCGAL (PostGIS's rasters and solids) either.
 */
const FOLLOWED = /^(lib(?!llvm|clang|perl|gdal|sfcgal)|zlib|gcc-\d+-base$)/;

/**
 * The requested packages and those that may contain their libraries. Later, only libraries that the programs really
 * link to are copied into the layer.
 *
 * @param archive one release
 * @param names the packages wanted
 * @param alsoFollow dependencies to include besides libraries (for example an extension's scripts)
 * @throws PackageNotFound naming those of `names` that the release lacks
 */
export async function closure(
  archive: Archive,
  names: readonly string[],
  alsoFollow: RegExp = /^$/,
): Promise<Package[]> {
  const found = new Map<string, Package>();
  const asked = new Set<string>();
  let wanted: readonly string[] = names;
  while (wanted.length > 0) {
    for (const name of wanted) asked.add(name);
    const shown = await archive.show(wanted);
    for (const one of shown) found.set(one.name, one);
    const next = shown.flatMap((one) => one.depends.flat());
    const follow = (name: string) => FOLLOWED.test(name) || alsoFollow.test(name);
    wanted = [...new Set(next)].filter((name) => !asked.has(name) && follow(name));
  }
  const lacking = names.filter((name) => !found.has(name));
  if (lacking.length > 0) throw new PackageNotFound(lacking.join(', '), [archive.release]);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Packages unpacked together, as they would lie on a system of that release. */
export type Unpacked = {
  root: string;
  release: string;
  packages: readonly Package[];
  /** The package that a path (relative to root) belongs to. */
  origin: ReadonlyMap<string, Package>;
};

/** Downloads and unpacks packages into `root`, without documentation except the licenses. */
export async function unpack(
  archive: Archive,
  packages: readonly Package[],
  root: string,
): Promise<Unpacked> {
  const files = await archive.download(packages);
  await mkdir(root, { recursive: true });
  const origin = new Map<string, Package>();
  const pairs = packages.map((one, index) => ({ one, file: files[index] ?? '' }));
  await each(pairs, 4, async ({ one, file }) => {
    await run('dpkg-deb', ['-x', file, root]);
    const listed = await run('dpkg-deb', ['-c', file]);
    for (const line of listed.split('\n')) {
      const name = /^\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\.\/(.+?)(?: (?:->|link to) .*)?$/.exec(
        line,
      )?.[1];
      if (name && !name.endsWith('/')) origin.set(path.normalize(name), one);
    }
  });
  return { root, release: archive.release, packages, origin };
}
