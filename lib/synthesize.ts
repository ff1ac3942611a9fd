import path from 'node:path';
import { STACK_NAME } from '../core/contract.ts';
import { larderApp } from './app.ts';
import type { Config } from './config.ts';
import { LarderStack } from './larder-stack.ts';

export interface Synthesized {
  /** CloudFormation's template, JSON. */
  readonly templateFile: string;
  /** Says where the folder of each S3 key in the template lies. */
  readonly assetsFile: string;
  readonly stackName: string;
}

/** The stack's name where nobody gave another. */
export { STACK_NAME };

/**
 * Synthesizes the stack in this process, with the real bundles of all functions, for whoever runs them on this machine.
 * The layers are placeholders: a machine has PostgreSQL's programs elsewhere.
 * @param folder gets the cloud assembly; bundles that are there already are made anew
 */
export const synthesize = (config: Config, folder: string): Synthesized => {
  const app = larderApp({
    outdir: path.resolve(folder),
    // CloudFormation's rules are for what is deployed, and take as long as all the rest.
    builtinCloudFormationValidation: false,
    context: { 'larder:layers': 'placeholder' },
  });
  const stack = new LarderStack(app, STACK_NAME, { config });
  const assembly = app.synth();
  return {
    templateFile: path.join(assembly.directory, stack.templateFile),
    assetsFile: path.join(assembly.directory, `${stack.artifactId}.assets.json`),
    stackName: stack.stackName,
  };
};
