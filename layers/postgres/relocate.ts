import { chmod, copyFile, link, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { readElf } from './elf.ts';
import { LAMBDA_ROOT, replacePath, setInterpreter } from './patch.ts';
import { LAYER_ZONES, SYSTEM_ZONES } from './server-files.ts';

/**
 * A copy of a layer whose programs run in their present place. All other files are hard links, so it needs little
 * space; programs get the path of their loader and the system's time zones.
 *
 * @param layer the layer as Lambda gets it
 * @param into an empty folder to write to
 * @param final where that folder will be
 */
export async function relocate(layer: string, into: string, final: string): Promise<void> {
  const entries = await readdir(layer, { recursive: true, withFileTypes: true });
  await chmod(into, 0o755);
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const folder = path.join(entry.parentPath, entry.name);
    const copy = path.join(into, path.relative(layer, folder));
    await mkdir(copy, { recursive: true });
    // Independent of the umask: another user may have to start the programs in it.
    await chmod(copy, 0o755);
  }
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const target = path.join(into, path.relative(layer, file));
    const interpreter = await ourInterpreter(file);
    if (interpreter === undefined) {
      await link(file, target).catch(() => copyFile(file, target));
    } else {
      await copyFile(file, target);
      await setInterpreter(target, path.join(final, path.relative(LAMBDA_ROOT, interpreter)));
      await replacePath(target, LAYER_ZONES, SYSTEM_ZONES);
    }
  }
}

async function ourInterpreter(file: string): Promise<string | undefined> {
  const interpreter = (await readElf(file))?.interpreter;
  return interpreter?.startsWith(`${LAMBDA_ROOT}/postgres/`) ? interpreter : undefined;
}
