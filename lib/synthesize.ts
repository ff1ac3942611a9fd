import path from 'node:path';
import { STACK_NAME } from '../core/contract.ts';
import { larderApp } from './app.ts';
import type { Config } from './config.ts';
import { LarderStack } from './larder-stack.ts';

export interface Synthesized {
  /** CloudFormation's template, JSON. */
  readonly templateFile: string;
  /** The assets file: gives the folder of each S3 key in the template. */
  readonly assetsFile: string;
  readonly stackName: string;
}

/** The stack's default name. */
export { STACK_NAME };

/**
 * Synthesizes the stack in this process, with the real bundles of all functions, to run them on this machine. The
 * layers are placeholders: on a machine, PostgreSQL's programs are elsewhere.
 * @param folder receives the cloud assembly; existing bundles in it are built again
 */
export const synthesize = (config: Config, folder: string): Synthesized => {
  const app = larderApp({
    outdir: path.resolve(folder),
    // CloudFormation's validation matters only for a deployment, and takes as long as everything else together.
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
