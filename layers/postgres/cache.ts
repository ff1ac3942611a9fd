/**
 * Where builds are kept. Life cycle of everything here: made under a temporary name that says which
 * process makes it, then renamed to its final name in one step. So a killed build leaves nothing that
 * counts as built, and of two builders at once the second finds the first one's result and drops its
 * own. A lock file makes the second wait instead of working in vain; it is only a courtesy.
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
 * A lock's owner touches it this often (ms). A process id alone proves nothing: in a container each
 * builder has the same one, and after a restart of the machine another program has it.
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
 * Makes the folder for builds, or says why nothing can be built in it.
 *
 * @throws UnusableCache
 */
export async function checkWritable(cache: string): Promise<void> {
  // apt's configuration has no way to quote the first three, a search path of libraries none for the rest.
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

/** Lets everybody enter a cache of root's: the server that is started from it is another user. */
export async function letEnter(cache: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const parents = cache === path.join(REPOSITORY, '.cache', 'layers') ? [path.dirname(cache)] : [];
  for (const folder of [...parents, cache, path.join(cache, 'here')]) {
    const { mode } = await stat(folder);
    await chmod(folder, mode | 0o055);
  }
}

/**
 * Makes `final` by calling `make` with a temporary folder beside it, unless it is there already.
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

/** A folder of this process's own, to be renamed or removed. Sweeps what dead builders left beside it. */
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
        // Gone, where others took this process for dead: what it makes is as good.
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
  // A lock is empty for an instant after it is made; in a container the owner's pid is another's.
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
