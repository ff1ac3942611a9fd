import { describe, expect, it } from 'vitest';
import { AccessDenied, makeAccess } from '../../../local/access/access.ts';
import { serviceOf } from '../../../local/access/principals.ts';
import {
  readTemplatePolicies,
  type TemplatePolicies,
} from '../../../local/access/template-policies.ts';
import { makeCredentials } from '../../../local/emulators/signature.ts';
import type { Document } from '../../../local/template/document.ts';
import { makeResolver } from '../../../local/template/resolve.ts';
import type { Resource } from '../../../local/template/resource.ts';

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const ref = (id: string) => ({ Ref: id });
const trusting = (service: string, Condition?: object) => ({
  Statement: [
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: service },
      ...(Condition && { Condition }),
    },
  ],
});
const allowing = (Action: string, Resource: unknown, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...more }],
});
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:Jobs.fifo';

/** A function, a schedule that starts it, and what they may reach: a test changes what it is about. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  Work: { Type: 'AWS::Lambda::Function', Properties: { Role: arn('WorkRole') } },
  WorkRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trusting('lambda.amazonaws.com'),
      Policies: [{ PolicyName: 'own', PolicyDocument: allowing('sqs:SendMessage', arn('Jobs')) }],
    },
  },
  WorkPolicy: {
    Type: 'AWS::IAM::Policy',
    Properties: {
      Roles: [ref('WorkRole')],
      PolicyDocument: allowing('s3:GetObject', {
        'Fn::Join': ['', [arn('Vault'), '/backups/*']],
      }),
    },
  },
  Jobs: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
  JobsPolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [ref('Jobs')],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 'sqs:*',
            Resource: arn('Jobs'),
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
    },
  },
  Vault: {
    Type: 'AWS::S3::Bucket',
    Properties: {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn('Key') },
          },
        ],
      },
    },
  },
  Key: {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: allowing('kms:*', '*', {
        Principal: { AWS: { 'Fn::Join': ['', ['arn:aws:iam::', ref('AWS::AccountId'), ':root']] } },
      }),
    },
  },
  Nightly: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: { GroupName: ref('Group'), Target: { Arn: arn('Work'), RoleArn: arn('Clock') } },
  },
  Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: {} },
  Clock: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trusting('scheduler.amazonaws.com', {
        StringEquals: { 'aws:SourceArn': arn('Group'), 'aws:SourceAccount': ref('AWS::AccountId') },
      }),
      Policies: [
        { PolicyName: 'own', PolicyDocument: allowing('lambda:InvokeFunction', arn('Work')) },
      ],
    },
  },
  Calling: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: arn('Work'),
      Principal: 'apigateway.amazonaws.com',
      SourceArn: {
        'Fn::Join': ['', ['arn:aws:execute-api:us-east-1:000000000000:', ref('Api'), '/*']],
      },
    },
  },
  Api: { Type: 'AWS::ApiGateway::RestApi', Properties: {} },
  Unused: {
    Type: 'AWS::IAM::Role',
    Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/a'] },
  },
};

const read = (changes: Readonly<Record<string, Resource>> = {}): TemplatePolicies => {
  const document: Document = {
    stackName: 'Larder',
    resources: new Map(Object.entries({ ...RESOURCES, ...changes })),
    outputs: new Map(),
    parameters: new Map(),
    assets: new Map(),
  };
  const resolve = makeResolver(document, { queues: 'http://127.0.0.1:4100' });
  return readTemplatePolicies({ document, resolve });
};

const changed = (id: string, properties: object): Readonly<Record<string, Resource>> => {
  const found = RESOURCES[id];
  if (!found) throw new Error(`there is no ${id}`);
  return { [id]: { ...found, Properties: { ...found.Properties, ...properties } } };
};

const open = (policies: TemplatePolicies) =>
  makeAccess(
    makeCredentials(),
    {
      policies,
      facts: {
        keyOfBucket: (name) => policies.keyOfBucket.get(name),
        hasObject: () => true,
        partitionKeyOf: () => undefined,
      },
    },
    { onRefused: () => undefined },
  );

describe("the template's policies", () => {
  it('define what a function and a schedule may do, with the grants that nothing used', async () => {
    const access = await open(read());
    const function_ = 'arn:aws:lambda:us-east-1:000000000000:function:Work';
    access.checkAs('Work', [{ action: 'sqs:SendMessage', resource: QUEUE }]);
    access.checkAs('Nightly', [{ action: 'lambda:InvokeFunction', resource: function_ }]);
    const api = 'arn:aws:execute-api:us-east-1:000000000000:Api/prod/GET/health';
    const called = [{ action: 'lambda:InvokeFunction', resource: function_ }];
    access.check(serviceOf('apigateway.amazonaws.com', api), called);
    for (const [service, source] of [
      ['apigateway.amazonaws.com', api.replace('Api', 'Other')],
      ['events.amazonaws.com', api],
    ] as const)
      expect(() => access.check(serviceOf(service, source), called)).toThrow(AccessDenied);
    expect(() => access.checkAs('Work', called)).toThrow(AccessDenied);
    const { granted, unused, refused } = access.report();
    expect([granted, unused]).toEqual([
      4,
      [
        {
          holder: 'WorkRole',
          action: 's3:GetObject',
          resource: 'arn:aws:s3:::larder-vault/backups/*',
        },
      ],
    ]);
    expect(refused.map(({ principal }) => principal)).toEqual([
      'apigateway.amazonaws.com',
      'events.amazonaws.com',
      'Work',
    ]);
  });

  it('name the keys that encrypt buckets', () => {
    expect([...read().keyOfBucket]).toEqual([
      ['larder-vault', 'arn:aws:kms:us-east-1:000000000000:key/Key'],
    ]);
  });

  it.each<[string, Readonly<Record<string, Resource>>]>([
    ['a policy of AWS', changed('WorkRole', { ManagedPolicyArns: ['arn:aws:iam::aws:policy/a'] })],
    ['a boundary', changed('WorkRole', { PermissionsBoundary: 'arn:aws:iam::aws:policy/a' })],
    [
      'an operator that is not evaluated',
      changed('WorkPolicy', {
        PolicyDocument: allowing('s3:GetObject', '*', {
          Condition: { BinaryEquals: { key: 'a' } },
        }),
      }),
    ],
    [
      'a global key that no request has here',
      changed('WorkPolicy', {
        PolicyDocument: allowing('s3:GetObject', '*', {
          Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } },
        }),
      }),
    ],
    ['a permission for a URL', changed('Calling', { FunctionUrlAuthType: 'NONE' })],
    ['a role of another stack', changed('Work', { Role: 'arn:aws:iam::000000000000:role/Other' })],
  ])('that can’t be evaluated are refused: %s', async (_, changes) => {
    await expect((async () => open(read(changes)))()).rejects.toThrow(/implement it in local\//);
  });

  it.each([
    ['Work', { AssumeRolePolicyDocument: trusting('ec2.amazonaws.com') }, 'WorkRole'],
    [
      'Nightly',
      {
        AssumeRolePolicyDocument: trusting('scheduler.amazonaws.com', {
          StringEquals: {
            'aws:SourceArn': 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/B',
          },
        }),
      },
      'Clock',
    ],
  ])(
    'that do not trust the service which acts for %s end the start',
    async (_, properties, role) => {
      await expect(open(read(changed(role, properties)))).rejects.toThrow(
        `${role} can't be assumed`,
      );
    },
  );
});
