import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultCache } from '../../../layers/postgres/cache.ts';
import { planLayer } from '../../../layers/postgres/layer.ts';
import { closure } from '../../../layers/postgres/packages.ts';
import { readMachine } from '../../../layers/postgres/releases.ts';
import { resolveLayer } from '../../../layers/postgres/resolve.ts';

/** Name of a package in the mirror of the test. */
export type Renamed = { name: string; version: string };

/** The real packages of the client of PostgreSQL 17, and those of the tools that build a layer of it. */
export async function realPackages(): Promise<string[]> {
  const plan = planLayer({ layer: 'client', arch: 'x86_64', majors: [17] });
  const { parts } = await resolveLayer(plan, defaultCache());
  const part = parts[0];
  if (!part) throw new Error('PostgreSQL 17 was not found');
  const tools = await closure(part.archive, ['patchelf']);
  const all = new Map([...part.packages, ...tools].map((one) => [one.name, one]));
  return part.archive.download([...all.values()]);
}

/**
 * The same packages with uncompressed files: otherwise each of the many builds would decompress them again, twice. A .deb is an archive of
 * ar (deb(5)): a header of 60 bytes for each member, and an even number of bytes of content.
 */
export function uncompressed(debs: readonly string[], folder: string): string[] {
  mkdirSync(folder);
  return debs.map((deb) => {
    const target = path.join(folder, path.basename(deb));
    const bytes = readFileSync(deb);
    const parts: Buffer[] = [bytes.subarray(0, 8)];
    for (let at = 8; at < bytes.length; ) {
      const header = bytes.subarray(at, at + 60);
      const size = Number(header.toString('latin1', 48, 58));
      const content = bytes.subarray(at + 60, at + 60 + size);
      const isFiles = header.toString('latin1', 0, 16).startsWith('data.tar');
      parts.push(...(isFiles ? member(header, filesOf(deb)) : [header, content, padding(size)]));
      at += 60 + size + (size % 2);
    }
    writeFileSync(target, Buffer.concat(parts));
    return target;
  });
}

const padding = (size: number) => Buffer.from(size % 2 ? '\n' : '');
const filesOf = (deb: string) =>
  execFileSync('dpkg-deb', ['--fsys-tarfile', deb], { maxBuffer: 2 ** 30 });

function member(like: Buffer, content: Buffer): Buffer[] {
  const header = Buffer.from(like);
  header.write('data.tar'.padEnd(16), 0, 'latin1');
  header.write(String(content.length).padEnd(10), 48, 'latin1');
  return [header, content, padding(content.length)];
}

/** A mirror on this machine's disk: a folder that apt reads with a file: address. */
export type Mirror = {
  folder: string;
  /** Adds a suite with these packages; `rename` may give one another name or version. */
  addSuite: (
    suite: string,
    debs: readonly string[],
    rename?: (name: string) => Renamed | undefined,
  ) => void;
  /** The environment in which the mirror's suites are the machine's apt sources. */
  environment: (suites: readonly string[]) => Record<string, string>;
};

export async function makeMirror(folder: string): Promise<Mirror> {
  const pool = path.join(folder, 'pool');
  mkdirSync(pool, { recursive: true });
  const addSuite: Mirror['addSuite'] = (suite, debs, rename) => {
    const stanzas = debs.map((deb) => publish(folder, suite, deb, rename));
    const index = path.join(folder, 'dists', suite, 'main', 'binary-amd64');
    mkdirSync(index, { recursive: true });
    const packages = stanzas.join('\n');
    writeFileSync(path.join(index, 'Packages'), packages);
    const line = ` ${sum(Buffer.from(packages))} ${Buffer.byteLength(packages)} main/binary-amd64/Packages`;
    writeFileSync(
      path.join(folder, 'dists', suite, 'Release'),
      `Suite: ${suite}\nCodename: ${suite}\nArchitectures: amd64\nComponents: main\n` +
        `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n${line}\n`,
    );
  };
  const environment: Mirror['environment'] = (suites) => {
    const parts = path.join(folder, 'sources.list.d');
    rmSync(parts, { recursive: true, force: true });
    mkdirSync(parts);
    const lines = suites.map((suite) => `deb [trusted=yes] file:${folder} ${suite} main\n`);
    writeFileSync(path.join(parts, 'mirror.list'), lines.join(''));
    const config = path.join(folder, 'apt.conf');
    const none = path.join(folder, 'none.list');
    writeFileSync(config, `Dir::Etc::sourcelist "${none}";\nDir::Etc::sourceparts "${parts}";\n`);
    return { APT_CONFIG: config };
  };
  return { folder, addSuite, environment };
}

/** The name of this machine's release, as in the suites of its sources. */
export async function ownCodename(): Promise<string> {
  return (await readMachine()).codename;
}

function publish(
  folder: string,
  suite: string,
  deb: string,
  rename?: (name: string) => Renamed | undefined,
): string {
  const name = execFileSync('dpkg-deb', ['-f', deb, 'Package'], { encoding: 'utf8' }).trim();
  const renamed = rename?.(name);
  const file = path.join('pool', `${suite}-${renamed?.name ?? name}.deb`);
  const target = path.join(folder, file);
  if (renamed) repack(deb, target, path.join(folder, 'repack'), renamed);
  else copyFileSync(deb, target);
  const control = execFileSync('dpkg-deb', ['-f', target], { encoding: 'utf8' });
  const size = statSync(target).size;
  return `${control}Filename: ${file}\nSize: ${size}\nSHA256: ${sum(readFileSync(target))}\n`;
}

function repack(deb: string, target: string, scratch: string, renamed: Renamed): void {
  execFileSync('dpkg-deb', ['-R', deb, scratch]);
  const control = path.join(scratch, 'DEBIAN', 'control');
  const old = /^Package: (.*)$/m.exec(readFileSync(control, 'utf8'))?.[1] ?? '';
  const text = readFileSync(control, 'utf8')
    .replace(/^Package: .*$/m, `Package: ${renamed.name}`)
    .replace(/^Version: .*$/m, `Version: ${renamed.version}`);
  writeFileSync(control, text);
  moveMajor(scratch, old, renamed.name);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', scratch, target], {
    stdio: 'pipe',
  });
  rmSync(scratch, { recursive: true });
}

/** A package that is renamed for another major has its files in that major's folders. */
function moveMajor(scratch: string, from: string, to: string): void {
  if (from === to) return;
  const major = (name: string) => /(\d+)$/.exec(name)?.[1] ?? '';
  const programs = path.join(scratch, 'usr/lib/postgresql');
  const documents = path.join(scratch, 'usr/share/doc');
  execFileSync('mv', [path.join(programs, major(from)), path.join(programs, major(to))]);
  execFileSync('mv', [path.join(documents, from), path.join(documents, to)]);
}

function sum(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
