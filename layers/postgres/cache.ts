/**
 * Storage of builds. Life cycle of each entry: it is created under a temporary name that contains the process id,
 * then renamed to its final name in one step. So a killed build leaves nothing that counts as built. Of two
 * concurrent builders, the second finds the first one's result and discards its own. A lock file makes the second
 * wait and saves it useless work; correctness does not depend on it.
 */
import { randomBytes } from 'node:crypto';
import { constants, readFileSync, statSync } from 'node:fs';
import {
  access,
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskFull, UnusableCache } from './errors.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '..', '..');

/** A build takes seconds; a temporary folder of this age (ms) is abandoned. */
const ABANDONED_AFTER = 30 * 60_000;

/**
 * A lock's owner touches it this often (ms). A process id alone proves nothing: in a container every builder has
 * the same one, and after a reboot another program may have it.
 */
const BEAT = 2_000;
const SILENT_AFTER = 10 * BEAT;

/**
 * The folder for builds and downloads: LARDER_LAYER_CACHE, else `.cache/layers` in the repository.
 * PostgreSQL's server refuses to run as root, so a root process starts it as another user; where
 * that user can't enter the repository, root uses /var/cache/larder instead.
 */
export function defaultCache(): string {
  const chosen = process.env.LARDER_LAYER_CACHE;
  if (chosen) return path.resolve(chosen);
  const own = path.join(REPOSITORY, '.cache', 'layers');
  if (process.getuid?.() !== 0) return own;
  return enterableByAll(REPOSITORY) ? own : '/var/cache/larder/layers';
}

function enterableByAll(directory: string): boolean {
  if ((statSync(directory).mode & 0o001) === 0) return false;
  const parent = path.dirname(directory);
  return parent === directory || enterableByAll(parent);
}

/**
 * Creates the folder for builds, or reports why nothing can be built in it.
 *
 * @throws UnusableCache
 */
export async function checkWritable(cache: string): Promise<void> {
  // apt's configuration can't quote the first three characters, and a library search path can't quote the others.
  if (/["\\\n:;]/.test(cache)) {
    throw new UnusableCache(cache, 'its name has a quote, a backslash, a colon or a semicolon');
  }
  try {
    await mkdir(cache, { recursive: true });
    for (const part of ['apt', 'built', 'debs', 'here', 'requests', 'tools']) {
      await mkdir(path.join(cache, part), { recursive: true });
      await access(path.join(cache, part), constants.W_OK);
    }
  } catch (error) {
    if (isDiskFull(error)) throw new DiskFull(cache, error);
    throw new UnusableCache(cache, (error as Error).message, error);
  }
}

/** Lets every user enter root's cache: the server started from it runs as another user. */
export async function letEnter(cache: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const parents = cache === path.join(REPOSITORY, '.cache', 'layers') ? [path.dirname(cache)] : [];
  for (const folder of [...parents, cache, path.join(cache, 'here')]) {
    const { mode } = await stat(folder);
    await chmod(folder, mode | 0o055);
  }
}

/**
 * Creates `final` by calling `make` with a temporary folder beside it, unless it exists already.
 *
 * @returns `final`
 */
export async function buildOnce(
  final: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  if (await exists(final)) return final;
  const parent = path.dirname(final);
  await mkdir(parent, { recursive: true });
  const unlock = await lock(`${final}.lock`, () => exists(final));
  try {
    if (await exists(final)) return final;
    const temporary = await temporaryFolder(parent);
    try {
      await make(temporary);
      await rename(temporary, final).catch(async (error) => {
        if (!(await exists(final))) throw error;
      });
    } catch (error) {
      throw isDiskFull(error) ? new DiskFull(parent, error) : error;
    } finally {
      await remove(temporary);
    }
  } finally {
    await unlock();
  }
  return final;
}

/** A folder of this process, to be renamed or removed. Also removes folders that dead builders left beside it. */
export async function temporaryFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = /^tmp-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    const stray = path.join(parent, name);
    if (owner && (await isAbandoned(stray, Number(owner)))) await remove(stray);
  }
  const made = path.join(parent, `tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
  await mkdir(made, { mode: 0o755 });
  return made;
}

export async function remove(place: string): Promise<void> {
  await rm(place, { recursive: true, force: true, maxRetries: 3 });
}

export async function exists(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

async function lock(file: string, settled: () => Promise<boolean>): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${process.pid}`).finally(() => handle.close());
      const beat = setInterval(() => {
        const now = new Date();
        // It is gone if others considered this process dead: their result is just as good.
        utimes(file, now, now).catch(() => clearInterval(beat));
      }, BEAT);
      return () => {
        clearInterval(beat);
        return rm(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await settled()) return async () => {};
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (await isAbandoned(file, owner, SILENT_AFTER)) await rm(file, { force: true });
    else await sleep(150);
  }
}

async function isAbandoned(
  place: string,
  owner: number,
  after = ABANDONED_AFTER,
): Promise<boolean> {
  const made = await stat(place).catch(() => undefined);
  if (!made) return false;
  const age = Date.now() - made.mtimeMs;
  if (age > after) return true;
  // A lock is empty for a moment after its creation; in a container the owner's pid belongs to another process.
  if (!owner) return age > 5_000;
  return !isAlive(owner);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Reads a JSON file that may be missing or half written by a killed process: then undefined. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
