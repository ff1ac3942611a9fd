/** Resolves the packages of a layer: which release has which major, and in which versions. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Archive, openArchive } from './apt.ts';
import { type Part, rdsCertificates } from './assemble.ts';
import { DiskFull, type LayerError, PackageNotFound } from './errors.ts';
import {
  belowFloor,
  DEBIAN_ARCHITECTURE,
  hostArchitecture,
  type LayerPlan,
  upstreamVersion,
} from './layer.ts';
import { closure } from './packages.ts';
import { type AptMachine, candidates, readMachine } from './releases.ts';
import { ensureTool, type Tool } from './tools.ts';

/** All inputs that determine a layer's bytes. */
export type Resolved = {
  plan: LayerPlan;
  parts: readonly Part[];
  patchelf: Tool;
  /** Full version by major. */
  programs: Readonly<Record<string, string>>;
  /** SHA-256 of all of it, hex. */
  inputs: string;
};

/** `since`: package indexes read before then (ms since 1970) are read again. */
export async function resolveLayer(
  plan: LayerPlan,
  cache: string,
  since?: number,
): Promise<Resolved> {
  const machine = await readMachine();
  const architecture = DEBIAN_ARCHITECTURE[plan.arch];
  const searches = plan.majors.map((major) =>
    findMajor(machine, plan, major, { cache, architecture, since }),
  );
  const tool = patchelfFor(machine, plan, { cache, since });
  const [found, patchelf] = await Promise.all([settled(searches), tool]);
  const parts: Part[] = [];
  for (const archive of new Set(found.map((one) => one.archive))) {
    const majors = found.filter((one) => one.archive === archive).map((one) => one.major);
    parts.push(await resolvePart(plan, archive, majors));
  }
  const programs: Record<string, string> = {};
  for (const { major, version } of found) programs[major] = upstreamVersion(version);
  const older = belowFloor(Object.values(programs));
  const inputs = createHash('sha256').update(
    JSON.stringify({
      plan: { ...plan, acceptOlder: older.length > 0 && plan.acceptOlder },
      packages: parts.map((part) => [
        part.release,
        part.packages.map((one) => [one.name, one.version, one.sha256]),
      ]),
      patchelf: patchelf.sha256,
      certificates: createHash('sha256').update(rdsCertificates()).digest('hex'),
      script: await scriptHash(),
    }),
  );
  return { plan, parts, patchelf, programs, inputs: inputs.digest('hex') };
}

/** SHA-256 of this folder's own source, hex: a changed script causes a new build. */
export async function scriptHash(): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts'));
  for (const name of names.sort()) {
    hash.update(name).update(await readFile(path.join(import.meta.dirname, name)));
  }
  return hash.digest('hex');
}

type Where = { cache: string; architecture: string; since: number | undefined };
type Found = { major: number; version: string; archive: Archive };

const opened = new Map<string, Promise<Archive>>();

/** Opening the same release twice in one process gives the same archive. */
function openOnce(...args: Parameters<typeof openArchive>): Promise<Archive> {
  const [cache, candidate, architecture, since] = args;
  const stanzas = candidate.stanzas.map((one) => [...one]);
  const key = JSON.stringify([cache, candidate.release, stanzas, architecture, since]);
  const open = opened.get(key) ?? openArchive(cache, candidate, architecture, since);
  opened.set(key, open);
  // A mirror that could not be read now may be readable next time.
  open.catch(() => opened.delete(key));
  return open;
}

async function findMajor(
  machine: AptMachine,
  plan: LayerPlan,
  major: number,
  where: Where,
): Promise<Found> {
  const name = plan.layer === 'client' ? `postgresql-client-${major}` : `postgresql-${major}`;
  const tried: string[] = [];
  let unreachable: LayerError | undefined;
  for (const candidate of candidates(machine, major, where.architecture)) {
    if (candidate.stanzas.length === 0) continue;
    const suites = candidate.stanzas.map((one) => one.get('Suites'));
    tried.push(suites.join(' '));
    try {
      const archive = await openOnce(where.cache, candidate, where.architecture, where.since);
      const [shown] = await archive.show([name]);
      if (shown) return { major, version: shown.version, archive };
    } catch (error) {
      if (error instanceof DiskFull) throw error;
      unreachable ??= error as LayerError;
    }
  }
  if (unreachable) throw unreachable;
  throw new PackageNotFound(name, tried);
}

async function resolvePart(
  plan: LayerPlan,
  archive: Archive,
  majors: readonly number[],
): Promise<Part> {
  const newest = Math.max(...plan.majors);
  const wanted: string[] = [];
  for (const major of majors) {
    if (plan.layer === 'client') wanted.push(`postgresql-client-${major}`);
    else wanted.push(`postgresql-${major}`);
    wanted.push(...plan.extensions.filter((name) => name.startsWith(`postgresql-${major}-`)));
  }
  if (plan.layer === 'client' && majors.includes(newest)) wanted.push('bzip2');
  if (plan.layer === 'server') wanted.push('tzdata');
  // An extension may have its scripts in a separate package, for its major or for all; PostGIS's library has its
  // grids and definitions in one.
  const scripts = new RegExp(
    `^postgresql-(?:(?:${majors.join('|')})-(?!jit).+|.*-scripts?)$|^proj-data$`,
  );
  const packages = await closure(archive, wanted, plan.extensions.length > 0 ? scripts : undefined);
  const more = packages.map((one) => one.name).filter((name) => scripts.test(name));
  return {
    archive,
    release: archive.release,
    majors,
    wanted: plan.layer === 'server' ? [...new Set([...wanted, ...more])] : wanted,
    packages,
  };
}

async function patchelfFor(
  machine: AptMachine,
  plan: LayerPlan,
  where: { cache: string; since: number | undefined },
): Promise<Tool> {
  const architecture = DEBIAN_ARCHITECTURE[hostArchitecture()];
  const newest = Math.max(...plan.majors);
  const [first] = candidates(machine, newest, architecture);
  if (!first) throw new PackageNotFound('patchelf', []);
  const archive = await openOnce(where.cache, first, architecture, where.since);
  return ensureTool('patchelf', 'usr/bin/patchelf', { cache: where.cache, archive });
}

async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const all = await Promise.allSettled(work);
  return all.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
