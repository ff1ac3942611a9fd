import { describe, expect, it } from 'vitest';
import type { Document } from '../../local/template/document.ts';
import { readModel } from '../../local/template/read.ts';
import type { Resource } from '../../local/template/resource.ts';

const QUEUES = 'http://127.0.0.1:4100';

/** A small stack of every kind; a test changes what it is about. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  Work0A1B2C3D: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: { 'Fn::Sub': `cdk-\${AWS::AccountId}` }, S3Key: 'abc.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Timeout: 30,
      MemorySize: 512,
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Layers: [{ Ref: 'Layer' }],
      Environment: {
        Variables: {
          QUEUE: { Ref: 'Jobs' },
          BOTH: { 'Fn::Join': ['', ['{"q":"', { Ref: 'Jobs' }, '","t":"', { Ref: 'Rows' }, '"}']] },
          SUB: { 'Fn::Sub': `\${Jobs.Arn} in \${AWS::Region} and \${!Literal}` },
          HOST: { 'Fn::Select': [1, { 'Fn::Split': ['/', { Ref: 'Jobs' }] }] },
          BUCKET: { Ref: 'Vault' },
        },
      },
    },
  },
  Role: { Type: 'AWS::IAM::Role', Properties: {} },
  Layer: { Type: 'AWS::Lambda::LayerVersion', Properties: {} },
  Invoking: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Work0A1B2C3D' },
      MaximumRetryAttempts: 1,
      Qualifier: '$LATEST',
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Dead', 'Arn'] } } },
    },
  },
  Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
  Jobs: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      FifoQueue: true,
      VisibilityTimeout: 960,
      KmsMasterKeyId: 'alias/aws/sqs',
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] },
        maxReceiveCount: 50,
      },
    },
  },
  Rows: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      StreamSpecification: { StreamViewType: 'OLD_IMAGE' },
    },
  },
  Vault: { Type: 'AWS::S3::Bucket', Properties: {} },
  FromJobs: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Jobs', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['Work0A1B2C3D', 'Arn'] },
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 3 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
  FromRows: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Rows', 'StreamArn'] },
      FunctionName: { Ref: 'Work0A1B2C3D' },
      StartingPosition: 'TRIM_HORIZON',
      MaximumRetryAttempts: 9,
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["REMOVE"]}' }] },
    },
  },
  Nightly: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      ScheduleExpression: 'cron(0 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': ['Work0A1B2C3D', 'Arn'] },
        RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Input: '{"schedule":"nightly"}',
        RetryPolicy: { MaximumRetryAttempts: 5 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
      },
    },
  },
  Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'api' } },
  Things: {
    Type: 'AWS::ApiGateway::Resource',
    Properties: { ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] }, PathPart: 'things' },
  },
  Thing: {
    Type: 'AWS::ApiGateway::Resource',
    Properties: { ParentId: { Ref: 'Things' }, PathPart: '{id}' },
  },
  GetThing: {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      HttpMethod: 'GET',
      ResourceId: { Ref: 'Thing' },
      AuthorizationType: 'AWS_IAM',
      Integration: {
        Type: 'AWS_PROXY',
        Uri: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':apigateway:us-east-1:lambda:path/2015-03-31/functions/',
              { 'Fn::GetAtt': ['Work0A1B2C3D', 'Arn'] },
              '/invocations',
            ],
          ],
        },
      },
    },
  },
};

const document = (changes: Readonly<Record<string, Resource>> = {}): Document => ({
  stackName: 'Larder',
  resources: new Map(Object.entries({ ...RESOURCES, ...changes })),
  outputs: new Map(),
  parameters: new Map(),
  assets: new Map([['abc.zip', '/assembly/asset.abc']]),
});

const changed = (id: string, properties: Record<string, unknown>) => {
  const found = RESOURCES[id];
  if (!found) throw new Error(`there is no ${id}`);
  return { [id]: { ...found, Properties: { ...found.Properties, ...properties } } };
};
const model = (changes: Readonly<Record<string, Resource>> = {}) =>
  readModel(document(changes), { queues: QUEUES });

const DEAD = 'arn:aws:sqs:us-east-1:000000000000:Dead.fifo';

describe('the template', () => {
  it('provides functions with their code, limits, destinations and an environment of real addresses', () => {
    expect(model().functions).toEqual([
      expect.objectContaining({
        name: 'Work0A1B2C3D',
        arn: 'arn:aws:lambda:us-east-1:000000000000:function:Work0A1B2C3D',
        codeFolder: '/assembly/asset.abc',
        handler: 'index.handler',
        timeoutSeconds: 30,
        memoryMb: 512,
        hasLayers: true,
        asynchronous: { retries: 1, maximumAge: 21_600, onFailure: DEAD },
        environment: {
          QUEUE: `${QUEUES}/000000000000/Jobs.fifo`,
          BOTH: `{"q":"${QUEUES}/000000000000/Jobs.fifo","t":"Rows"}`,
          SUB: `arn:aws:sqs:us-east-1:000000000000:Jobs.fifo in us-east-1 and \${Literal}`,
          HOST: '',
          BUCKET: 'larder-vault',
        },
      }),
    ]);
  });

  it('provides queues with their attributes and redrive policies', () => {
    expect(model().queues.find(({ id }) => id === 'Jobs')?.attributes).toEqual({
      FifoQueue: 'true',
      VisibilityTimeout: '960',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: DEAD, maxReceiveCount: 50 }),
    });
  });

  it('connects mappings, schedules and routes to what they start', () => {
    const { queueMappings, streamMappings, schedules, routes, tables } = model();
    expect(queueMappings).toMatchObject([
      { batchSize: 1, maximumConcurrency: 3, reportsFailures: true, functionName: 'Work0A1B2C3D' },
    ]);
    expect(streamMappings).toMatchObject([
      { streamArn: tables[0]?.streamArn, retries: 9, filters: [{ eventName: ['REMOVE'] }] },
    ]);
    expect(schedules).toMatchObject([
      { timeZone: 'Europe/Berlin', functionName: 'Work0A1B2C3D', retries: 5, deadLetter: DEAD },
    ]);
    expect(routes).toMatchObject([
      {
        method: 'GET',
        path: '/things/{id}',
        functionName: 'Work0A1B2C3D',
        authorization: 'AWS_IAM',
      },
    ]);
    expect(tables).toMatchObject([{ name: 'Rows', ttlAttribute: 'ttl', streamView: 'OLD_IMAGE' }]);
  });

  it.each<[string, Readonly<Record<string, Resource>>, RegExp]>([
    [
      'a type it does not know',
      {
        New: { Type: 'AWS::SES::Nothing', Properties: {} },
        Odd: { Type: 'AWS::StepFunctions::StateMachine', Properties: {} },
      },
      /Odd.*StateMachine/,
    ],
    ['a property of a queue', changed('Jobs', { NewProperty: 1 }), /Jobs.*NewProperty/],
    ['a property of a mapping', changed('FromJobs', { Queues: ['x'] }), /FromJobs.*Queues/],
    [
      'code that is no asset',
      changed('Work0A1B2C3D', { Code: { S3Key: 'other.zip' } }),
      /other\.zip/,
    ],
    ['another runtime', changed('Work0A1B2C3D', { Runtime: 'python3.13' }), /Node\.js/],
    [
      'an attribute it does not know',
      changed('Work0A1B2C3D', { Handler: { 'Fn::GetAtt': ['Vault', 'Odd'] } }),
      /Vault\.Odd/,
    ],
    ['a reference to nothing', changed('Work0A1B2C3D', { Handler: { Ref: 'Gone' } }), /Gone/],
    [
      'an intrinsic it does not know',
      changed('Work0A1B2C3D', { Handler: { 'Fn::ImportValue': 'x' } }),
      /Fn::ImportValue/,
    ],
    [
      'an integration that is no function',
      changed('GetThing', { Integration: { Type: 'MOCK' } }),
      /MOCK/,
    ],
    [
      'a source of events it does not have',
      changed('FromJobs', { EventSourceArn: 'arn:aws:kinesis:us-east-1:0:stream/x' }),
      /kinesis/,
    ],
    [
      'a target that is no function',
      changed('Nightly', {
        Target: { Arn: 'arn:aws:scheduler:::aws-sdk:lambda:invoke', RoleArn: 'arn:role' },
      }),
      /not a Lambda function/,
    ],
  ])('is refused, and never run in part, because of %s', (_name, changes, named) => {
    expect(() => model(changes)).toThrow(named);
    expect(() => model(changes)).toThrow('implement it in local/');
  });
});
