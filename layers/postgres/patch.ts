/**
 * Makes programs self-contained. `patchelf` sets DT_RPATH (not RUNPATH: the libraries of a program inherit only
 * DT_RPATH, and it has precedence over LD_LIBRARY_PATH, which Lambda sets) and reserves space for the interpreter.
 * An interpreter is an absolute path, so a layer outside /opt needs another one: it is written into the reserved
 * space and padded with zeros, which end the name for the kernel. This needs no tool, so a finished layer can be
 * moved anywhere.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readElf } from './elf.ts';
import { BuildStepFailed } from './errors.ts';
import { run } from './run.ts';
import type { Tool } from './tools.ts';

/** Reserves 1,000 bytes; the kernel accepts up to 4,096. */
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
  if (!elf?.interpreter)
    throw new BuildStepFailed('Patching', `${file} is not a dynamically linked program`);
  const origin = path.relative(path.dirname(file), libraries);
  await chmod(file, 0o755);
  const [program, ...before] = patchelf.command;
  const inLambda = path.join(LAMBDA_ROOT, path.relative(layerRoot, libraries));
  // The loader reads $ORIGIN from /proc, which a minimal root may lack.
  const search = ['--force-rpath', '--set-rpath', `$ORIGIN/${origin}:${inLambda}`];
  await run(program, [...before, '--set-interpreter', RESERVED, ...search, file]);
  const loader = path.join(libraries, path.basename(elf.interpreter));
  await setInterpreter(file, path.join(LAMBDA_ROOT, path.relative(layerRoot, loader)));
}

/** A library with its own search path would not use the program's, so its path is removed. */
export async function patchLibrary(patchelf: Tool, file: string): Promise<void> {
  const elf = await readElf(file);
  if (!elf?.searchPath) return;
  const [program, ...before] = patchelf.command;
  await run(program, [...before, '--remove-rpath', file]);
}

/** Writes another interpreter into the space that `patchProgram` reserved. */
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
 * Debian's server reads time zones from a folder whose path is compiled in. Lambda's system may have none, so the
 * layer contains them and the path is replaced in the binary: never by a longer one.
 */
export async function replacePath(file: string, from: string, to: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(Buffer.from(`${from}\0`));
  if (at < 0) return;
  bytes.fill(0, at, at + from.length);
  bytes.write(to, at);
  await writeFile(file, bytes);
}
