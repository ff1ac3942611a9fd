import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSourceFunctions } from '../../../adapters/lambda/source-functions.ts';
import type { SourceFunctions } from '../../../core/source-ports.ts';

/** Lambda's Invoke over HTTP, with the answer that a test sets. */
interface Invocation {
  readonly path: string | undefined;
  readonly type: string | string[] | undefined;
  readonly payload: unknown;
}
let server: Server;
let client: LambdaClient;
let functions: SourceFunctions;
let invocations: Invocation[];
let answer: { readonly status: number; readonly error?: string; readonly payload: string };

beforeEach(async () => {
  invocations = [];
  server = createServer(async (request, response) => {
    invocations.push({
      path: request.url,
      type: request.headers['x-amz-invocation-type'],
      payload: JSON.parse(await text(request)),
    });
    if (answer.error) response.setHeader('x-amz-function-error', answer.error);
    response.writeHead(answer.status).end(answer.payload);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  client = new LambdaClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  functions = makeSourceFunctions({
    client,
    routes: [
      {
        source: 'main',
        exportsQueue: 'https://sqs.test/exports',
        discoverFunction: 'discover-main',
        planFunction: 'plan-main',
        restoreFrom: [],
      },
    ],
  });
});
afterEach(async () => {
  client.destroy();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

const answering = (result: unknown) => {
  answer = { status: 200, payload: JSON.stringify(result) };
};
const acme = {
  id: 'acme',
  name: 'Acme',
  schemaName: 'acme',
  status: 'ACTIVE',
  source: 'main',
  seenAt: '2026-11-21T02:00:00.000Z',
};

describe('looking a project up', () => {
  test("waits for the source's own discover function and returns its project", async () => {
    answering({ ok: true, kind: 'project', project: acme });
    expect(await functions.lookUp('main', 'a"c\nme')).toEqual(acme);
    expect(invocations).toEqual([
      {
        path: '/2015-03-31/functions/discover-main/invocations',
        type: 'RequestResponse',
        payload: { projectId: 'a"c\nme' },
      },
    ]);
  });

  test('returns nothing if the source does not have that id', async () => {
    answering({ ok: true, kind: 'project', project: null });
    expect(await functions.lookUp('main', 'nobody')).toBeUndefined();
  });

  test("throws the source's error, with its name, message and kind", async () => {
    const error = { name: 'LoginRefused', message: 'Source "main" refused.', retryable: false };
    answering({ ok: false, kind: 'failure', error });
    await expect(functions.lookUp('main', 'acme')).rejects.toMatchObject(error);
  });

  test('reports that the function died, and nothing of its output', async () => {
    answer = {
      status: 200,
      error: 'Unhandled',
      payload: '{"errorType":"Error","errorMessage":"hunter2"}',
    };
    const failure = functions.lookUp('main', 'acme');
    await expect(failure).rejects.toMatchObject({ name: 'SourceUnreachable', retryable: true });
    await expect(failure).rejects.not.toThrow(/hunter2/);
  });

  test('refuses an invalid answer', async () => {
    answering({ surprise: true });
    await expect(functions.lookUp('main', 'acme')).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  test('refuses a source that the configuration does not have', async () => {
    await expect(functions.lookUp('other', 'acme')).rejects.toMatchObject({
      name: 'SourceUnreachable',
    });
    expect(invocations).toEqual([]);
  });
});

test('planning is started without waiting for its end', async () => {
  answer = { status: 202, payload: '' };
  const event = {
    schedule: 'nightly',
    scheduledAt: '2026-11-21T02:00:00.000Z',
    sources: ['main'],
    retentionClass: 'daily',
  } as const;
  await functions.startPlan('main', { ...event, sources: [...event.sources] });
  expect(invocations).toEqual([
    { path: '/2015-03-31/functions/plan-main/invocations', type: 'Event', payload: event },
  ]);
});
