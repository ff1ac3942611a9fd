import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, type AppProps } from 'aws-cdk-lib';
import * as z from 'zod';

const CDK_JSON = path.resolve(import.meta.dirname, '..', 'cdk.json');
const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/**
 * An app that sends no usage reports and behaves as cdk.json says, whether CDK's command line, a test or the local
 * stack starts it. cdk.json lists every feature flag of the CDK version in use with its recommended value, so an
 * upgrade alone changes nothing.
 */
export const larderApp = ({ context, ...props }: AppProps = {}): App => {
  const { context: choices } = cdkJson.parse(JSON.parse(readFileSync(CDK_JSON, 'utf8')));
  return new App({ analyticsReporting: false, ...props, context: { ...choices, ...context } });
};
