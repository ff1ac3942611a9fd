import { createHook } from 'node:async_hooks';
import http from 'node:http';
import { registerHooks } from 'node:module';

/**
 * Loaded before AWS's runtime interface client, in place of its native part (rapid-client.node), which calls the Runtime API with curl.
 * Like that, it sends the answer of an event before it asks for the next one. Each request for an event also reports what is still alive in
 * the process: timers and other resources that hold the event loop. Each event says how far the clock has moved on.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

/** Stack traces of the timers that have not ended, unref'd ones too. Sockets have timers of their own: Node ends them with the socket. */
const timers = new Map<number, string>();
createHook({
  init: (id, type) => {
    if (type !== 'Timeout') return;
    const stack = new Error('timer').stack ?? '';
    if (!/node:(net|_http_agent|_http_client|_tls_wrap|internal\/tls)/.test(stack))
      timers.set(id, stack);
  },
  destroy: (id) => void timers.delete(id),
}).enable();

/** Node's own standard streams, and idle connections, which may end at any time. */
const HARMLESS = new Set(['TTYWrap', 'PipeWrap', 'TCPSocketWrap', 'TLSWrap']);

const alive = (): string =>
  JSON.stringify({
    resources: process.getActiveResourcesInfo().filter((type) => !HARMLESS.has(type)),
    timers: [...timers.values()],
  });

const call = (
  method: string,
  path: string,
  headers: http.OutgoingHttpHeaders,
  body?: string,
): Promise<{ headers: http.IncomingHttpHeaders; body: string }> =>
  new Promise((resolve, reject) => {
    const request = http.request(`${api}${path}`, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });

/** Milliseconds by which the process's clock is ahead: the time for which it was frozen, as it appears to the process. */
let ahead = 0;
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) =>
    given.length === 0 ? new target(target.now() + ahead) : Reflect.construct(target, given),
  get: (target, property) =>
    property === 'now' ? () => target.now() + ahead : Reflect.get(target, property),
});

let answered: Promise<unknown> = Promise.resolve();

const client = {
  next: async () => {
    await answered;
    // A resource that ends right after the answer is not a leftover.
    await new Promise((resolve) => setImmediate(resolve));
    const { headers, body } = await call('GET', '/next', {
      'larder-alive': Buffer.from(alive()).toString('base64'),
    });
    ahead = Number(headers['larder-clock-ahead'] ?? 0);
    return { bodyJson: body, headers };
  },
  done: (id: string, body: string): void => {
    answered = call('POST', `/${id}/response`, {}, body);
  },
  error: (id: string, body: string): void => {
    answered = call('POST', `/${id}/error`, {}, body);
  },
};

const NAME = './rapid-client.node';
const PLACE = 'larder:rapid-client';
Object.assign(globalThis, { larderNativeClient: client });
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === NAME
      ? { url: PLACE, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === PLACE
      ? {
          format: 'commonjs',
          source: 'module.exports = globalThis.larderNativeClient;',
          shortCircuit: true,
        }
      : next(url, context),
});
