import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, ConfigInvalid, checkConfig } from '../lib/config.ts';

/** @throws ConfigInvalid if there is none or it has mistakes */
export const readConfiguration = async (name: string): Promise<Config> => {
  const file = path.resolve(name);
  if (!existsSync(file)) throw new ConfigInvalid([`there is no file ${file}`]);
  let given: unknown;
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(file).href);
    given = module.default;
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ConfigInvalid([`${file} can't be read: ${why}`]);
  }
  return checkConfig(given, path.dirname(file));
};
