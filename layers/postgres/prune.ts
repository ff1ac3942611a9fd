import { readdir, rename, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { readJson, remove, temporaryFolder } from './cache.ts';

const DAY = 24 * 60 * 60_000;

/** Milliseconds: a request that was not repeated for so long is forgotten, with what was built for it. */
const KEPT_FOR = 30 * DAY;

/** Marks a request as used just now. */
export async function touch(requestFile: string): Promise<void> {
  const now = new Date();
  // A cache that may only be read is as good: it is not pruned then either.
  await utimes(requestFile, now, now).catch(() => {});
}

/**
 * Removes what is no longer requested: old requests, builds that no request leads to, and
 * downloads that are as old. What is younger than a day stays, since another process may be at it.
 */
export async function prune(cache: string): Promise<void> {
  const wanted = new Set<string>();
  for (const file of await list(cache, 'requests')) {
    const answer = readJson(file) as { inputs?: string } | undefined;
    if ((await age(file, 'mtimeMs')) > KEPT_FOR) await remove(file);
    else if (answer?.inputs) wanted.add(answer.inputs);
  }
  for (const file of [...(await list(cache, 'built')), ...(await list(cache, 'here'))]) {
    const inputs = path.basename(file).split('-')[0] ?? '';
    if (!wanted.has(inputs) && (await age(file, 'ctimeMs')) > DAY) await removeWhole(file);
  }
  for (const file of [...(await list(cache, 'debs')), ...(await list(cache, 'tools'))]) {
    if ((await age(file, 'ctimeMs')) > KEPT_FOR) await removeWhole(file);
  }
}

/** In one step as far as others see: half a build would count as built if this were killed. */
async function removeWhole(place: string): Promise<void> {
  const trash = await temporaryFolder(path.dirname(place));
  try {
    await rename(place, path.join(trash, 'removed')).catch((error: NodeJS.ErrnoException) => {
      // Another process was first.
      if (error.code !== 'ENOENT') throw error;
    });
  } finally {
    await remove(trash);
  }
}

async function list(cache: string, part: string): Promise<string[]> {
  const folder = path.join(cache, part);
  return (await readdir(folder).catch(() => [])).map((name) => path.join(folder, name));
}

async function age(file: string, field: 'mtimeMs' | 'ctimeMs'): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found ? Date.now() - found[field] : 0;
}
