import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { LayerManifest } from '../../../layers/postgres/layer.ts';
import { type Ended, startBuild } from './command.ts';
import { type Mirror, makeMirror, ownCodename, realPackages, uncompressed } from './mirror.ts';
import { scratchFolder } from './scratch.ts';

/** The arguments of a build that takes two seconds; a major must follow. */
export const CLIENT = ['--layer', 'client', '--arch', 'x86_64', '--majors'];

/** A place to build layers in, from a mirror on this machine's disk, each time with a new cache. */
export type Bench = {
  folder: string;
  mirror: Mirror;
  /** This machine's release. */
  codename: string;
  /** Real packages for other mirrors, uncompressed. */
  debs: readonly string[];
  /** The same packages in Debian's form. */
  compressed: readonly string[];
  newCache: () => string;
  build: (cache: string, args: readonly string[], env?: Record<string, string>) => Promise<Ended>;
};

export async function setUpBench(): Promise<Bench> {
  const folder = await scratchFolder();
  const compressed = await realPackages();
  const debs = uncompressed(compressed, path.join(folder, 'debs'));
  const codename = await ownCodename();
  const mirror = await makeMirror(path.join(folder, 'mirror'));
  mirror.addSuite('trixie', debs);
  let caches = 0;
  const newCache = () => {
    caches += 1;
    return path.join(folder, `cache-${caches}`);
  };
  const build: Bench['build'] = (cache, args, env = {}) =>
    startBuild(cache, args, { env: { ...mirror.environment([codename]), ...env } }).ended;
  return { folder, mirror, codename, debs, compressed, newCache, build };
}

/** The layer that a build left. Fails if the build failed. */
export function assetOf(ended: Ended): { directory: string; manifest: LayerManifest } {
  expect(ended.code, ended.said).toBe(0);
  const [built] = JSON.parse(ended.output) as { assetDirectory: string }[];
  const directory = built?.assetDirectory ?? '';
  const file = path.join(directory, 'postgres', 'client', 'manifest.json');
  return { directory, manifest: JSON.parse(readFileSync(file, 'utf8')) as LayerManifest };
}

/** Finished layers in a cache. */
export function builtIn(cache: string): string[] {
  const built = path.join(cache, 'built');
  if (!existsSync(built)) return [];
  return readdirSync(built).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Files that builders should have removed. */
export function strays(cache: string): string[] {
  const names = readdirSync(cache, { recursive: true }).map(String);
  return names.filter((name) => /(^|\/)(tmp-[^/]*|[^/]*\.lock)$/.test(name));
}
