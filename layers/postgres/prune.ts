import { readdir, rename, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { readJson, remove, temporaryFolder } from './cache.ts';

const DAY = 24 * 60 * 60_000;

/** Milliseconds: a request that was not repeated for this long is removed, and so is its build. */
const KEPT_FOR = 30 * DAY;

/** Marks a request as used just now. */
export async function touch(requestFile: string): Promise<void> {
  const now = new Date();
  // A read-only cache is fine too; it is then not pruned either.
  await utimes(requestFile, now, now).catch(() => {});
}

/**
 * Removes unused entries: old requests, builds that no request leads to, and downloads of the same age. Entries
 * younger than a day stay, because another process may use them.
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

/** In one step for other processes: a half-removed build would count as built if this process were killed. */
async function removeWhole(place: string): Promise<void> {
  const trash = await temporaryFolder(path.dirname(place));
  try {
    await rename(place, path.join(trash, 'removed')).catch((error: NodeJS.ErrnoException) => {
      // Another process removed it first.
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
