import { App, CfnResource } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test, vi } from 'vitest';
import example from '../../larder.config.ts';
import { checkConfig } from '../../lib/config.ts';
import { config, otherSource, restore, source, vpc } from './support/config.ts';
import { makeStack } from './support/stack.ts';

const findingsOf = (stack: ReturnType<typeof makeStack>): string[] => {
  // References into nested stacks become parameters.
  App.of(stack)?.synth();
  return new AwsSolutionsChecks()
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );
};

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

const configurations = [
  ['the example', checkConfig(example)],
  ['one source', config({ alarms: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms' } })],
  ['everything that can be configured', everything],
] as const;

test.each(configurations)(
  'cdk-nag finds nothing in %s without an acknowledgement',
  (_, configuration) => {
    expect(findingsOf(makeStack(configuration))).toEqual([]);
  },
);

test('cdk-nag checks the stack: it finds what is not acknowledged', () => {
  const stack = makeStack(config());
  new Bucket(stack, 'Bare');
  expect(findingsOf(stack)).toContain('AwsSolutions-S10 at Larder/Bare/Resource');
});

/** What a synthesis prints about CloudFormation's own rules. Throws if one is violated. */
const validated = (stack: ReturnType<typeof makeStack>): string[] => {
  const printed: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((text) => printed.push(text));
  try {
    App.of(stack)?.synth();
    return printed;
  } finally {
    spy.mockRestore();
  }
};
const VALIDATED = { builtinCloudFormationValidation: true };

test.each(configurations)("CloudFormation's own rules find nothing in %s", (_, configuration) => {
  expect(validated(makeStack(configuration, VALIDATED))).toEqual([]);
});

test("CloudFormation's own rules are checked: a violation is found", () => {
  const stack = makeStack(config(), VALIDATED);
  new CfnResource(stack, 'Wrong', {
    type: 'AWS::SQS::Queue',
    properties: { VisibilityTimeout: 'long' },
  });
  expect(() => validated(stack)).toThrow("VisibilityTimeout: 'long' is not of type");
});
