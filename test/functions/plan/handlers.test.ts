import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ENV } from '../../../core/contract.ts';
import { discoverEvent } from '../../../core/messages.ts';
import { startFunctionsApi } from '../../../local/emulators/functions.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';
import { startSecrets } from '../../../local/emulators/secrets.ts';
import { type Mailbox, startMailbox } from '../../adapters/ses/mailbox.ts';
import { completionOf, newHistory } from '../../support/backups.ts';
import { PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { sqsRecord } from '../../support/sqs-record.ts';
import { startTables, type Tables } from '../../support/tables.ts';

/**
 * The functions' own handlers, with only their environment: a real PostgreSQL, and the emulators that the SDK's
 * clients find through AWS_ENDPOINT_URL_*.
 */
const SECRET = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:main';

let postgres: Postgres;
let tables: Tables;
let queues: Queues;
let mailbox: Mailbox;
let stored: Awaited<ReturnType<typeof newHistory>>;
const stops: (() => Promise<void>)[] = [];
/** Events that planning was started with. */
const started: unknown[] = [];

const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'f',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:f',
  memoryLimitInMB: '512',
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  logGroupName: 'g',
  logStreamName: 's',
  getRemainingTimeInMillis: () => 60_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

beforeAll(async () => {
  [postgres, tables, queues, mailbox] = await Promise.all([
    startPostgres(),
    startTables(),
    startQueues(),
    startMailbox(),
  ]);
  stored = await newHistory(tables);
  await postgres.sql(`
    CREATE SCHEMA control_plane;
    CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text, status text);
    INSERT INTO control_plane.projects VALUES
      ('acme', 'Acme', 'ACTIVE'), ('It''s "odd"', 'Odd', 'ACTIVE'), ('old', 'Old', 'ARCHIVED')`);
  const login = JSON.stringify({ username: 'postgres', password: PASSWORD });
  const secrets = await startSecrets(new Map([[SECRET, login]]));
  const functions = await startFunctionsApi((name) =>
    name === 'discover'
      ? {
          invoke: async (event) => {
            const { handler } = await import('../../../functions/discover/handler.ts');
            const payload = await handler(discoverEvent.parse(event), context);
            return { kind: 'ok', requestId: context.awsRequestId, payload };
          },
          send: () => {},
        }
      : name === 'plan'
        ? {
            invoke: () => Promise.reject(new Error('nobody waits for planning')),
            send: (event) => started.push(event),
          }
        : undefined,
  );
  stops.push(
    () => secrets.close(),
    () => functions.close(),
  );
  const exportsQueue = queues.newQueue('main.fifo');
  const source = {
    name: 'main',
    host: '127.0.0.1',
    port: postgres.port,
    database: 'postgres',
    auth: { type: 'secret', secretArn: SECRET },
    tls: 'disable',
  };
  const route = {
    source: 'main',
    exportsQueue,
    discoverFunction: 'discover',
    planFunction: 'plan',
  };
  const parameters = await startParameters(new Map([['routes', JSON.stringify([route])]]));
  stops.push(() => parameters.close());
  const apiSchedules = {
    group: 'larder-api',
    configuredGroup: 'larder',
    role: 'arn:aws:iam::000000000000:role/schedules',
    target: 'arn:aws:lambda:eu-central-1:000000000000:function:start-runs',
    deadLetters: 'arn:aws:sqs:eu-central-1:000000000000:runs-dead',
  };
  const notifications = { from: 'larder@example.com', to: ['ann@example.com'] };
  const variables: Record<string, string> = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_S3: queues.endpoint,
    AWS_ENDPOINT_URL_SES: mailbox.endpoint,
    AWS_ENDPOINT_URL_LAMBDA: functions.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_SSM: parameters.url,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    [ENV.environment]: 'test',
    [ENV.historyTable]: stored.access.table,
    [ENV.vaultBucket]: 'vault',
    [ENV.manifestKeys]: 'key',
    [ENV.exportsQueue]: exportsQueue,
    [ENV.outcomesQueue]: queues.newQueue('outcomes'),
    [ENV.verificationsQueue]: queues.newQueue('verifications.fifo'),
    [ENV.verification]: '{}',
    [ENV.source]: JSON.stringify(source),
    [ENV.routes]: 'routes',
    [ENV.apiSchedules]: JSON.stringify(apiSchedules),
    [ENV.eraseFunction]: 'erase',
    [ENV.notifications]: JSON.stringify(notifications),
    [ENV.exportDefaults]: '{}',
    [ENV.retention]: '{}',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all(stops.map((stop) => stop()));
  await Promise.all([postgres.stop(), tables.stop(), queues.stop(), mailbox.stop()]);
});

test("from PostgreSQL's list to the mail: discover, plan and notify work with only their environment", async () => {
  const { handler: discover } = await import('../../../functions/discover/handler.ts');
  expect(await discover({}, context)).toMatchObject({
    ok: true,
    counts: { listed: 3, active: 2, written: 3 },
  });
  expect(await discover({ projectId: `It's "odd"` }, context)).toMatchObject({
    project: { schemaName: `It's "odd"`, status: 'ACTIVE' },
  });
  const wrong: object = { project: 'acme' };
  await expect(discover(wrong, context)).rejects.toThrow('The event of discover');

  const { handler: plan } = await import('../../../functions/plan/handler.ts');
  const { runId, part } = await plan(
    {
      schedule: 'nightly',
      scheduledAt: '2026-11-21T02:00:00Z',
      sources: ['main'],
      retentionClass: 'daily',
    },
    context,
  );
  expect(part).toEqual({ planned: 2, skippedCount: 0 });
  expect(queues.bodies('main.fifo')).toHaveLength(2);
  expect(queues.bodies('outcomes')).toEqual([{ kind: 'run', runId }]);

  const { handler: notify } = await import('../../../functions/notify/handler.ts');
  for (const { projectId, backupId } of await stored.runs.unsettled(runId)) {
    const row = await stored.history.get(projectId, backupId);
    if (!row) throw new Error('no row');
    await stored.history.complete(await stored.claimed(row), completionOf(row));
    const told = await notify(
      { Records: [sqsRecord({ kind: 'backup', projectId, backupId, runId })] },
      context,
    );
    expect(told).toEqual({ batchItemFailures: [] });
  }
  expect((await mailbox.received()).map(({ subject }) => subject)).toEqual([
    '[Larder test] nightly: 2 of 2 backups completed',
  ]);
});

test('the api looks up an unknown project in a source, through its function', async () => {
  await postgres.sql(`INSERT INTO control_plane.projects VALUES ('new', 'New', 'ACTIVE')`);
  const { handler: api } = await import('../../../functions/api/handler.ts');
  const request = (projectId: string) => ({
    resource: '/projects/{projectId}/backups',
    path: `/projects/${projectId}/backups`,
    httpMethod: 'POST',
    headers: {},
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { projectId },
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'a',
      authorizer: null,
      protocol: 'HTTP/1.1',
      httpMethod: 'POST',
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '127.0.0.1',
        user: null,
        userAgent: null,
        userArn: null,
      },
      path: `/prod/projects/${projectId}/backups`,
      requestId: '00000000-0000-4000-8000-000000000001',
      requestTimeEpoch: 0,
      resourceId: 'r',
      resourcePath: '/projects/{projectId}/backups',
      stage: 'prod',
    },
    body: null,
    isBase64Encoded: false,
  });
  expect((await api(request('new'), context)).statusCode).toBe(202);
  expect((await api(request('old'), context)).statusCode).toBe(409);
  expect((await api(request('nobody'), context)).statusCode).toBe(404);
  await postgres.sql(`ALTER ROLE postgres PASSWORD 'another'`);
  const refused = await api(request('nobody'), context);
  expect(refused.statusCode).toBe(503);
  expect(refused.body).toContain('the password is wrong');
  expect(refused.body).not.toContain('secret"');
});

test('a schedule starts its run and its planning, with only the environment', async () => {
  const { handler } = await import('../../../functions/start-runs/handler.ts');
  const event = {
    schedule: 'weekly',
    scheduledAt: '2026-11-22T01:00:00.000Z',
    sources: ['main'],
    retentionClass: 'weekly',
  } as const;
  const { runId } = await handler({ ...event, sources: [...event.sources] }, context);
  expect(await stored.runs.get(runId)).toMatchObject({ schedule: 'weekly', parts: {} });
  expect(started).toEqual([event]);
  const wrong = { ...event, sources: [] };
  await expect(handler(wrong, context)).rejects.toThrow('The event of start-runs');
});
