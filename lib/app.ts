import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, type AppProps } from 'aws-cdk-lib';
import * as z from 'zod';

const CDK_JSON = path.resolve(import.meta.dirname, '..', 'cdk.json');
const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/**
 * An app that reports nothing to anybody and behaves as cdk.json says, whether CDK's command line starts it, a test or
 * the local stack. cdk.json has every feature flag of the CDK in use, as recommended, so that an upgrade changes
 * nothing by itself.
 */
export const larderApp = ({ context, ...props }: AppProps = {}): App => {
  const { context: choices } = cdkJson.parse(JSON.parse(readFileSync(CDK_JSON, 'utf8')));
  return new App({ analyticsReporting: false, ...props, context: { ...choices, ...context } });
};
