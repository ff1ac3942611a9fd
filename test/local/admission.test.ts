import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../local/api/gateway.ts';
import { bearerOf, signedBy } from '../../local/emulators/admission.ts';
import { startFunctionsApi } from '../../local/emulators/functions.ts';
import type { Listening } from '../../local/emulators/loopback.ts';
import { type Mailbox, startMailbox } from '../../local/emulators/mail.ts';
import { type Queues, startQueues } from '../../local/emulators/queues.ts';
import { type ObjectStore, startObjectStore } from '../../local/emulators/s3/server.ts';
import { startSchedulerApi } from '../../local/emulators/scheduler.ts';
import { startSecrets } from '../../local/emulators/secrets.ts';
import { type Credentials, makeCredentials } from '../../local/emulators/signature.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { REGION } from '../../local/region.ts';

/** Which requests the emulators and the API of a start accept. Its own test checks every port that a start listens on. */
const KEY = "backups/a%2Fb (1)/it's+1~.dump";
const own = makeCredentials();
const admit = signedBy(own);
let folder: string;
let store: ObjectStore;
let queues: Queues;
let mailbox: Mailbox;
let tables: Listening;
let secrets: Listening;
let functions: Listening;
let scheduler: Listening;
let gateway: Listening;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-admission-'));
  store = await startObjectStore(path.join(folder, 'vault'), { admit });
  queues = await startQueues(path.join(folder, 'queues'), own);
  mailbox = await startMailbox(path.join(folder, 'mails'), admit);
  tables = await startTables(path.join(folder, 'history'), admit);
  secrets = await startSecrets(new Map([['login', 'hidden']]), admit);
  functions = await startFunctionsApi(
    () => ({
      send: () => undefined,
      invoke: async () => ({ kind: 'ok', requestId: 'r', payload: 1 }),
    }),
    admit,
  );
  scheduler = await startSchedulerApi(
    {
      groups: [],
      schedules: [],
      checkRole: () => undefined,
      onPut: () => undefined,
      onDelete: () => undefined,
    },
    admit,
  );
  gateway = await startGateway({
    port: 0,
    admit: bearerOf('t0k-en'),
    routes: [],
    responses: [],
    invoke: async () => ({ kind: 'ok', requestId: 'r', payload: { statusCode: 200, body: '' } }),
    onError: () => undefined,
  });
  await store.createBucket('vault');
});
afterAll(async () => {
  for (const one of [store, queues, mailbox, tables, secrets, functions, scheduler, gateway])
    await one.close();
  await rm(folder, { recursive: true });
});

const s3With = (credentials: Credentials): S3Client =>
  new S3Client({ endpoint: store.url, region: REGION, credentials, forcePathStyle: true });

/** A call of each service, with the SDK that the functions have. */
const CALLS: Readonly<Record<string, (credentials: Credentials) => Promise<unknown>>> = {
  'S3, a put': (credentials) =>
    s3With(credentials).send(new PutObjectCommand({ Bucket: 'vault', Key: KEY, Body: 'bytes' })),
  'S3, a get': (credentials) =>
    s3With(credentials).send(new GetObjectCommand({ Bucket: 'vault', Key: KEY })),
  'S3, a list': (credentials) =>
    s3With(credentials).send(
      new ListObjectsV2Command({
        Bucket: 'vault',
        Prefix: "backups/a%2Fb (1)/it's+",
        Delimiter: '/',
      }),
    ),
  SQS: (credentials) =>
    new SQSClient({ endpoint: queues.url, region: REGION, credentials }).send(
      new ListQueuesCommand(),
    ),
  DynamoDB: (credentials) =>
    new DynamoDBClient({ endpoint: tables.url, region: REGION, credentials }).send(
      new ListTablesCommand(),
    ),
  'Secrets Manager': (credentials) =>
    new SecretsManagerClient({ endpoint: secrets.url, region: REGION, credentials }).send(
      new GetSecretValueCommand({ SecretId: 'login' }),
    ),
  Lambda: (credentials) =>
    new LambdaClient({ endpoint: functions.url, region: REGION, credentials }).send(
      new InvokeCommand({ FunctionName: 'arn:aws:lambda:us-east-1:000000000000:function:Tried' }),
    ),
  'EventBridge Scheduler': (credentials) =>
    new SchedulerClient({ endpoint: scheduler.url, region: REGION, credentials }).send(
      new ListSchedulesCommand({}),
    ),
  SES: (credentials) =>
    new SESClient({ endpoint: mailbox.url, region: REGION, credentials }).send(
      new SendEmailCommand({
        Source: 'larder@example.com',
        Destination: { ToAddresses: ['ann@example.com'] },
        Message: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } },
      }),
    ),
};

describe.each(Object.entries(CALLS))('the emulator of %s', (_, call) => {
  it('answers requests signed with the credentials of the start, and no others', async () => {
    await expect(call(own)).resolves.toBeDefined();
    const other = makeCredentials();
    for (const wrong of [
      other,
      { ...own, secretAccessKey: other.secretAccessKey },
      { ...own, accessKeyId: other.accessKeyId },
    ]) {
      await expect(call(wrong)).rejects.toThrow();
    }
  });
});

/** fetch sets some headers automatically. */
const ask = (
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    httpRequest(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('a presigned URL', () => {
  it('returns its one object, by its one method, until it expires, and is refused if it is changed', async () => {
    await CALLS['S3, a put']?.(own);
    const get = new GetObjectCommand({ Bucket: 'vault', Key: KEY });
    const url = await getSignedUrl(s3With(own), get, { expiresIn: 60 });
    expect(await (await fetch(url)).text()).toBe('bytes');
    const changed = [
      url.replace(/X-Amz-Signature=[0-9a-f]{4}/, 'X-Amz-Signature=0000'),
      url.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000'),
      url.replace('backups', 'others'),
      url.split('?')[0] ?? '',
      await getSignedUrl(s3With(makeCredentials()), get, { expiresIn: 60 }),
    ];
    for (const one of changed) expect([one, await ask(one)]).toEqual([one, 403]);
    expect(await ask(url, { method: 'DELETE' })).toBe(403);
    const old = await getSignedUrl(s3With(own), get, {
      expiresIn: 60,
      signingDate: new Date(Date.now() - 61_000),
    });
    expect(await ask(old)).toBe(403);
  });
});

describe('the API of a start', () => {
  const authorization = 'Bearer t0k-en';
  it.each([
    ['without the token', {}, 401],
    ['with another', { authorization: 'Bearer t0k-em' }, 401],
    ['with a part of it', { authorization: 'Bearer t0k' }, 401],
    ['with the token', { authorization }, 403],
  ])('requires its token: %s', async (_, headers, status) => {
    // 403 is API Gateway's own answer if there is no such route.
    expect(await ask(gateway.url, { headers })).toBe(status);
  });

  it.each([
    ['another name for this address', { host: 'evil.example' }],
    ['another name that begins alike', { host: '127.0.0.1.evil.example:80' }],
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { origin: 'null' }],
    ['a link of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s, token or not', async (_, headers) => {
    for (const { url } of [gateway, store, queues, mailbox, tables, secrets, functions]) {
      const answer = await fetchRaw(url, { authorization, ...headers });
      expect(answer).toMatch(/ForeignHost|ForeignOrigin/);
    }
  });
});

const fetchRaw = (url: string, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    httpRequest(url, { method: 'POST', headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });

describe('the mail page', () => {
  it('opens by the printed address, and then by its cookie', async () => {
    expect(await ask(mailbox.url)).toBe(401);
    expect(await ask(`${mailbox.url}/store`)).toBe(401);
    expect(await ask(`${mailbox.url}/?token=wrong`)).toBe(401);
    expect(await ask(`${mailbox.url}/store`, { headers: { authorization: 'AWS any' } })).toBe(403);
    const opened = await fetch(mailbox.pageUrl, { redirect: 'manual' });
    expect([opened.status, opened.headers.get('location')]).toEqual([303, '/']);
    const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(opened.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
    for (const at of ['/', '/store']) {
      expect(await ask(`${mailbox.url}${at}`, { headers: { cookie } })).toBe(200);
    }
  });
});
