import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { doctorArguments } from '../../bin/deploy.ts';
import { awsChecks } from '../../bin/doctor/aws-checks.ts';
import { lineOf, statusOf } from '../../bin/doctor/check.ts';
import { concurrencyOf } from '../../bin/doctor/lambda.ts';

/** The answer of each service: status and body, by the name of the operation. */
type Answers = Record<string, readonly [status: number, body: string]>;

const xml = (operation: string, inner: string): readonly [number, string] => [
  200,
  `<${operation}Response><${operation}Result>${inner}</${operation}Result></${operation}Response>`,
];
const json = (value: unknown): readonly [number, string] => [200, JSON.stringify(value)];
const outputs = (values: Readonly<Record<string, string>>): readonly [number, string] =>
  xml(
    'DescribeStacks',
    `<Stacks><member><StackName>Larder</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${Object.entries(
      values,
    )
      .map(
        ([key, value]) =>
          `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      )
      .join('')}</Outputs></member></Stacks>`,
  );
const identities = (status: string): readonly [number, string] =>
  xml(
    'GetIdentityVerificationAttributes',
    `<VerificationAttributes><entry><key>example.com</key><value><VerificationStatus>${status}</VerificationStatus></value></entry></VerificationAttributes>`,
  );
const subscriptions = (arn: string): readonly [number, string] =>
  xml(
    'ListSubscriptionsByTopic',
    `<Subscriptions><member><SubscriptionArn>${arn}</SubscriptionArn><Endpoint>operations@example.com</Endpoint></member></Subscriptions>`,
  );
const counts = (more: object = {}) =>
  json({
    ok: true,
    kind: 'refresh',
    counts: { listed: 3, active: 2, written: 0, gone: 0, refusedCount: 0, refused: [], ...more },
  });
const OUTPUTS = {
  HistoryTable: 'history',
  VaultBucket: 'vault',
  ManifestKeys: 'mac-key',
  DiscoverFunctionMain: 'discover-main',
  AlarmsTopic: 'arn:aws:sns:eu-central-1:123456789012:alarms',
};

/** An account without problems. */
const WELL: Answers = {
  DescribeStacks: outputs(OUTPUTS),
  DescribeTable: json({ Table: { TableStatus: 'ACTIVE', DeletionProtectionEnabled: true } }),
  DescribeTimeToLive: json({
    TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' },
  }),
  DescribeContinuousBackups: json({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
    },
  }),
  versioning: [200, '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'],
  encryption: [
    200,
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>vault-key</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
  ],
  'object-lock': [404, '<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>'],
  'vault-key': json({
    KeyMetadata: { KeyId: 'k', KeyState: 'Enabled', KeyUsage: 'ENCRYPT_DECRYPT' },
  }),
  'mac-key': json({
    KeyMetadata: { KeyId: 'k', KeyState: 'Enabled', KeyUsage: 'GENERATE_VERIFY_MAC' },
  }),
  GetIdentityVerificationAttributes: identities('Success'),
  GetAccountSendingEnabled: xml('GetAccountSendingEnabled', '<Enabled>true</Enabled>'),
  GetSendQuota: xml('GetSendQuota', '<Max24HourSend>50000</Max24HourSend>'),
  ListSubscriptionsByTopic: subscriptions(`${OUTPUTS.AlarmsTopic}:1234`),
  'account-settings': json({
    AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 },
  }),
  'discover-main': counts(),
};

let folder: string;
let config: string;
let server: http.Server;
let answers: Answers;
let functionError: string | undefined;

/** Which operation a request is for, whatever the service's protocol. */
const operationOf = (request: http.IncomingMessage, body: string): string => {
  const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  if (target === 'DescribeKey') return String(JSON.parse(body).KeyId);
  if (target !== undefined) return target;
  const form = new URLSearchParams(body).get('Action');
  if (form !== null) return form;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://aws');
  const invoked = /\/functions\/([^/]+)\/invocations/.exec(pathname)?.[1];
  if (invoked) return invoked;
  if (pathname.includes('account-settings')) return 'account-settings';
  return [...searchParams.keys()].find((name) => name in WELL) ?? pathname;
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-doctor-'));
  config = path.join(folder, 'larder.config.ts');
  await writeFile(
    config,
    `export default {
      environment: 'test',
      sources: [{ name: 'main', host: 'db.example.com', database: 'app',
        secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/main-AbCdEf' }],
      notifications: { from: 'backups@mail.example.com', to: ['operations@example.org'] },
      alarms: { email: 'operations@example.com' },
    };`,
  );
  server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [status, body] = answers[operationOf(request, Buffer.concat(chunks).toString())] ?? [
      400,
      '{"__type":"UnknownOperationException"}',
    ];
    response.writeHead(status, {
      'content-type': body.startsWith('<') ? 'text/xml' : 'application/json',
      ...(functionError && { 'x-amz-function-error': functionError }),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  answers = { ...WELL };
  functionError = undefined;
});

const LARDER = path.resolve(import.meta.dirname, '..', '..', 'bin', 'larder.ts');
const environment = () => ({
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_MAX_ATTEMPTS: '1',
});
const doctor = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [LARDER, 'doctor', ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      seen[name] += chunk.toString();
    });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...seen };
};
const diagnosed = () => doctor('--config', config);

/** The same in this process, which needs a tenth of the time. */
const examined = async () => {
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
  const findings = await awsChecks({ stack: 'Larder', config });
  return { status: statusOf(findings), stdout: findings.map(lineOf).join('\n') };
};

const LINES = [
  'history',
  'vault',
  "the vault's key",
  "the manifests' keys",
  'mail',
  'alarms',
  'concurrency',
  'source main',
];

it('has a line for each check, and exit status 0 if there is no problem', async () => {
  const { status, stdout, stderr } = await diagnosed();
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([]);
  expect(lines.map((line) => /^ok +([^:]+):/.exec(line)?.[1])).toEqual(LINES);
  expect(stdout).toContain('reached; it lists 3 projects, 2 of them active');
  expect([status, stderr]).toEqual([0, '']);
});

const sandbox = xml('GetSendQuota', '<Max24HourSend>200</Max24HourSend>');
const failure = (message: string) =>
  json({
    ok: false,
    kind: 'failure',
    error: { name: 'SourceUnreachable', message, retryable: true },
  });

describe('problems are listed, with exit status 1 if a check failed', () => {
  it.each<readonly [string, Answers, string, number]>([
    [
      'an address that SES has not verified',
      { GetIdentityVerificationAttributes: identities('Pending') },
      'FAILED   mail: SES has verified neither backups@mail.example.com',
      1,
    ],
    ['the sandbox of SES', { GetSendQuota: sandbox }, 'warning  mail: the account sends 200', 0],
    [
      'a subscription that nobody has confirmed',
      { ListSubscriptionsByTopic: subscriptions('PendingConfirmation') },
      'FAILED   alarms: not confirmed: operations@example.com',
      1,
    ],
    [
      'an account that runs ten functions at once',
      { 'account-settings': json({ AccountLimit: { ConcurrentExecutions: 10 } }) },
      'warning  concurrency: the account runs 10',
      0,
    ],
    [
      'a source that is not reached',
      { 'discover-main': failure('connect ETIMEDOUT') },
      'FAILED   source main: SourceUnreachable: connect ETIMEDOUT',
      1,
    ],
    [
      'a source without active projects',
      { 'discover-main': counts({ active: 0 }) },
      'warning  source main: ',
      0,
    ],
    [
      'projects that were not accepted',
      { 'discover-main': counts({ refusedCount: 1, refused: [{ projectId: 'x', why: 'twice' }] }) },
      '1 not accepted, such as x: twice',
      0,
    ],
    [
      'versioning that somebody switched off',
      { versioning: [200, '<VersioningConfiguration/>'] },
      'FAILED   vault: versioning is off',
      1,
    ],
    [
      'an object lock',
      {
        'object-lock': [
          200,
          '<ObjectLockConfiguration><Rule><DefaultRetention><Mode>COMPLIANCE</Mode></DefaultRetention></Rule></ObjectLockConfiguration>',
        ],
      },
      'warning  vault: an object lock (COMPLIANCE)',
      0,
    ],
    [
      'a key that is to be deleted',
      { 'vault-key': json({ KeyMetadata: { KeyId: 'k', KeyState: 'PendingDeletion' } }) },
      "FAILED   the vault's key: it is PendingDeletion",
      1,
    ],
    [
      'a table whose TTL is off',
      { DescribeTimeToLive: json({}) },
      'FAILED   history: its TTL is off',
      1,
    ],
    [
      'a stack of an earlier version',
      { DescribeStacks: outputs({ HistoryTable: 'history', VaultBucket: 'vault' }) },
      'FAILED   source main: the stack Larder has no output DiscoverFunctionMain',
      1,
    ],
  ])('%s', async (_, changed, line, expected) => {
    answers = { ...WELL, ...changed };
    const { status, stdout } = await examined();
    expect(stdout).toContain(line);
    expect(status).toBe(expected);
  });

  it('a discover function that dies', async () => {
    functionError = 'Unhandled';
    expect(await examined()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('ended without an answer (Unhandled)'),
    });
  });
});

describe('unexpected answers', () => {
  it('of one service block none of the other checks, and a missing right is no failure', async () => {
    answers = {
      ...WELL,
      'account-settings': [
        403,
        JSON.stringify({ __type: 'AccessDeniedException', Message: 'no \u001b[2J right' }),
      ],
      'discover-main': [200, 'not JSON'],
      GetSendQuota: [200, '<html>'],
    };
    const { status, stdout } = await examined();
    const results = Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => {
          const [, result = '', check = ''] = /^(\w+) +([^:]+):/.exec(line) ?? [];
          return [check, result];
        }),
    );
    expect(results).toEqual({
      history: 'ok',
      vault: 'ok',
      "the vault's key": 'ok',
      "the manifests' keys": 'ok',
      mail: expect.stringMatching(/FAILED|warning/),
      alarms: 'ok',
      concurrency: 'unknown',
      'source main': 'FAILED',
    });
    expect(stdout).not.toContain('\u001b');
    expect(status).toBe(1);
  });

  it('are reported if there is no stack, no configuration, or no such option', async () => {
    answers.DescribeStacks = [
      400,
      '<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id Larder does not exist</Message></Error></ErrorResponse>',
    ];
    expect((await diagnosed()).stderr).toContain('There is no stack "Larder"');
    expect(await doctor('--config', path.join(folder, 'none.ts'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no file'),
    });
    expect((await doctor('--cure')).status).toBe(2);
  });
});

it('is given the stack and the configuration that were deployed', () => {
  expect(
    doctorArguments([
      '-c',
      'larder:config=staging.config.ts',
      '--context=larder:stack=Staging',
      '-v',
    ]),
  ).toEqual(['--config=staging.config.ts', '--stack=Staging']);
});

it('computes what the stack may run at once', () => {
  const wanted = { exports: 3, sources: 2, restoringSources: 1, verifications: 2 };
  expect(concurrencyOf(wanted)).toBe(20);
});
