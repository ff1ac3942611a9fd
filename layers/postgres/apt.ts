/**
 * One release of the archive, read by apt with its own lists, status, caches and hooks: the system's apt files are
 * not changed. Proxies, certificates, credentials and keys are the machine's. apt checks the signatures of the
 * indexes and, with them, the hashes of the downloads.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { buildOnce, exists, remove, temporaryFolder } from './cache.ts';
import { ChecksumMismatch, LayerError, MirrorUnreachable } from './errors.ts';
import type { Candidate } from './releases.ts';
import { run } from './run.ts';
import { writeDeb822 } from './sources.ts';

export type Package = {
  name: string;
  version: string;
  architecture: string;
  /** SHA-256 of the .deb, hex, from the signed index. */
  sha256: string;
  depends: readonly (readonly string[])[];
};

/** Reads one release for one architecture. */
export type Archive = {
  release: string;
  /** The packages of these names that the release has, in its newest version. */
  show: (names: readonly string[]) => Promise<Package[]>;
  /** Paths of the .deb files, in the order of the request; missing ones are downloaded to the cache. */
  download: (packages: readonly Package[]) => Promise<string[]>;
};

/** Indexes older than this (ms) are read again, so that an update finds security fixes. */
const FRESH_FOR = 60 * 60_000;

/** Opens a release, and reads its indexes if they are not fresh. `since`: indexes older than this (ms since 1970) are not used. */
export async function openArchive(
  cache: string,
  candidate: Candidate,
  architecture: string,
  since = Date.now() - FRESH_FOR,
): Promise<Archive> {
  const sources = writeDeb822(candidate.stanzas);
  const key = createHash('sha256').update(`${architecture}\n${sources}`).digest('hex').slice(0, 16);
  const home = path.join(cache, 'apt', `${candidate.release}-${architecture}-${key}`);
  const directory = await indexes(home, sources, architecture, since);
  const config = path.join(directory, 'apt.conf');
  return {
    release: candidate.release,
    show: (names) => show(config, names),
    download: (packages) => download(cache, config, packages),
  };
}

async function indexes(home: string, sources: string, architecture: string, since: number) {
  const made = (await readdir(home).catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  const newest = made[0];
  if (newest !== undefined && Number(newest) >= since) return path.join(home, newest);
  for (const old of made.filter((name) => Number(name) < Date.now() - 24 * FRESH_FOR)) {
    await remove(path.join(home, old));
  }
  // The name is rounded, so builders that start together read the indexes only once.
  const name = String(Math.max(since, Math.floor(Date.now() / 60_000) * 60_000));
  return buildOnce(path.join(home, name), async (temporary) => {
    const final = path.join(home, name);
    await mkdir(path.join(temporary, 'lists', 'partial'), { recursive: true });
    await mkdir(path.join(temporary, 'archives', 'partial'), { recursive: true });
    await mkdir(path.join(temporary, 'none'));
    await writeFile(path.join(temporary, 'status'), '');
    await writeFile(path.join(temporary, 'larder.sources'), sources);
    const during = path.join(temporary, 'update.conf');
    await writeFile(during, configuration(temporary, architecture));
    await writeFile(path.join(temporary, 'apt.conf'), configuration(final, architecture));
    await update(during, sources, path.join(temporary, 'larder.sources'));
    // apt's cache names the lists by their path, which changes now.
    await remove(path.join(temporary, 'cache'));
    await mkdir(path.join(temporary, 'cache'));
  });
}

/**
 * A release's `-updates` and `-security` suites may not exist on a mirror (a release in the making
 * has none): the ones that are missing are left out, the release itself is not.
 */
async function update(config: string, sources: string, sourcesFile: string): Promise<void> {
  try {
    await run('apt-get', ['-c', config, '-q', 'update'], { writesTo: path.dirname(config) });
  } catch (error) {
    const missing = error instanceof MirrorUnreachable ? missingSuites(error.message) : [];
    if (missing.length === 0) throw error;
    const without = sources.replace(/^Suites: (.*)$/gm, (_line, suites: string) => {
      const kept = suites.split(' ').filter((suite) => !missing.includes(suite));
      return `Suites: ${kept.join(' ')}`;
    });
    const stanzas = without.split('\n\n').filter((stanza) => !/^Suites: $/m.test(stanza));
    await writeFile(sourcesFile, stanzas.join('\n\n'));
    await run('apt-get', ['-c', config, '-q', 'update'], { writesTo: path.dirname(config) });
  }
}

function missingSuites(words: string): string[] {
  // If a mirror is unreachable, its suites are unknown: the security suite must not be dropped because of that.
  if (/could not connect|resolving|could not resolve|timed out|unable to connect/i.test(words))
    return [];
  const found = words.matchAll(
    /repository '\S+ (\S+-(?:updates|security)) Release' does not have|Failed to fetch \S+\/dists\/(\S+?-(?:updates|security))\/\S+\s+(?:404|File not found)/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

function configuration(directory: string, architecture: string): string {
  const own = (name: string) => JSON.stringify(path.join(directory, name));
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear APT::Default-Release;
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Update::Error-Mode "any";
// apt's helper user may have no access to this folder; the downloads are checked by hash anyway.
APT::Sandbox::User "";
Dir::State ${own('state')};
Dir::State::lists ${own('lists')};
Dir::State::status ${own('status')};
Dir::Cache ${own('cache')};
Dir::Cache::archives ${own('archives')};
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log ${own('log')};
Dir::Etc::sourcelist ${own('larder.sources')};
Dir::Etc::sourceparts ${own('none')};
Dir::Etc::preferences ${own('none/preferences')};
Dir::Etc::preferencesparts ${own('none')};
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::GzipIndexes "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`;
}

async function show(config: string, names: readonly string[]): Promise<Package[]> {
  if (names.length === 0) return [];
  const options = ['-c', config, 'show', '--no-all-versions', '--'];
  const text = await run('apt-cache', [...options, ...names], {
    anyExit: true,
    writesTo: path.dirname(config),
  });
  const packages = text.split(/\n\n+/).map(parsePackage);
  return packages.filter((one): one is Package => one !== undefined);
}

function parsePackage(stanza: string): Package | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
  const name = field('Package');
  const version = field('Version');
  const sha256 = field('SHA256');
  if (!name || !version || !sha256) return undefined;
  const relations = [field('Pre-Depends'), field('Depends')].filter((one) => one !== undefined);
  const depends = relations
    .join(', ')
    .split(/,\s*/)
    .filter((one) => one !== '')
    .map((one) => one.split('|').map((choice) => choice.trim().split(/[\s(:]/)[0] ?? ''));
  return { name, version, architecture: field('Architecture') ?? '', sha256, depends };
}

async function download(
  cache: string,
  config: string,
  packages: readonly Package[],
): Promise<string[]> {
  const store = path.join(cache, 'debs');
  const place = (one: Package) => path.join(store, `${one.name}-${one.sha256}.deb`);
  await mkdir(store, { recursive: true });
  const missing: Package[] = [];
  for (const one of packages) {
    const kept = (await exists(place(one))) && (await sha256(place(one))) === one.sha256;
    if (!kept) missing.push(one);
  }
  if (missing.length > 0) {
    const temporary = await temporaryFolder(store);
    try {
      await fetchAll(temporary, config, missing, place);
    } finally {
      await remove(temporary);
    }
  }
  return packages.map(place);
}

async function fetchAll(
  temporary: string,
  config: string,
  missing: readonly Package[],
  place: (one: Package) => string,
): Promise<void> {
  const wanted = missing.map((one) => `${one.name}=${one.version}`);
  const options = ['-c', config, '-q', '-o', 'Debug::NoLocking=1', 'download', '--'];
  await run('apt-get', [...options, ...wanted], { cwd: temporary, writesTo: temporary });
  const bySum = new Map<string, string>();
  for (const name of await readdir(temporary)) {
    const file = path.join(temporary, name);
    bySum.set(await sha256(file), file);
  }
  for (const one of missing) {
    const file = bySum.get(one.sha256);
    if (!file) throw new ChecksumMismatch(`${one.name} ${one.version}`);
    await rename(file, place(one));
  }
}

/** SHA-256 of a file, hex. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  if ((await stat(file)).isDirectory()) throw new LayerError(`${file} is a folder, not a file.`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
