import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a process still has of an event when it asks for the next one. */
export interface Alive {
  /** Types of resources that keep the process alive, with Node's names. */
  readonly resources: readonly string[];
  /** Where each timer that has not ended was set. */
  readonly timers: readonly string[];
}

export type Answer =
  | { readonly kind: 'ok'; readonly payload: unknown }
  | { readonly kind: 'failed'; readonly failure: unknown };

/** Lambda's Runtime API for one process. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export interface RuntimeApi {
  /** Host and port, in the form of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Resolves when the process asks for an event: Lambda may freeze it from then on. */
  idle(): Promise<Alive>;
  /**
   * Hands an event to the process, which must be idle.
   * @param aheadMs milliseconds by which its clock is ahead from now on
   */
  invoke(event: unknown, aheadMs: number): Promise<Answer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 900_000;
/** Stack traces of many timers are long. */
const HEADER_BYTES = 1024 ** 2;

export const startRuntimeApi = async (functionArn: string): Promise<RuntimeApi> => {
  let waiting: { readonly response: ServerResponse; readonly alive: Alive } | undefined;
  let becomesIdle: (() => void) | undefined;
  const pending = new Map<string, (answer: Answer) => void>();
  const server = createServer({ maxHeaderSize: HEADER_BYTES }, (request, response) => {
    const [, id = '', outcome] =
      /^\/2018-06-01\/runtime\/(?:invocation\/)?([^/]+)(?:\/(\w+))?$/.exec(request.url ?? '') ?? [];
    if (id === 'next') {
      const told = Buffer.from(String(request.headers['larder-alive'] ?? ''), 'base64');
      waiting = { response, alive: JSON.parse(told.toString('utf8')) };
      becomesIdle?.();
      return;
    }
    void text(request).then((body) => {
      const value: unknown = JSON.parse(body || 'null');
      pending.get(id)?.(
        outcome === 'response'
          ? { kind: 'ok', payload: value }
          : { kind: 'failed', failure: value },
      );
      pending.delete(id);
      response.writeHead(202).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    idle: async () => {
      while (!waiting) {
        await new Promise<void>((resolve) => {
          becomesIdle = resolve;
        });
      }
      return waiting.alive;
    },
    invoke: (event, aheadMs) =>
      new Promise((resolve) => {
        const id = randomUUID();
        pending.set(id, resolve);
        waiting?.response.writeHead(200, {
          'lambda-runtime-aws-request-id': id,
          'lambda-runtime-deadline-ms': Date.now() + aheadMs + TIMEOUT_MS,
          'larder-clock-ahead': aheadMs,
          'lambda-runtime-invoked-function-arn': functionArn,
        });
        waiting?.response.end(JSON.stringify(event));
        waiting = undefined;
      }),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
};
