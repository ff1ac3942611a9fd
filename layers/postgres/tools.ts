import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Archive, openArchive } from './apt.ts';
import { buildOnce, defaultCache } from './cache.ts';
import { readElf } from './elf.ts';
import { DEBIAN_ARCHITECTURE, hostArchitecture } from './layer.ts';
import { findLibraries } from './libraries.ts';
import { closure, unpack } from './packages.ts';
import { candidates, readMachine } from './releases.ts';

export type Tool = {
  /** The words before the tool's arguments: the tool, or its own loader and the tool. */
  command: readonly [string, ...string[]];
  /** SHA-256 of the tool's .deb, hex. */
  sha256: string;
};

/**
 * A program of a Debian package for this machine, unpacked into the cache and not installed. It has its own loader
 * and libraries, so it may be from a release newer than the machine's.
 *
 * @param packageName e.g. `patchelf`
 * @param program its path in the package, e.g. `usr/bin/patchelf`
 */
export async function ensureTool(
  packageName: string,
  program: string,
  options: { cache?: string; archive?: Archive } = {},
): Promise<Tool> {
  const cache = options.cache ?? defaultCache();
  const archive = options.archive ?? (await hostArchive(cache));
  const packages = await closure(archive, [packageName]);
  const own = packages.find((one) => one.name === packageName);
  const sha256 = own?.sha256 ?? '';
  const key = `${packageName}-${archive.release}-${sha256.slice(0, 16)}`;
  const home = path.join(cache, 'tools', key);
  await buildOnce(home, async (temporary) => {
    const root = path.join(temporary, 'root');
    await mkdir(root);
    await unpack(archive, packages, root);
  });
  const file = path.join(home, 'root', program);
  const elf = await readElf(file);
  if (!elf?.interpreter) return { command: [file], sha256 };
  const libraries = await findLibraries(path.join(home, 'root'));
  const loader = libraries.get(path.basename(elf.interpreter));
  if (!loader) return { command: [file], sha256 };
  const folders = [...new Set([...libraries.values()].map((one) => path.dirname(one)))];
  return { command: [loader, '--library-path', folders.join(':'), file], sha256 };
}

/** The release that carries PostgreSQL 17, for this machine's architecture. */
async function hostArchive(cache: string): Promise<Archive> {
  const machine = await readMachine();
  const architecture = DEBIAN_ARCHITECTURE[hostArchitecture()];
  const [first] = candidates(machine, 17, architecture);
  const own = { release: machine.codename, stanzas: machine.stanzas };
  return openArchive(cache, first ?? own, architecture, 0);
}
