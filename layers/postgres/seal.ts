/** The last step of a build: sets one mode and one time on all files, so the same inputs give the same bytes. */
import { createHash } from 'node:crypto';
import { chmod, lstat, readdir, readFile, utimes } from 'node:fs/promises';
import path from 'node:path';
import { BuildStepFailed } from './errors.ts';

/** 1980-01-01: the earliest time that a zip file can hold. */
const TIME = new Date('1980-01-01T00:00:00Z');

/** Files and folders under a folder, relative and sorted; the folder itself is the empty string. */
async function walk(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return ['', ...names].sort();
}

/** @throws BuildStepFailed if an entry is neither a file nor a folder */
export async function seal(root: string): Promise<void> {
  for (const name of (await walk(root)).reverse()) {
    const place = path.join(root, name);
    const found = await lstat(place);
    if (found.isDirectory()) {
      await chmod(place, 0o755);
    } else if (found.isFile()) {
      await chmod(place, found.mode & 0o100 ? 0o755 : 0o644);
    } else {
      throw new BuildStepFailed('Sealing the layer', `${name} is neither a file nor a folder`);
    }
    await utimes(place, TIME, TIME);
  }
}

/** Bytes of all files under a folder: the size that Lambda counts as unzipped. */
export async function unzippedBytes(root: string): Promise<number> {
  let bytes = 0;
  for (const name of await walk(root)) {
    const found = await lstat(path.join(root, name));
    if (found.isFile()) bytes += found.size;
  }
  return bytes;
}

/** SHA-256 over names, modes, times and contents, hex: equal for equal layers wherever they lie. */
export async function treeHash(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await walk(root)) {
    const place = path.join(root, name);
    const found = await lstat(place);
    hash.update(`${name}\0${found.mode.toString(8)}\0${found.mtimeMs}\0`);
    if (found.isFile())
      hash.update(
        createHash('sha256')
          .update(await readFile(place))
          .digest(),
      );
  }
  return hash.digest('hex');
}
