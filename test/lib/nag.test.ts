import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import example from '../../larder.config.ts';
import { checkConfig } from '../../lib/config.ts';
import { config, otherSource, restore, source, vpc } from './support/config.ts';
import { makeStack } from './support/stack.ts';

const findingsOf = (stack: ReturnType<typeof makeStack>): string[] =>
  new AwsSolutionsChecks()
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );

const everything = config({
  sources: [
    source({ vpc: { ...vpc, endpoints: true }, restore: restore({ from: ['archive'] }) }),
    otherSource({ secretKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0123-abcd' }),
  ],
  api: { type: 'private', vpcEndpointIds: ['vpce-0123456789abcdef0'] },
  alarms: { email: 'operations@example.com' },
  export: { concurrency: 1 },
  verification: { which: 'each', compare: 'rows', concurrency: 1, extensions: ['pgvector'] },
});

test.each([
  ['the example', checkConfig(example)],
  ['one source', config()],
  ['everything that can be configured', everything],
])('cdk-nag finds nothing in %s that is not acknowledged', (_, configuration) => {
  expect(findingsOf(makeStack(configuration))).toEqual([]);
});

test('cdk-nag does look: what nobody acknowledged is found', () => {
  const stack = makeStack(config());
  new Bucket(stack, 'Bare');
  expect(findingsOf(stack)).toContain('AwsSolutions-S10 at Larder/Bare/Resource');
});
