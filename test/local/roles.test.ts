import { expect, it } from 'vitest';
import { ENV } from '../../core/contract.ts';
import { functionsByRole } from '../../local/stack/roles.ts';
import type { LocalFunction, LocalModel } from '../../local/template/model.ts';

const URL = 'http://127.0.0.1:4100/000000000000';

const named = (
  name: string,
  environment: Readonly<Record<string, string>> = {},
): LocalFunction => ({
  id: name,
  name,
  arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
  codeFolder: '/code',
  handler: 'index.handler',
  timeoutSeconds: 3,
  memoryMb: 128,
  environment,
  logGroup: name,
  hasLayers: false,
  asynchronous: { retries: 2, maximumAge: 60 },
});

const reads = (queue: string, functionName: string) => ({
  kind: 'queue' as const,
  id: queue,
  queueArn: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
  functionName,
  batchSize: 1,
  reportsFailures: true,
  filters: [],
});

const scheduled = (functionName: string, input: object) => ({
  id: functionName,
  name: functionName,
  group: 'Group',
  role: 'arn:role',
  flexibleMinutes: 0,
  expression: 'rate(5 minutes)',
  timeZone: 'UTC',
  enabled: true,
  functionName,
  input: JSON.stringify(input),
  retries: 0,
  maximumAge: 60,
});

const route = (source: string, more: object = {}) => ({
  source,
  exportsQueue: `${URL}/${source}-exports.fifo`,
  discoverFunction: `${source}-discover`,
  planFunction: `${source}-plan`,
  ...more,
});

it('functions are recognized by their connections in the template', () => {
  const parameters = new Map(
    [route('main', { restoresQueue: `${URL}/main-restores.fifo` }), route('archive')].map(
      (one, index) => [`Routes${index}`, JSON.stringify([one])],
    ),
  );
  const model: LocalModel = {
    stackName: 'Larder',
    functions: [
      named('A', {
        [ENV.routes]: 'Routes0,Routes1',
        [ENV.verificationsQueue]: `${URL}/verifications.fifo`,
      }),
      ...['B', 'C', 'D', 'E'].map((name) => named(name)),
      named('G', { [ENV.deadLetters]: 'Settings0' }),
      named('S', { [ENV.schedules]: '[]' }),
    ],
    queues: [],
    tables: [],
    buckets: [],
    macKeys: [],
    parameters,
    queueMappings: [
      reads('main-exports.fifo', 'B'),
      reads('archive-exports.fifo', 'C'),
      reads('main-restores.fifo', 'D'),
      reads('verifications.fifo', 'E'),
    ],
    streamMappings: [],
    schedules: [scheduled('G', {}), scheduled('S', {}), scheduled('R', { schedule: 'nightly' })],
    routes: [
      {
        method: 'GET',
        path: '/health',
        resourceId: 'r',
        functionName: 'A',
        authorization: 'AWS_IAM',
        validatesBody: false,
        validatesParameters: false,
        parameters: {},
        models: {},
      },
    ],
    scheduleGroups: [],
    gatewayResponses: [],
  };
  expect(Object.fromEntries(functionsByRole(model))).toEqual({
    api: 'A',
    'plan:main': 'main-plan',
    'discover:main': 'main-discover',
    'export:main': 'B',
    'restore:main': 'D',
    'plan:archive': 'archive-plan',
    'discover:archive': 'archive-discover',
    'export:archive': 'C',
    verify: 'E',
    'start-runs': 'R',
    bury: 'G',
    sweep: 'S',
  });
});
