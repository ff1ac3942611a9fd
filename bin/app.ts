/**
 * The CDK app: `npx cdk synth`, `npx cdk deploy`. It takes its configuration from larder.config.ts, or from the file named
 * with `-c larder:config=FILE`; `-c larder:stack=NAME` names the stack, for a second environment in one account.
 */
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { larderApp } from '../lib/app.ts';
import { ConfigInvalid } from '../lib/config.ts';
import { LarderStack } from '../lib/larder-stack.ts';
import { LayerNotBuilt } from '../lib/postgres-layers.ts';
import { STACK_NAME } from '../lib/synthesize.ts';
import { readConfiguration } from './configuration.ts';

const app = larderApp();

const setting = (name: string, otherwise: string): string => {
  const value: unknown = app.node.tryGetContext(`larder:${name}`);
  return typeof value === 'string' ? value : otherwise;
};

/** CloudFormation's rule for names of stacks. */
const stackName = (): string => {
  const name = setting('stack', STACK_NAME);
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) return name;
  throw new ConfigInvalid([
    `larder:stack: "${name}" is not a valid stack name: use letters, digits and "-", 128 at most, beginning with a letter`,
  ]);
};

try {
  const config = await readConfiguration(setting('config', 'larder.config.ts'));
  new LarderStack(app, stackName(), { config });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  // A mistake that a person can correct is reported without a stack trace.
  if (!(error instanceof ConfigInvalid || error instanceof LayerNotBuilt)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
