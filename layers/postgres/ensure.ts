/**
 * The single entry point: returns a layer, and builds it if it is not in the cache.
 *
 * A request (majors, architecture) leads to a build through the mirror's contents at the last query; a build is
 * named by the hash of its inputs. So the cache has
 *   debs/, apt/, tools/   downloads and indexes, to be built from again
 *   requests/<hash>.json  which build answers a request, and when the mirror was asked
 *   built/<inputs>/       the layer as Lambda gets it (`postgres/...`, for /opt)
 *   here/<inputs>-<place>/ the same for running on this machine, for the place where it lies
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildOnce, checkWritable, defaultCache, exists, letEnter, readJson } from './cache.ts';
import { buildInContainer } from './container.ts';
import { BuildStepFailed, LayerTooLarge } from './errors.ts';
import {
  belowFloor,
  checkFloors,
  hostArchitecture,
  type LayerManifest,
  type LayerPlan,
  type LayerRequest,
  planLayer,
  SIZE_LIMIT,
} from './layer.ts';
import { makeLayer } from './make.ts';
import { prune, touch } from './prune.ts';
import { hasApt } from './releases.ts';
import { relocate } from './relocate.ts';
import { resolveLayer, scriptHash } from './resolve.ts';
import { unzippedBytes } from './seal.ts';

export type BuiltLayer = {
  /**
   * The folder that contains `postgres/`. If its programs are for this machine, they run in this place; otherwise
   * it is `assetDirectory`.
   */
  directory: string;
  /** The folder for the Lambda layer; its programs run only as /opt/postgres/... */
  assetDirectory: string;
  manifest: LayerManifest;
};

/** What `requests/<hash>.json` holds. */
type Answer = { inputs: string; resolvedAt: string };

/**
 * @throws LayerError one of its leaves, which says what to do; BelowFloor and LayerTooLarge only if `use` is
 * `deploy`
 */
export async function ensureLayer(request: LayerRequest): Promise<BuiltLayer> {
  const plan = planLayer(request);
  const cache = path.resolve(request.cache ?? defaultCache());
  const onProgress = request.onProgress ?? (() => {});
  const kept = request.refresh ? undefined : await recall(plan, cache);
  const manifest =
    kept && (request.use !== 'deploy' || isCurrent(kept, plan))
      ? kept
      : await build(
          plan,
          cache,
          { renew: request.refresh === true || kept !== undefined },
          onProgress,
        );
  const assetDirectory = builtPlace(cache, manifest.inputs);
  if (request.use === 'deploy') {
    checkFloors(manifest, plan);
    await checkSize(manifest, assetDirectory);
  } else warnOlder(manifest, onProgress);
  const directory = await runnable(cache, manifest, assetDirectory);
  return { directory, assetDirectory, manifest };
}

function builtPlace(cache: string, inputs: string): string {
  return path.join(cache, 'built', inputs);
}

function isCurrent(manifest: LayerManifest, plan: LayerPlan): boolean {
  return plan.acceptOlder || belowFloor(Object.values(manifest.programs)).length === 0;
}

function warnOlder(manifest: LayerManifest, onProgress: (line: string) => void): void {
  for (const { version, floor } of belowFloor(Object.values(manifest.programs))) {
    onProgress(
      `warning: PostgreSQL ${version} is older than ${floor}, which closes CVE-2026-6477 and ` +
        'CVE-2026-18408: use it for trials, do not deploy it',
    );
  }
}

async function checkSize(manifest: LayerManifest, directory: string): Promise<void> {
  const bytes = await unzippedBytes(directory);
  const limit = SIZE_LIMIT[manifest.layer];
  if (bytes > limit) throw new LayerTooLarge(manifest.layer, bytes, limit);
}

async function answerFile(plan: LayerPlan, cache: string): Promise<string> {
  const key = JSON.stringify([plan, await scriptHash()]);
  const name = createHash('sha256').update(key).digest('hex');
  return path.join(cache, 'requests', `${name}.json`);
}

async function recall(plan: LayerPlan, cache: string): Promise<LayerManifest | undefined> {
  const file = await answerFile(plan, cache);
  const answer = readJson(file) as Partial<Answer> | undefined;
  if (typeof answer?.inputs !== 'string') return undefined;
  await touch(file);
  const folder = builtPlace(cache, answer.inputs);
  return readJson(path.join(folder, 'postgres', plan.layer, 'manifest.json')) as
    | LayerManifest
    | undefined;
}

async function build(
  plan: LayerPlan,
  cache: string,
  { renew }: { renew: boolean },
  onProgress: (line: string) => void,
): Promise<LayerManifest> {
  await checkWritable(cache);
  if (!(await hasApt())) {
    buildInContainer(plan, cache, renew, onProgress);
    const built = await recall(plan, cache);
    if (built) return built;
    throw new BuildStepFailed('The container', `it left no layer in ${cache}`);
  }
  const started = performance.now();
  onProgress(`${plan.layer} ${plan.arch}: asking the mirror for ${plan.majors.join(', ')}`);
  const resolved = await resolveLayer(plan, cache, renew ? Date.now() - 60_000 : undefined);
  const final = builtPlace(cache, resolved.inputs);
  await buildOnce(final, async (temporary) => {
    await makeLayer(resolved, temporary, onProgress);
  });
  await remember(plan, cache, { inputs: resolved.inputs, resolvedAt: new Date().toISOString() });
  await prune(cache);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const versions = Object.values(resolved.programs).join(', ');
  onProgress(`${plan.layer} ${plan.arch}: PostgreSQL ${versions} ready after ${seconds} s`);
  return readJson(path.join(final, 'postgres', plan.layer, 'manifest.json')) as LayerManifest;
}

async function remember(plan: LayerPlan, cache: string, answer: Answer): Promise<void> {
  const file = await answerFile(plan, cache);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(answer)}\n`);
  await rename(`${file}.${process.pid}`, file);
}

/** The path is part of the name: a cache that was moved or copied creates a new entry. */
async function runnable(cache: string, manifest: LayerManifest, layer: string): Promise<string> {
  if (process.platform !== 'linux' || manifest.arch !== hostArchitecture()) return layer;
  const home = path.join(cache, 'here');
  const place = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const final = path.join(home, `${manifest.inputs}-${place}`);
  if (await exists(final)) return final;
  await checkWritable(cache);
  await buildOnce(final, async (temporary) => {
    await relocate(layer, temporary, final);
    await letEnter(cache);
  });
  return final;
}
