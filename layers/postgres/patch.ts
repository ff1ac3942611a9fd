/**
 * Makes programs self-contained. `patchelf` sets DT_RPATH (not RUNPATH: the libraries of a program
 * inherit only the former, and it comes before LD_LIBRARY_PATH, which Lambda sets) and reserves room
 * for the interpreter. An interpreter is an absolute path, so a layer that is used elsewhere than in
 * /opt needs another one: it is written into the reserved room, filled up with zeros, which the kernel
 * takes for the end of the name. No tool is needed for that, so a finished layer can be moved anywhere.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readElf } from './elf.ts';
import { BuildStepFailed } from './errors.ts';
import { run } from './run.ts';
import type { Tool } from './tools.ts';

/** Reserves 1,000 bytes; the kernel takes up to 4,096. */
const RESERVED = `/${'x'.repeat(998)}`;

/** The folder where Lambda puts layers. */
export const LAMBDA_ROOT = '/opt';

/**
 * @param file a program in the layer being built
 * @param layerRoot the layer's folder, which becomes /opt
 * @param libraries the folder of its libraries and its loader, in the layer
 */
export async function patchProgram(
  patchelf: Tool,
  file: string,
  layerRoot: string,
  libraries: string,
): Promise<void> {
  const elf = await readElf(file);
  if (!elf?.interpreter) throw new BuildStepFailed('Patching', `${file} is no dynamic program`);
  const origin = path.relative(path.dirname(file), libraries);
  await chmod(file, 0o755);
  const [program, ...before] = patchelf.command;
  const inLambda = path.join(LAMBDA_ROOT, path.relative(layerRoot, libraries));
  // The loader learns $ORIGIN from /proc, which a bare root may not have.
  const search = ['--force-rpath', '--set-rpath', `$ORIGIN/${origin}:${inLambda}`];
  await run(program, [...before, '--set-interpreter', RESERVED, ...search, file]);
  const loader = path.join(libraries, path.basename(elf.interpreter));
  await setInterpreter(file, path.join(LAMBDA_ROOT, path.relative(layerRoot, loader)));
}

/** A library with a search path of its own would not see the program's: it is taken off. */
export async function patchLibrary(patchelf: Tool, file: string): Promise<void> {
  const elf = await readElf(file);
  if (!elf?.searchPath) return;
  const [program, ...before] = patchelf.command;
  await run(program, [...before, '--remove-rpath', file]);
}

/** Writes another interpreter into the room that `patchProgram` reserved. */
export async function setInterpreter(file: string, interpreter: string): Promise<void> {
  const room = (await readElf(file))?.interpreterRoom;
  if (!room) return;
  if (Buffer.byteLength(interpreter) >= room.bytes) {
    throw new BuildStepFailed('Patching', `the path of the layer is too long: ${interpreter}`);
  }
  const bytes = await readFile(file);
  bytes.fill(0, room.offset, room.offset + room.bytes);
  bytes.write(interpreter, room.offset);
  await writeFile(file, bytes);
}

/**
 * Debian's server reads time zones from a folder whose name is compiled in. Lambda's system may have
 * none, so the layer brings them and the name is changed in place: never to a longer one.
 */
export async function replacePath(file: string, from: string, to: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(Buffer.from(`${from}\0`));
  if (at < 0) return;
  bytes.fill(0, at, at + from.length);
  bytes.write(to, at);
  await writeFile(file, bytes);
}
