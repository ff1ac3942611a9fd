import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GenerateMacCommand, KMSClient, VerifyMacCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAccess } from '../../../local/access/access.ts';
import { makeGate } from '../../../local/access/gate.ts';
import { dynamodbRequests } from '../../../local/access/requests/dynamodb.ts';
import {
  kmsRequests,
  lambdaRequests,
  secretsRequests,
  sesRequests,
} from '../../../local/access/requests/others.ts';
import { s3Requests } from '../../../local/access/requests/s3.ts';
import { sqsRequests } from '../../../local/access/requests/sqs.ts';
import { readPolicy } from '../../../local/access/statements.ts';
import { startFunctionsApi } from '../../../local/emulators/functions.ts';
import { ensureKey, startKeys } from '../../../local/emulators/keys.ts';
import type { Listening } from '../../../local/emulators/loopback.ts';
import { type Mailbox, startMailbox } from '../../../local/emulators/mail.ts';
import { type Queues, startQueues } from '../../../local/emulators/queues.ts';
import { type ObjectStore, startObjectStore } from '../../../local/emulators/s3/server.ts';
import { startSecrets } from '../../../local/emulators/secrets.ts';
import { type Credentials, makeCredentials } from '../../../local/emulators/signature.ts';
import { createTable, startTables } from '../../../local/emulators/tables.ts';
import { ACCOUNT, REGION } from '../../../local/region.ts';

/**
 * What each request needs, proved from both sides: with just these statements it is let through, and without any one of them it is
 * refused in its service's own form.
 */
const operator = makeCredentials();
const gate = makeGate(operator);
let folder: string;
let store: ObjectStore;
let queues: Queues;
let mailbox: Mailbox;
let tables: Listening;
let secrets: Listening;
let keys: Listening;
let functions: Listening;

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Work`;
const of = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const BUCKET = 'arn:aws:s3:::vault';
const KEY = of('kms', 'key/Vault');
const TABLE = of('dynamodb', 'table/Rows');
const QUEUE = of('sqs', 'Jobs');
const SECRET = of('secretsmanager', 'secret:login-AbCdEf');
const VIA_S3 = { StringEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } };

interface Statement {
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: object;
}
const may = (Action: string, Resource: string, Condition?: object): Statement => ({
  Action,
  Resource,
  ...(Condition && { Condition }),
});

/** Opens the gate to a role with these statements, and gives its credentials. */
const roleWith = async (
  statements: readonly Statement[],
  policyOfBucket: readonly object[] = [],
): Promise<Credentials> => {
  const read = (Statement: readonly object[]) =>
    readPolicy('a test', { Version: '2012-10-17', Statement });
  const [trust, own, ofBucket] = [
    [
      {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    ],
    statements.map((one) => ({ Effect: 'Allow', ...one })),
    policyOfBucket,
  ].map(read);
  const delegated = read([
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ]);
  const access = await makeAccess(
    operator,
    {
      policies: {
        roles: new Map([
          [ROLE, { id: 'Work', arn: ROLE, trust: trust ?? [], statements: own ?? [] }],
        ]),
        roleOfFunction: new Map([['Tried', ROLE]]),
        roleOfSchedule: new Map(),
        ofResources: new Map([
          [KEY, delegated],
          [BUCKET, ofBucket ?? []],
        ]),
        keyOfBucket: new Map([['vault', KEY]]),
        apiArn: undefined,
      },
      facts: {
        keyOfBucket: (bucket) => (bucket === 'vault' ? KEY : undefined),
        hasObject: store.has,
        partitionKeyOf: (_, index) => (index === undefined ? 'pk' : 'status'),
      },
    },
    { onRefused: () => undefined },
  );
  gate.open(access);
  return access.credentialsOf('Tried');
};

const clientsOf = (credentials: Credentials) => {
  const at = (endpoint: string) => ({ endpoint, region: REGION, credentials, maxAttempts: 1 });
  return {
    s3: new S3Client({ ...at(store.url), forcePathStyle: true }),
    sqs: new SQSClient(at(queues.url)),
    dynamodb: new DynamoDBClient(at(tables.url)),
    kms: new KMSClient(at(keys.url)),
    secrets: new SecretsManagerClient(at(secrets.url)),
    lambda: new LambdaClient(at(functions.url)),
    ses: new SESClient(at(mailbox.url)),
  };
};
type Clients = ReturnType<typeof clientsOf>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-access-'));
  const { admit } = gate;
  const below = (name: string): string => path.join(folder, name);
  store = await startObjectStore(below('vault'), { admit: admit(s3Requests) });
  queues = await startQueues(below('queues'), operator, admit(sqsRequests));
  tables = await startTables(below('history'), admit(dynamodbRequests));
  mailbox = await startMailbox(below('mails'), admit(sesRequests));
  secrets = await startSecrets(new Map([[SECRET, 'x']]), admit(secretsRequests));
  keys = await startKeys(below('keys'), admit(kmsRequests));
  functions = await startFunctionsApi(
    () => ({
      send: () => undefined,
      invoke: async () => ({ kind: 'ok', requestId: 'r', payload: 1 }),
    }),
    admit(lambdaRequests),
  );
  await ensureKey(below('keys'), 'Signing');
  await store.createBucket('vault');
  await queues.ensure('Jobs', {});
  const { s3, dynamodb } = clientsOf(operator);
  await s3.send(new PutObjectCommand({ Bucket: 'vault', Key: 'backups/there', Body: 'bytes' }));
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
  await createTable(dynamodb, {
    TableName: 'Rows',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [text('pk'), text('sk'), text('status')],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-status',
        KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
});
afterAll(async () => {
  for (const one of [store, queues, mailbox, tables, secrets, keys, functions]) await one.close();
  await rm(folder, { recursive: true });
});

const S3_KEY = { Bucket: 'vault', Key: 'backups/new' };
const THERE = { Bucket: 'vault', Key: 'backups/there' };
const objects = (action: string) => may(action, `${BUCKET}/backups/*`);
const prefix = { StringLike: { 's3:prefix': 'backups/*' } };
const url = (name = 'Jobs') => `${queues.url}/${ACCOUNT}/${name}`;
const row = (pk: string) => ({ pk: { S: pk }, sk: { S: 'BACKUP' } });
const leading = (...values: string[]) => ({
  'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': values },
  Null: { 'dynamodb:LeadingKeys': false },
});
const mac = { KeyId: 'Signing', MacAlgorithm: 'HMAC_SHA_256' as const, Message: Buffer.from('m') };
const mail = (more: object = {}) => ({
  Source: 'Larder <backups@example.com>',
  Destination: { ToAddresses: ['ann@example.org'] },
  Message: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } },
  ...more,
});
const FROM = { StringEquals: { 'ses:FromAddress': 'backups@example.com' } };
const identity = (name: string, condition?: object) =>
  may('ses:SendEmail', of('ses', `identity/${name}`), condition);

/** What is asked, and all that it needs. */
const CASES: Readonly<
  Record<string, readonly [(clients: Clients) => Promise<unknown>, readonly Statement[]]>
> = {
  'S3 PutObject': [
    ({ s3 }) => s3.send(new PutObjectCommand({ ...S3_KEY, Body: 'x' })),
    [objects('s3:PutObject'), may('kms:GenerateDataKey', KEY, VIA_S3)],
  ],
  'S3 GetObject': [
    ({ s3 }) => s3.send(new GetObjectCommand(THERE)),
    [objects('s3:GetObject'), may('kms:Decrypt', KEY, VIA_S3)],
  ],
  'S3 GetObject of a URL signed in advance': [
    async ({ s3 }) => {
      const answer = await fetch(await getSignedUrl(s3, new GetObjectCommand(THERE)));
      const body = await answer.text();
      if (!answer.ok) throw Object.assign(new Error(body), { name: /<Code>(\w+)/.exec(body)?.[1] });
    },
    [objects('s3:GetObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 GetObject of nothing': [
    ({ s3 }) => s3.send(new GetObjectCommand({ ...THERE, Key: 'backups/none' })),
    [objects('s3:GetObject'), may('s3:ListBucket', BUCKET)],
  ],
  'S3 HeadObject, which needs no key': [
    ({ s3 }) => s3.send(new HeadObjectCommand(THERE)),
    [objects('s3:GetObject')],
  ],
  'S3 HeadObject of nothing': [
    ({ s3 }) => s3.send(new HeadObjectCommand({ ...THERE, Key: 'backups/none' })),
    [objects('s3:GetObject'), may('s3:ListBucket', BUCKET)],
  ],
  'S3 ListObjectsV2': [
    ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucket', BUCKET, prefix)],
  ],
  'S3 ListObjectVersions': [
    ({ s3 }) => s3.send(new ListObjectVersionsCommand({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucketVersions', BUCKET, prefix)],
  ],
  'S3 ListMultipartUploads': [
    ({ s3 }) => s3.send(new ListMultipartUploadsCommand({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucketMultipartUploads', BUCKET)],
  ],
  'S3 CreateMultipartUpload': [
    ({ s3 }) => s3.send(new CreateMultipartUploadCommand(S3_KEY)),
    [objects('s3:PutObject'), may('kms:GenerateDataKey', KEY)],
  ],
  'S3 UploadPart': [
    ({ s3 }) =>
      s3.send(new UploadPartCommand({ ...S3_KEY, UploadId: 'u', PartNumber: 1, Body: 'x' })),
    [objects('s3:PutObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 CompleteMultipartUpload': [
    ({ s3 }) => s3.send(new CompleteMultipartUploadCommand({ ...S3_KEY, UploadId: 'u' })),
    [objects('s3:PutObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 AbortMultipartUpload': [
    ({ s3 }) => s3.send(new AbortMultipartUploadCommand({ ...S3_KEY, UploadId: 'u' })),
    [objects('s3:AbortMultipartUpload')],
  ],
  'S3 DeleteObject': [
    ({ s3 }) => s3.send(new DeleteObjectCommand(S3_KEY)),
    [objects('s3:DeleteObject')],
  ],
  'S3 DeleteObject of a version': [
    ({ s3 }) => s3.send(new DeleteObjectCommand({ ...S3_KEY, VersionId: 'null' })),
    [objects('s3:DeleteObjectVersion')],
  ],
  'SQS SendMessage': [
    ({ sqs }) => sqs.send(new SendMessageCommand({ QueueUrl: url(), MessageBody: 'm' })),
    [may('sqs:SendMessage', QUEUE)],
  ],
  'SQS SendMessageBatch': [
    ({ sqs }) =>
      sqs.send(
        new SendMessageBatchCommand({ QueueUrl: url(), Entries: [{ Id: '1', MessageBody: 'm' }] }),
      ),
    [may('sqs:SendMessage', QUEUE)],
  ],
  'SQS ReceiveMessage': [
    ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: url() })),
    [may('sqs:ReceiveMessage', QUEUE)],
  ],
  'SQS DeleteMessageBatch': [
    ({ sqs }) =>
      sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: url(),
          Entries: [{ Id: '1', ReceiptHandle: 'r' }],
        }),
      ),
    [may('sqs:DeleteMessage', QUEUE)],
  ],
  'SQS ChangeMessageVisibility': [
    ({ sqs }) =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url(),
          ReceiptHandle: 'r',
          VisibilityTimeout: 1,
        }),
      ),
    [may('sqs:ChangeMessageVisibility', QUEUE)],
  ],
  'SQS GetQueueAttributes': [
    ({ sqs }) => sqs.send(new GetQueueAttributesCommand({ QueueUrl: url() })),
    [may('sqs:GetQueueAttributes', QUEUE)],
  ],
  'DynamoDB GetItem': [
    ({ dynamodb }) => dynamodb.send(new GetItemCommand({ TableName: 'Rows', Key: row('a') })),
    [may('dynamodb:GetItem', TABLE, leading('a'))],
  ],
  'DynamoDB PutItem': [
    ({ dynamodb }) => dynamodb.send(new PutItemCommand({ TableName: 'Rows', Item: row('a') })),
    [may('dynamodb:PutItem', TABLE, leading('a'))],
  ],
  'DynamoDB UpdateItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new UpdateItemCommand({
          TableName: 'Rows',
          Key: row('a'),
          UpdateExpression: 'SET #s = :s',
          ExpressionAttributeNames: { '#s': 'status' },
          ExpressionAttributeValues: { ':s': { S: 'x' } },
        }),
      ),
    [
      may('dynamodb:UpdateItem', TABLE, {
        'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'status'] },
      }),
    ],
  ],
  'DynamoDB Query': [
    ({ dynamodb }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'Rows',
          KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :sk)',
          ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
          ExpressionAttributeValues: { ':pk': { S: 'a' }, ':sk': { S: 'B' } },
        }),
      ),
    [may('dynamodb:Query', TABLE, leading('a'))],
  ],
  'DynamoDB Query of an index': [
    ({ dynamodb }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'Rows',
          IndexName: 'by-status',
          KeyConditionExpression: '#s = :s',
          ExpressionAttributeNames: { '#s': 'status' },
          ExpressionAttributeValues: { ':s': { S: 'failed' } },
        }),
      ),
    [may('dynamodb:Query', `${TABLE}/index/by-status`, leading('failed'))],
  ],
  'DynamoDB Scan': [
    ({ dynamodb }) => dynamodb.send(new ScanCommand({ TableName: 'Rows' })),
    [may('dynamodb:Scan', TABLE)],
  ],
  'DynamoDB BatchGetItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { Rows: { Keys: [row('a'), row('b')] } } }),
      ),
    [may('dynamodb:BatchGetItem', TABLE, leading('a', 'b'))],
  ],
  'DynamoDB BatchWriteItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new BatchWriteItemCommand({
          RequestItems: {
            Rows: [{ PutRequest: { Item: row('a') } }, { DeleteRequest: { Key: row('b') } }],
          },
        }),
      ),
    [may('dynamodb:BatchWriteItem', TABLE, leading('a', 'b'))],
  ],
  'DynamoDB TransactWriteItems': [
    ({ dynamodb }) =>
      dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'Rows', Item: row('a') } },
            { Delete: { TableName: 'Rows', Key: row('b') } },
            {
              ConditionCheck: {
                TableName: 'Rows',
                Key: row('c'),
                ConditionExpression: 'attribute_not_exists(pk)',
              },
            },
          ],
        }),
      ),
    [
      may('dynamodb:PutItem', TABLE, {
        StringEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' },
      }),
      may('dynamodb:DeleteItem', TABLE, leading('b')),
      may('dynamodb:ConditionCheckItem', TABLE, leading('c')),
    ],
  ],
  'KMS GenerateMac': [
    ({ kms }) => kms.send(new GenerateMacCommand(mac)),
    [may('kms:GenerateMac', of('kms', 'key/Signing'))],
  ],
  'KMS VerifyMac': [
    ({ kms }) => kms.send(new VerifyMacCommand({ ...mac, Mac: Buffer.from('none') })),
    [
      may('kms:VerifyMac', of('kms', 'key/Signing'), {
        StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' },
      }),
    ],
  ],
  'Secrets Manager GetSecretValue': [
    ({ secrets: client }) => client.send(new GetSecretValueCommand({ SecretId: SECRET })),
    [may('secretsmanager:GetSecretValue', SECRET)],
  ],
  'Lambda Invoke': [
    ({ lambda }) =>
      lambda.send(new InvokeCommand({ FunctionName: of('lambda', 'function:Other') })),
    [may('lambda:InvokeFunction', of('lambda', 'function:Other'))],
  ],
  'SES SendEmail, whatever is verified in the account': [
    ({ ses }) => ses.send(new SendEmailCommand(mail())),
    [
      identity('backups@example.com', FROM),
      identity('example.com', FROM),
      identity('ann@example.org', FROM),
    ],
  ],
  'SES SendEmail with a configuration set': [
    ({ ses }) => ses.send(new SendEmailCommand(mail({ ConfigurationSetName: 'larder' }))),
    [identity('*', FROM), may('ses:SendEmail', of('ses', 'configuration-set/larder'))],
  ],
};

/** `AccessDenied`, `AccessDeniedException`, or an answer to HEAD, which has no body. */
const refusalOf = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked;
    return 'none';
  } catch (error) {
    const { name, $metadata: { httpStatusCode = 0 } = {} } = error as {
      readonly name: string;
      readonly $metadata?: { readonly httpStatusCode?: number };
    };
    return httpStatusCode === 403 && !name.startsWith('AccessDenied') ? 'AccessDenied' : name;
  }
};

describe.each(Object.entries(CASES))('%s', (_, [ask, needs]) => {
  it('passes with just what it needs', async () => {
    expect(await refusalOf(ask(clientsOf(await roleWith(needs))))).not.toMatch(/^AccessDenied/);
  });

  it.each(needs.map((need) => [need.Action, need] as const))(
    'is refused without %s',
    async (_action, need) => {
      const others = needs.filter((one) => one !== need);
      const credentials = await roleWith(others);
      expect(await refusalOf(ask(clientsOf(credentials)))).toMatch(/^AccessDenied/);
    },
  );
});

it('a condition on a key that an action does not have never holds', async () => {
  const [ask] = CASES['S3 ListMultipartUploads'] ?? [];
  const credentials = await roleWith([may('s3:ListBucketMultipartUploads', BUCKET, prefix)]);
  expect(await refusalOf(ask?.(clientsOf(credentials)) ?? Promise.resolve())).toBe('AccessDenied');
});

it('of several objects those are deleted that may be, and the others are named', async () => {
  const operatorsS3 = clientsOf(operator).s3;
  for (const Key of ['backups/one', 'backups/two', 'others/three'])
    await operatorsS3.send(new PutObjectCommand({ Bucket: 'vault', Key, Body: 'x' }));
  const { s3 } = clientsOf(await roleWith([objects('s3:DeleteObject')]));
  const Objects = ['backups/one', 'backups/two', 'others/three'].map((Key) => ({ Key }));
  const answer = await s3.send(new DeleteObjectsCommand({ Bucket: 'vault', Delete: { Objects } }));
  expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(['backups/one', 'backups/two']);
  expect(answer.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
    ['others/three', 'AccessDenied'],
  ]);
  expect(['backups/one', 'others/three'].map((key) => store.has('vault', key))).toEqual([
    false,
    true,
  ]);
});

it('a denial in the policy of the bucket wins over the role’s own', async () => {
  const refuse = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [`${BUCKET}/*`] };
  const [ask, needs = []] = CASES['S3 GetObject'] ?? [];
  const without = async (more: object): Promise<string> => {
    const credentials = await roleWith(needs, [{ ...refuse, ...more }]);
    return refusalOf(ask?.(clientsOf(credentials)) ?? Promise.resolve());
  };
  expect(await without({})).toBe('AccessDenied');
  expect(await without({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })).toBe('none');
  expect(await without({ Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } })).toBe(
    'none',
  );
});

it('an operation whose permissions nobody has named is refused', async () => {
  const { sqs } = clientsOf(await roleWith([may('sqs:*', '*')]));
  const asked = sqs.send(new CreateQueueCommand({ QueueName: 'Own' }));
  await expect(asked).rejects.toThrow(/does not know which permissions SQS's CreateQueue needs/);
});
