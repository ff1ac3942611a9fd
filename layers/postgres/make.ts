import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Package } from './apt.ts';
import { assembleCommon, assemblePart, copyLicences } from './assemble.ts';
import { remove } from './cache.ts';
import { belowFloor, type LayerManifest } from './layer.ts';
import { unpack } from './packages.ts';
import type { Resolved } from './resolve.ts';
import { seal } from './seal.ts';

/**
 * Builds a layer into a folder.
 *
 * @param directory an empty folder of this process; afterwards it contains only `postgres/`
 * @throws LayerError and the errors of downloading and unpacking
 */
export async function makeLayer(
  resolved: Resolved,
  directory: string,
  onProgress: (line: string) => void,
): Promise<LayerManifest> {
  const { plan } = resolved;
  const scratch = path.join(directory, '.unpacked');
  const packages: LayerManifest['packages'][number][] = [];
  await mkdir(path.join(directory, 'postgres'), { recursive: true });
  for (const [index, part] of resolved.parts.entries()) {
    onProgress(
      `${plan.layer} ${plan.arch}: ${part.majors.join(', ')} from ${part.release}, ` +
        `${part.packages.length} packages`,
    );
    const root = path.join(scratch, String(index));
    const unpacked = await unpack(part.archive, part.packages, root);
    const used = await assemblePart(plan.layer, part, unpacked, directory, resolved.patchelf);
    await copyLicences(plan.layer, unpacked, used, directory);
    packages.push(...used.map((one) => listed(one, part.release)));
    await remove(root);
  }
  await remove(scratch);
  await assembleCommon(plan.layer, directory);
  const manifest = describe(resolved, packages);
  const folder = path.join(directory, 'postgres', plan.layer);
  await writeFile(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await seal(directory);
  return manifest;
}

function listed(one: Package, release: string): LayerManifest['packages'][number] {
  const { name, version, architecture, sha256 } = one;
  return { name, version, architecture, release, sha256 };
}

function describe(
  resolved: Resolved,
  packages: readonly LayerManifest['packages'][number][],
): LayerManifest {
  const { plan, programs, inputs } = resolved;
  const older = belowFloor(Object.values(programs)).map((one) => one.version);
  const order = (one: LayerManifest['packages'][number]) => `${one.release} ${one.name}`;
  return {
    manifestVersion: 1,
    layer: plan.layer,
    arch: plan.arch,
    inputs,
    programs,
    extensions: plan.extensions,
    belowFloor: older,
    acceptedOlder: older.length > 0 && plan.acceptOlder,
    packages: [...packages].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  };
}
