import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDeadLetterQueues, readRoutes } from '../../../adapters/ssm/stored-settings.ts';
import type { Listening } from '../../../local/emulators/loopback.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';

const routeOf = (index: number) => ({
  source: `source-${index}`,
  exportsQueue: `https://sqs.example.com/${index}.fifo`,
  discoverFunction: `discover-${index}`,
  planFunction: `plan-${index}`,
});

/** Twelve parameters of two routes each: more than one request allows. */
const NAMES = Array.from({ length: 12 }, (_, index) => `Routes${index}`);
const parameters = new Map([
  ...NAMES.map(
    (name, index) => [name, JSON.stringify([routeOf(2 * index), routeOf(2 * index + 1)])] as const,
  ),
  ['Odd', JSON.stringify([{ ...routeOf(0), exportsQueue: 'no address' }])],
  ['NoJson', 'routes'],
  ['DeadLetters', JSON.stringify([{ queueUrl: 'https://sqs.example.com/runs', kind: 'runs' }])],
]);

let emulator: Listening;
let client: SSMClient;
beforeAll(async () => {
  emulator = await startParameters(parameters);
  client = new SSMClient({
    endpoint: emulator.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  client.destroy();
  await emulator.close();
});

test('all named parameters are read, in their order, however many', async () => {
  const routes = await readRoutes(NAMES, client);
  expect(routes.map(({ source }) => source)).toEqual(
    Array.from({ length: 24 }, (_, index) => `source-${index}`),
  );
  expect(routes[0]).toEqual({ ...routeOf(0), restoreFrom: [] });
  expect(await readDeadLetterQueues(['DeadLetters'], client)).toEqual([
    { queueUrl: 'https://sqs.example.com/runs', kind: 'runs' },
  ]);
});

test.each([
  ['that is not there', ['Routes0', 'Gone'], /there is no parameter Gone/],
  ['of another form', ['Odd'], /exportsQueue/],
  ['that is not JSON', ['NoJson'], /not JSON/],
])('a parameter %s is refused, and the others are not used without it', async (_, names, why) => {
  await expect(readRoutes(names, client)).rejects.toThrow(why);
});
