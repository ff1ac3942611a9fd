import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { checkConfig } from '../lib/config.ts';
import type { Synthesized } from '../lib/synthesize.ts';
import { functionsByRole } from '../local/stack/roles.ts';
import { type LocalSource, loadConfig, localConfig } from '../local/start/config.ts';
import { readDocument } from '../local/template/document.ts';
import type { LocalFunction } from '../local/template/model.ts';
import { readModel } from '../local/template/read.ts';
import { synthesizeApart } from '../local/template/synthesis.ts';
import { REPOSITORY } from './places.ts';

/** The stack of the example configuration as deployed, with one source on this machine. */
export const synthesizeFor = async (folder: string, source: LocalSource): Promise<Synthesized> => {
  const file = path.join(REPOSITORY, 'larder.config.ts');
  const example = checkConfig(await loadConfig(file), REPOSITORY);
  const config = localConfig(example, source, { onlyWhenAsked: true });
  const temporaryFolder = path.join(folder, 'tmp');
  mkdirSync(temporaryFolder, { recursive: true });
  return await synthesizeApart(config, { folder: path.join(folder, 'stack'), temporaryFolder });
};

export interface DeployedFunction extends LocalFunction {
  /** Such as `export`: its purpose, without its source. */
  readonly role: string;
}

export interface Deployed {
  readonly functions: readonly DeployedFunction[];
  /** Parameters of Systems Manager, values by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

export const readDeployed = (synthesized: Synthesized): Deployed => {
  const model = readModel(readDocument(synthesized), { queues: 'http://127.0.0.1:1' });
  const functions = [...functionsByRole(model)].flatMap(([role, name]) => {
    const found = model.functions.find((one) => one.name === name);
    return found ? [{ ...found, role: role.split(':')[0] ?? role }] : [];
  });
  return { functions, parameters: model.parameters };
};
