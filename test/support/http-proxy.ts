import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived, read to its end. */
export interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * What happens to a call: it reaches the server and its answer reaches the caller; the proxy answers in place of the server, before or
 * after the server has executed it; it is never answered, executed or not; its connection is reset.
 */
export type Fate =
  | 'pass'
  | 'hang'
  | 'pass-then-hang'
  | 'reset'
  /** Never answered. `hold` is called after it was executed, or at once if it is not to be executed. */
  | { readonly hold: () => void; readonly done: boolean }
  | { readonly status: number; readonly body?: string; readonly done?: boolean };

export type Meddle = (call: Call) => Fate;

export interface HttpProxy {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

const read = async (message: http.IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const forward = ({ method, url, headers, body }: Call, target: URL): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { expect: _, ...passed } = headers;
    const { hostname, port } = target;
    const request = http.request(
      { hostname, port, method, path: url, headers: passed },
      (answer) => {
        read(answer).then(
          (content) =>
            resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: content }),
          reject,
        );
      },
    );
    request.once('error', reject);
    request.end(body);
  });

/** A proxy before an emulator on 127.0.0.1, for faults that AWS has and an emulator does not have. */
export const startHttpProxy = async (targetUrl: string, meddle: Meddle): Promise<HttpProxy> => {
  const target = new URL(targetUrl);
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const call: Call = {
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: request.headers,
      body: await read(request),
    };
    const fate = meddle(call);
    if (fate === 'reset') return void request.socket.resetAndDestroy();
    if (fate === 'hang') return;
    const instead = typeof fate === 'object' ? fate : undefined;
    const answer = instead && !instead.done ? undefined : await forward(call, target);
    if (fate === 'pass-then-hang') return;
    if (instead && 'hold' in instead) return instead.hold();
    if (instead) return void response.writeHead(instead.status).end(instead.body);
    if (!answer) return;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const server = http.createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
