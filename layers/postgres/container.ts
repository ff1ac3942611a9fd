import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { NoLayerBuilder } from './errors.ts';
import type { LayerPlan } from './layer.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '..', '..');

/** The container engine: the one that CDK would use for its bundling. */
function engine(): string {
  return process.env.CDK_DOCKER || 'docker';
}

/**
 * Runs this folder's build in a Debian container, with the repository and the cache mounted. The script is the
 * same, so the cache gets the same files as from a build on this machine.
 *
 * @throws NoLayerBuilder if there is no engine or the container fails
 */
export function buildInContainer(
  plan: LayerPlan,
  cache: string,
  renew: boolean,
  onProgress: (line: string) => void,
): void {
  const image = 'larder-layers';
  onProgress(
    `${plan.layer} ${plan.arch}: no apt on this machine; building in a container (${engine()})`,
  );
  docker(['build', '--quiet', '--tag', image, import.meta.dirname]);
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid?.() ?? 0}`] : [];
  const mounts = ['--volume', `${REPOSITORY}:/larder:ro`, '--volume', `${cache}:/cache`];
  const extensions = plan.extensions.length > 0 ? ['--extensions', plan.extensions.join(',')] : [];
  // On Fedora and similar systems, the labels of the mounts would deny the container access.
  const label = existsSync('/sys/fs/selinux/enforce') ? ['--security-opt', 'label=disable'] : [];
  docker([
    ...['run', '--rm', ...user, ...label, ...mounts, '--env', 'LARDER_LAYER_CACHE=/cache', image],
    ...['node', '/larder/layers/postgres/build.ts', '--layer', plan.layer, '--arch', plan.arch],
    ...['--majors', plan.majors.join(','), ...extensions],
    ...(plan.acceptOlder ? ['--accept-older'] : []),
    ...(renew ? [] : ['--keep']),
  ]);
}

function docker(args: readonly string[]): void {
  // Rootless Podman maps the container's user ids to others: the files that it writes to the cache would belong to
  // no user of this machine. Other engines ignore this. (podman-run(1), --userns)
  const rootless = process.getuid !== undefined && process.getuid() !== 0;
  const { error, status, signal } = spawnSync(engine(), args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...(rootless ? { PODMAN_USERNS: 'keep-id' } : {}), ...process.env },
  });
  if (error) {
    throw new NoLayerBuilder(`there is no apt, and ${engine()} did not start`, error);
  }
  if (status !== 0) {
    const end = signal ?? `exit code ${status}`;
    throw new NoLayerBuilder(`there is no apt, and "${engine()} ${args[0]}" ended with ${end}`);
  }
}
