import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ENVIRONMENT_LIMIT } from '../../lib/environment.ts';
import { PARAMETER_LIMIT } from '../../lib/stored-settings.ts';
import { readDocument } from '../../local/template/document.ts';
import { config, restore, source, vpc } from './support/config.ts';
import { makeStack } from './support/stack.ts';

/**
 * The limits of AWS, compared with the synthesized templates. Each number has its source. A service refuses a larger value in the middle of
 * a deployment, and no emulator does.
 */
const LIMITS = {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  templateBytes: 1_000_000,
  resources: 500,
  resourcesOfNestedStacks: 2500,
  parameters: 200,
  outputs: 200,
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  inlinePolicies: 10_240,
  managedPolicy: 6144,
  managedPoliciesOfRole: 10,
  trustPolicy: 2048,
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
  queuePolicy: 8192,
  // https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
  endpointPolicy: 20_480,
} as const;

/** A margin for later additions. */
const MARGIN = 0.9;

/** What the deployment fills in, at its longest: names of 80 characters in the region with the longest name. */
const LONGEST = 'x'.repeat(135);
const NAMES: Readonly<Record<string, number>> = {
  'AWS::Lambda::Function': 64,
  'AWS::SSM::Parameter': 64,
};
const ROLE_ARN = 'x'.repeat(100);
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws-cn',
  'AWS::Region': 'ap-southeast-1',
  'AWS::URLSuffix': 'amazonaws.com.cn',
};

const template = z.object({
  Resources: z.record(z.string(), z.unknown()),
  Parameters: z.record(z.string(), z.unknown()).default({}),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});
const list = z.array(z.unknown());
const attached = z.object({
  PolicyDocument: z.unknown(),
  Roles: z.array(z.unknown()).min(1),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const nameOf = (index: number): string => `customers-in-region-${index}`;
const secretOf = (name: string): string =>
  `arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:larder/customers-in-region-${name}-AbCdEf`;

const measure = (sources: number) => {
  const many = Array.from({ length: sources }, (_, index) =>
    source({
      name: nameOf(index),
      idPrefix: `customers-${index}-`,
      secretArn: secretOf(`${index}-backup`),
      restore: restore({
        secretArn: secretOf(`${index}-restore`),
        from: Array.from({ length: Math.min(5, sources - 1) }, (_, other) =>
          nameOf((index + other + 1) % sources),
        ),
      }),
      vpc: index === 0 ? { ...vpc, endpoints: true } : vpc,
    }),
  );
  const schedules = ['nightly', 'weekly', 'monthly', 'yearly'].map((name) => ({
    name,
    expression: 'cron(0 1 * * ? *)',
  }));
  const stack = makeStack(config({ sources: many, schedules }));
  const directory = Stage.of(stack)?.synth().directory ?? '';
  const templates = readdirSync(directory)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => {
      const text = readFileSync(path.join(directory, file), 'utf8');
      const { Resources, Parameters, Outputs } = template.parse(JSON.parse(text));
      return {
        file,
        bytes: Buffer.byteLength(text),
        resources: Object.keys(Resources).length,
        parameters: Object.keys(Parameters).length,
        outputs: Object.keys(Outputs).length,
      };
    });
  const { resources } = readDocument({
    templateFile: path.join(directory, stack.templateFile),
    assetsFile: path.join(directory, `${stack.artifactId}.assets.json`),
    stackName: stack.stackName,
  });
  const longest = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(longest);
    if (!isRecord(value)) return value;
    const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value;
    if (typeof ref === 'string') {
      const length = NAMES[resources.get(ref)?.Type ?? ''];
      return PSEUDO[ref] ?? (length === undefined ? LONGEST : 'x'.repeat(length));
    }
    if (Array.isArray(attribute))
      return resources.get(attribute[0])?.Type === 'AWS::IAM::Role' ? ROLE_ARN : LONGEST;
    if (Array.isArray(join)) return list.parse(longest(join[1])).join(join[0]);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, longest(one)]));
  };
  const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(longest(value)));
  const ofType = (type: string) =>
    [...resources]
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties }]) => ({ id, Properties }));
  return { templates, resources, sizeOf, longest, ofType };
};

describe.each([1, 8, 50])('a stack with %d sources that accept restores', (sources) => {
  const { templates, resources, sizeOf, longest, ofType } = measure(sources);
  const largest = (sizes: readonly number[]): number => Math.max(...sizes);

  test('has templates that CloudFormation accepts', () => {
    expect(templates).toHaveLength(1 + sources);
    for (const { file, bytes, resources: count, parameters, outputs } of templates) {
      expect(bytes, file).toBeLessThan(MARGIN * LIMITS.templateBytes);
      expect(count, file).toBeLessThan(MARGIN * LIMITS.resources);
      expect(parameters, file).toBeLessThan(MARGIN * LIMITS.parameters);
      expect(outputs, file).toBeLessThan(MARGIN * LIMITS.outputs);
    }
    expect(resources.size + sources).toBeLessThan(0.95 * LIMITS.resourcesOfNestedStacks);
  });

  test('has roles whose policies IAM accepts', () => {
    const rolesWith = (type: string) =>
      ofType(type).flatMap(({ Properties }) => {
        const { PolicyDocument, Roles } = attached.parse(Properties);
        return Roles.map((role) => ({ role: JSON.stringify(role), bytes: sizeOf(PolicyDocument) }));
      });
    const inline = Map.groupBy(rolesWith('AWS::IAM::Policy'), ({ role }) => role);
    for (const [role, policies] of inline) {
      const bytes = policies.reduce((sum, one) => sum + one.bytes, 0);
      expect(bytes, role).toBeLessThan(LIMITS.inlinePolicies);
    }
    const managed = Map.groupBy(rolesWith('AWS::IAM::ManagedPolicy'), ({ role }) => role);
    for (const [role, policies] of managed) {
      expect(policies.length, role).toBeLessThanOrEqual(LIMITS.managedPoliciesOfRole);
      for (const { bytes } of policies) expect(bytes, role).toBeLessThan(LIMITS.managedPolicy);
    }
    const trust = ofType('AWS::IAM::Role').map(({ Properties }) =>
      sizeOf(Properties.AssumeRolePolicyDocument),
    );
    expect(largest(trust)).toBeLessThan(LIMITS.trustPolicy);
  });

  test('has policies of queues and endpoints that their services accept', () => {
    const queues = ofType('AWS::SQS::QueuePolicy');
    expect(largest(queues.map((one) => sizeOf(one.Properties.PolicyDocument)))).toBeLessThan(
      MARGIN * LIMITS.queuePolicy,
    );
    const endpoints = ofType('AWS::EC2::VPCEndpoint');
    expect(endpoints).toHaveLength(5);
    for (const { id, Properties } of endpoints)
      expect(sizeOf(Properties.PolicyDocument), id).toBeLessThan(MARGIN * LIMITS.endpointPolicy);
  });

  test('has environments and parameters that Lambda and Systems Manager accept', () => {
    for (const { id, Properties } of ofType('AWS::Lambda::Function')) {
      const { Variables } = z
        .object({ Variables: z.record(z.string(), z.string()) })
        .parse(longest(Properties.Environment));
      const bytes = Object.entries(Variables).flat().join('').length;
      expect(bytes, id).toBeLessThan(MARGIN * ENVIRONMENT_LIMIT);
    }
    const values = ofType('AWS::SSM::Parameter').map(({ Properties }) =>
      String(longest(Properties.Value)),
    );
    expect(largest(values.map((value) => value.length))).toBeLessThanOrEqual(PARAMETER_LIMIT);
  });
});
