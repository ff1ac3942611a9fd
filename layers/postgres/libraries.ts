import { copyFile, mkdir, readdir, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Package } from './apt.ts';
import { readElf } from './elf.ts';
import { BuildStepFailed } from './errors.ts';
import type { Unpacked } from './packages.ts';

const FOLDERS = ['lib', 'lib64', 'usr/lib', 'usr/lib64'];

/** Every shared library under an unpacked root, by the name that programs link to. */
export async function findLibraries(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let level = FOLDERS.map((folder) => path.join(root, folder));
  // Level by level: a library in a deeper folder is a variant of the one nearer to the root.
  while (level.length > 0) {
    const deeper: string[] = [];
    for (const folder of level) {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const place = path.join(folder, entry.name);
        if (entry.isDirectory()) deeper.push(place);
        else if (/\.so(\.|$)/.test(entry.name) && !found.has(entry.name)) {
          const target = await resolveInside(root, place);
          if (target) found.set(entry.name, target);
        }
      }
    }
    level = deeper;
  }
  return found;
}

/** The file that a path resolves to, with symbolic links followed as if `root` were the root of the system. */
export async function resolveInside(root: string, place: string): Promise<string | undefined> {
  const end = await follow(root, place);
  return (await stat(end).catch(() => undefined))?.isFile() ? end : undefined;
}

/** The same for a folder. */
export async function resolveFolder(root: string, place: string): Promise<string | undefined> {
  const end = await follow(root, place);
  return (await stat(end).catch(() => undefined))?.isDirectory() ? end : undefined;
}

async function follow(root: string, place: string): Promise<string> {
  let current = place;
  for (let steps = 0; steps < 16; steps += 1) {
    const target = await readlink(current).catch(() => undefined);
    if (target === undefined) break;
    current = path.join(path.isAbsolute(target) ? root : path.dirname(current), target);
  }
  return current;
}

/**
 * Copies every library that these programs and modules need, and those that the libraries need, into one folder.
 * Each is a plain file under the linked name (a zip file would store a link's target twice).
 *
 * @param unpacked where the libraries are
 * @param users programs and modules that are in the layer already, by absolute path
 * @param into the folder of libraries in the layer
 * @returns the packages whose libraries were used
 */
export async function collectLibraries(
  unpacked: Unpacked,
  users: readonly string[],
  into: string,
): Promise<Package[]> {
  const available = await findLibraries(unpacked.root);
  const taken = new Map<string, string>();
  const from = new Set<Package>();
  await mkdir(into, { recursive: true });
  const open = [...users];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const elf = await readElf(file);
    if (!elf) continue;
    const loader = elf.interpreter ? [path.basename(elf.interpreter)] : [];
    for (const name of [...elf.needed, ...loader]) {
      if (taken.has(name)) continue;
      const library = available.get(name);
      if (!library) {
        throw new BuildStepFailed(
          'Collecting libraries',
          `${file} needs ${name}, which no package contains`,
        );
      }
      taken.set(name, library);
      await copyFile(library, path.join(into, name));
      const owner = unpacked.origin.get(path.relative(unpacked.root, library));
      if (owner) from.add(owner);
      open.push(path.join(into, name));
    }
  }
  return [...from];
}
