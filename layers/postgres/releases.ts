import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { NoLayerBuilder } from './errors.ts';
import { run } from './run.ts';
import { otherSources, parseDeb822, parseOneLine, type Stanza, towardsRelease } from './sources.ts';

export type Distribution = 'debian' | 'ubuntu';

/** The releases whose archive has each major, in the order to try them. */
const RELEASES: Readonly<Record<Distribution, Readonly<Record<number, readonly string[]>>>> = {
  debian: { 15: ['bookworm'], 17: ['trixie'], 18: ['forky', 'sid'] },
  ubuntu: { 14: ['jammy'], 16: ['noble'], 17: ['plucky'], 18: ['resolute'] },
};

/** Settings from the machine's apt configuration. */
export type AptMachine = {
  distribution: Distribution;
  codename: string;
  stanzas: readonly Stanza[];
};

/** A set of sources that may have a major: a release of the archive, or an extra source of the machine. */
export type Candidate = {
  /** The release whose libraries the programs are built against, e.g. `trixie`. */
  release: string;
  stanzas: readonly Stanza[];
};

/**
 * Reads the machine's own sources, wherever its apt configuration says they are.
 *
 * @throws NoLayerBuilder if this is not a Debian or Ubuntu system with apt
 */
export async function readMachine(): Promise<AptMachine> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(release)?.[1];
  const distribution = field('ID');
  const codename = field('VERSION_CODENAME');
  if ((distribution !== 'debian' && distribution !== 'ubuntu') || !codename) {
    throw new NoLayerBuilder('this machine is neither Debian nor Ubuntu');
  }
  const stanzas = await readStanzas();
  return { distribution, codename, stanzas };
}

/** True where the build can use the machine's own apt. */
export async function hasApt(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID="?(debian|ubuntu)"?$/m.test(release)) return false;
  return run('apt-get', ['--version']).then(
    () => run('dpkg-deb', ['--version']).then(() => true),
    () => false,
  );
}

async function readStanzas(): Promise<Stanza[]> {
  const places = await run('apt-config', [
    'shell',
    'LIST',
    'Dir::Etc::sourcelist/f',
    'PARTS',
    'Dir::Etc::sourceparts/d',
  ]);
  const place = (name: string) => new RegExp(`^${name}='(.*)'$`, 'm').exec(places)?.[1] ?? '';
  const parts = await readdir(place('PARTS')).catch(() => []);
  const files = [place('LIST'), ...parts.sort().map((name) => path.join(place('PARTS'), name))];
  const stanzas: Stanza[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) stanzas.push(...parseDeb822(text));
    if (file.endsWith('.list')) stanzas.push(...parseOneLine(text));
  }
  return stanzas;
}

/**
 * Where to look for a major, in order: the releases whose archive is known to have it, then the
 * machine's other sources (such as the PostgreSQL project's own) on top of its own release.
 */
export function candidates(
  machine: AptMachine,
  major: number,
  debianArchitecture: string,
): Candidate[] {
  const { stanzas, codename } = machine;
  const known = RELEASES[machine.distribution][major] ?? [];
  const found: Candidate[] = [];
  for (const release of known) {
    const turned = towardsRelease(stanzas, codename, release, debianArchitecture);
    if (turned.length > 0) found.push({ release, stanzas: turned });
  }
  const own = towardsRelease(stanzas, codename, codename, debianArchitecture);
  if (!known.includes(codename)) found.push({ release: codename, stanzas: own });
  for (const extra of otherSources(stanzas, codename)) {
    found.push({ release: codename, stanzas: [...own, extra] });
  }
  return found;
}
