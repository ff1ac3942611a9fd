import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { ofType } from './document.ts';
import type { LocalModel, LocalQueue, LocalTable } from './model.ts';
import { flag, number, type Reading, read, refuseOthers } from './properties.ts';
import { nameOf } from './resolve.ts';

/** Queues, tables, buckets, keys and parameters. */
const queueShape = {
  FifoQueue: flag.optional(),
  ContentBasedDeduplication: flag.optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  DelaySeconds: number.optional(),
  MaximumMessageSize: number.optional(),
  MessageRetentionPeriod: number.optional(),
  ReceiveMessageWaitTimeSeconds: number.optional(),
  VisibilityTimeout: number.optional(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: number }).optional(),
};

/** Encryption, and the sources that may redrive into a queue: no difference on one machine. */
const QUEUE_IGNORED = [
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'QueueName',
  'RedriveAllowPolicy',
  'SqsManagedSseEnabled',
  'Tags',
];

export const readQueues = (reading: Reading): LocalQueue[] =>
  ofType(reading.document, 'AWS::SQS::Queue').map(([id, resource]) => {
    refuseOthers(id, resource, [...Object.keys(queueShape), ...QUEUE_IGNORED]);
    const found = read(reading, id, resource, queueShape);
    const attributes: Record<string, string> = {};
    for (const [name, value] of Object.entries(found)) {
      attributes[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
    }
    return {
      id,
      name: nameOf(reading.document, id),
      arn: String(reading.resolve({ 'Fn::GetAtt': [id, 'Arn'] }, id)),
      attributes,
    };
  });

const keySchema = z.array(
  z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }),
);
const index = z.object({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.object({
    ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
});
const tableShape = {
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z.array(index).optional(),
  LocalSecondaryIndexes: z.array(index).optional(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: flag }).optional(),
  StreamSpecification: z.object({ StreamViewType: z.string() }).optional(),
};

type Index = z.output<typeof index>;
const indexInput = ({ IndexName, KeySchema, Projection }: Index) => ({
  IndexName,
  KeySchema,
  Projection: {
    ProjectionType: Projection.ProjectionType,
    ...(Projection.NonKeyAttributes ? { NonKeyAttributes: Projection.NonKeyAttributes } : {}),
  },
});

const readTable = (reading: Reading, type: string): LocalTable[] =>
  ofType(reading.document, type).map(([id, resource]) => {
    const found = read(reading, id, resource, tableShape);
    const name = nameOf(reading.document, id);
    const definition: CreateTableCommandInput &
      Pick<LocalTable['definition'], 'AttributeDefinitions'> = {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: found.AttributeDefinitions,
      KeySchema: found.KeySchema,
      ...(found.GlobalSecondaryIndexes?.length
        ? { GlobalSecondaryIndexes: found.GlobalSecondaryIndexes.map(indexInput) }
        : {}),
      ...(found.LocalSecondaryIndexes?.length
        ? { LocalSecondaryIndexes: found.LocalSecondaryIndexes.map(indexInput) }
        : {}),
    };
    const ttl = found.TimeToLiveSpecification;
    return {
      id,
      name,
      streamArn: String(reading.resolve({ 'Fn::GetAtt': [id, 'StreamArn'] }, id)),
      definition,
      ...(ttl?.Enabled ? { ttlAttribute: ttl.AttributeName } : {}),
      ...(found.StreamSpecification
        ? { streamView: found.StreamSpecification.StreamViewType }
        : {}),
    };
  });

export const readTables = (reading: Reading): LocalTable[] => [
  ...readTable(reading, 'AWS::DynamoDB::Table'),
  ...readTable(reading, 'AWS::DynamoDB::GlobalTable'),
];

/** Keys that create and verify MACs. Encryption keys make no difference here. */
export const readMacKeys = ({ document }: Reading): LocalModel['macKeys'] =>
  ofType(document, 'AWS::KMS::Key').flatMap(([id, { Properties }]) =>
    Properties.KeyUsage === 'GENERATE_VERIFY_MAC' ? [{ id }] : [],
  );

export const readBuckets = ({ document }: Reading): LocalModel['buckets'] =>
  ofType(document, 'AWS::S3::Bucket').map(([id]) => ({ id, name: nameOf(document, id) }));

const parameterShape = { Type: z.literal('String'), Value: z.string().max(4096) };

export const readParameters = (reading: Reading): LocalModel['parameters'] =>
  new Map(
    ofType(reading.document, 'AWS::SSM::Parameter').map(([id, resource]) => [
      nameOf(reading.document, id),
      read(reading, id, resource, parameterShape).Value,
    ]),
  );
