import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { makeAccess } from '../../../local/access/access.ts';
import { makeGate } from '../../../local/access/gate.ts';
import { dynamodbRequests } from '../../../local/access/requests/dynamodb.ts';
import {
  kmsRequests,
  lambdaRequests,
  schedulerRequests,
  secretsRequests,
  sesRequests,
  ssmRequests,
} from '../../../local/access/requests/others.ts';
import { s3Requests } from '../../../local/access/requests/s3.ts';
import { sqsRequests } from '../../../local/access/requests/sqs.ts';
import { readPolicy } from '../../../local/access/statements.ts';
import { startFunctionsApi } from '../../../local/emulators/functions.ts';
import { ensureKey, startKeys } from '../../../local/emulators/keys.ts';
import { startMailbox } from '../../../local/emulators/mail.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';
import { startQueues } from '../../../local/emulators/queues.ts';
import { type ObjectStore, startObjectStore } from '../../../local/emulators/s3/server.ts';
import { startSchedulerApi } from '../../../local/emulators/scheduler.ts';
import { startSecrets } from '../../../local/emulators/secrets.ts';
import { type Credentials, makeCredentials } from '../../../local/emulators/signature.ts';
import { createTable, startTables } from '../../../local/emulators/tables.ts';
import { ACCOUNT, REGION } from '../../../local/region.ts';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Work`;
export const of = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
export const BUCKET = 'arn:aws:s3:::vault';
export const KEY = of('kms', 'key/Vault');
export const TABLE = of('dynamodb', 'table/Rows');
export const QUEUE = of('sqs', 'Jobs');
export const SECRET = of('secretsmanager', 'secret:login-AbCdEf');
export const parameter = (number: number): string => of('ssm', `parameter/Routes${number}`);
export const VIA_S3 = { StringEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } };

export interface Statement {
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: object;
}
export const may = (Action: string, Resource: string, Condition?: object): Statement => ({
  Action,
  Resource,
  ...(Condition && { Condition }),
});

/** The emulators, behind a gate that a test opens to one role at a time. */
export interface Enforced {
  readonly operator: Credentials;
  readonly store: ObjectStore;
  /** Opens the gate to a role with these statements, and returns its credentials. */
  roleWith(
    statements: readonly Statement[],
    policyOfBucket?: readonly object[],
  ): Promise<Credentials>;
  clientsOf(credentials: Credentials): Clients;
  close(): Promise<void>;
}

/** Clients of all services, as the functions have them. */
export interface Clients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly kms: KMSClient;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly lambda: LambdaClient;
  readonly ses: SESClient;
  readonly scheduler: SchedulerClient;
}

export const startEnforced = async (): Promise<Enforced> => {
  const operator = makeCredentials();
  const gate = makeGate(operator);
  const folder = await mkdtemp(path.join(tmpdir(), 'larder-access-'));
  const { admit } = gate;
  const below = (name: string): string => path.join(folder, name);
  const store = await startObjectStore(below('vault'), { admit: admit(s3Requests) });
  const queues = await startQueues(below('queues'), operator, admit(sqsRequests));
  const tables = await startTables(below('history'), admit(dynamodbRequests));
  const mailbox = await startMailbox(below('mails'), admit(sesRequests));
  const secrets = await startSecrets(new Map([[SECRET, 'x']]), admit(secretsRequests));
  const parameters = await startParameters(new Map([['Routes0', '[]']]), admit(ssmRequests));
  const keys = await startKeys(below('keys'), admit(kmsRequests));
  const functions = await startFunctionsApi(
    () => ({
      send: () => undefined,
      invoke: async () => ({ kind: 'ok', requestId: 'r', payload: 1 }),
    }),
    admit(lambdaRequests),
  );
  const scheduler = await startSchedulerApi(
    {
      groups: ['Group'],
      schedules: [],
      checkRole: () => undefined,
      onPut: () => undefined,
      onDelete: () => undefined,
    },
    admit(schedulerRequests),
  );
  const clientsOf = (credentials: Credentials): Clients => {
    const at = (endpoint: string) => ({ endpoint, region: REGION, credentials, maxAttempts: 1 });
    return {
      s3: new S3Client({ ...at(store.url), forcePathStyle: true }),
      sqs: new SQSClient(at(queues.url)),
      dynamodb: new DynamoDBClient(at(tables.url)),
      kms: new KMSClient(at(keys.url)),
      secrets: new SecretsManagerClient(at(secrets.url)),
      ssm: new SSMClient(at(parameters.url)),
      lambda: new LambdaClient(at(functions.url)),
      ses: new SESClient(at(mailbox.url)),
      scheduler: new SchedulerClient(at(scheduler.url)),
    };
  };
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
  const roleWith: Enforced['roleWith'] = async (statements, policyOfBucket = []) => {
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
  return {
    operator,
    store,
    roleWith,
    clientsOf,
    close: async () => {
      for (const one of [
        store,
        queues,
        mailbox,
        tables,
        secrets,
        parameters,
        keys,
        functions,
        scheduler,
      ])
        await one.close();
      await rm(folder, { recursive: true });
    },
  };
};
