import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { openArchive } from '../../../layers/postgres/apt.ts';
import { buildOnce, defaultCache } from '../../../layers/postgres/cache.ts';
import { DEBIAN_ARCHITECTURE, hostArchitecture } from '../../../layers/postgres/layer.ts';
import { findLibraries } from '../../../layers/postgres/libraries.ts';
import { closure, unpack } from '../../../layers/postgres/packages.ts';
import { candidates, readMachine } from '../../../layers/postgres/releases.ts';

/**
 * moto, an emulator of AWS that is written in Python by people who have nothing to do with the emulators of `npm start`.
 * https://docs.getmoto.org
 *
 * It comes from Debian's packages with the Python that they were built for, unpacked below .cache/layers/tools as the tools of the layers are,
 * and is not installed. Its own dependencies do not name all that its server imports.
 */
const PACKAGES = ['python3-moto', 'python3-flask-cors', 'python3-cffi-backend'];
const ALSO = /^python3/;
/** The release with this major of PostgreSQL has moto 5. The machine's own may have an older one. */
const MAJOR = 17;

export interface Moto {
  /** The words before the arguments of Python. */
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Downloads some fifty packages the first time (40 MB, 15 s).
 * @throws LayerError where this is no Debian or Ubuntu, or the mirror can't be reached
 */
export const ensureMoto = async (): Promise<Moto> => {
  const cache = defaultCache();
  const architecture = DEBIAN_ARCHITECTURE[hostArchitecture()];
  const [candidate] = candidates(await readMachine(), MAJOR, architecture);
  if (!candidate) throw new Error('The machine has no source of Debian packages.');
  const home = path.join(cache, 'tools', `moto-${candidate.release}-${architecture}`);
  await buildOnce(home, async (temporary) => {
    const root = path.join(temporary, 'root');
    await mkdir(root);
    const archive = await openArchive(cache, candidate, architecture, 0);
    await unpack(archive, await closure(archive, PACKAGES, ALSO), root);
  });
  const root = path.join(home, 'root');
  const libraries = await findLibraries(root);
  const [, loader] = [...libraries].find(([name]) => /^ld-linux.*\.so/.test(name)) ?? [];
  const python = (await readdir(path.join(root, 'usr', 'bin'))).find((name) =>
    /^python3\.\d+$/.test(name),
  );
  if (!loader || !python) throw new Error(`${root} has no Python.`);
  const folders = [...new Set([...libraries.values()].map((file) => path.dirname(file)))];
  return {
    command: [loader, '--library-path', folders.join(':'), path.join(root, 'usr', 'bin', python)],
    environment: { PYTHONHOME: path.join(root, 'usr') },
  };
};
