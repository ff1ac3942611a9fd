import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRoot } from './scratch.ts';

export type Outcome = { code: number | null; output: string; said: string };

/** A root folder with only a layer under /opt, an empty /tmp and the given files. */
export type EmptyRoot = {
  place: string;
  /** Runs one of its programs with an empty environment. */
  run: (
    command: readonly string[],
    options?: { env?: Record<string, string>; user?: number },
  ) => Outcome;
};

export function makeEmptyRoot(
  place: string,
  layers: readonly string[],
  files: Readonly<Record<string, string>> = {},
): EmptyRoot {
  mkdirSync(path.join(place, 'opt'), { recursive: true });
  mkdirSync(path.join(place, 'tmp'));
  chmodSync(path.join(place, 'tmp'), 0o1777);
  for (const layer of layers) cpSync(layer, path.join(place, 'opt'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), text);
  }
  return {
    place,
    run: (command, options = {}) => {
      const user = options.user;
      const inside = user === undefined ? [] : [`--userspec=${user}:${user}`];
      const chroot = ['chroot', ...inside, place, ...command];
      // Without root's rights, a user namespace gives the rights that chroot needs.
      const [program = '', ...args] = isRoot ? chroot : ['unshare', '--map-root-user', ...chroot];
      const child = spawnSync(program, args, {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...options.env },
        maxBuffer: 1e8,
        encoding: 'utf8',
        timeout: 120_000,
      });
      if (child.error) throw child.error;
      return { code: child.status, output: child.stdout, said: child.stderr };
    },
  };
}
