import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { IDLE_MS, makeRequestHandler } from '../../adapters/request-handler.ts';
import { type Queues, startQueues } from '../support/queues.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let queues: Queues;
let proxy: TcpProxy;
beforeAll(async () => {
  queues = await startQueues();
  proxy = await startTcpProxy(Number(new URL(queues.endpoint).port));
});
afterAll(async () => {
  await proxy.close();
  await queues.stop();
});

/** A client that has used as many connections as it sends requests at once. */
const usedClient = async (requestHandler?: ReturnType<typeof makeRequestHandler>) => {
  const client = new SQSClient({
    endpoint: `http://127.0.0.1:${proxy.port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...(requestHandler && { requestHandler }),
  });
  onTestFinished(() => client.destroy());
  const ask = () => client.send(new ListQueuesCommand({}));
  await Promise.all(Array.from({ length: 6 }, ask));
  return ask;
};

describe('connections that the network dropped while a function was frozen', () => {
  it('are not used again, however many there are', async () => {
    const ask = await usedClient(makeRequestHandler());
    proxy.cut('forget');
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now + IDLE_MS + 1);
    onTestFinished(() => clock.mockRestore());
    await expect(ask()).resolves.toMatchObject({ $metadata: { attempts: 1 } });
  });

  it("would use up all tries of a client with the SDK's default handler", async () => {
    const ask = await usedClient();
    proxy.cut('forget');
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET', $metadata: { attempts: 3 } });
  });
});

it('a missing answer is an error, and the request is sent again', async () => {
  const ask = await usedClient(makeRequestHandler(200));
  proxy.cut('stall');
  await expect(ask()).rejects.toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 3 } });
});

it('every client that a function creates calls AWS in this way', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const files = globSync(['functions/**/*.ts', 'adapters/**/*.ts'], { cwd: root });
  const made = files.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/new (\w+Client)\(([\s\S]*?)\)[;,]/g)]
      .filter(([, name]) => name !== 'DynamoDBDocumentClient')
      .map(([, name, given]) => ({ file, name, given })),
  );
  expect(made.length).toBeGreaterThan(8);
  expect(
    made.filter(({ given }) => !given?.includes('requestHandler: makeRequestHandler(')),
  ).toEqual([]);
});
