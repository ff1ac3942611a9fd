import { type Server as HttpServer, IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { type Credentials, isSameSecret, isSignedBy } from './signature.ts';

/**
 * Access control for the servers of the local stack. Other users of the machine can reach the loopback interface. So can web pages of
 * other sites in a browser on it: by a form or a script (which sends their `origin`), or by a host name that resolves to 127.0.0.1 (which
 * is then in `host`).
 */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The answer to send instead of the server's; or undefined to admit the request; or a request to pass to the server instead, if the body
 * had to be read first.
 */
export type Admission = Reply | IncomingMessage | undefined;
export type Admit = (request: IncomingMessage) => Admission | Promise<Admission>;

const refusal = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
  body: JSON.stringify({ __type: code, Code: code, message }),
});

/** The answer to a request without a signature or with a wrong one. */
export const notSigned: Reply = refusal(
  403,
  'InvalidSignatureException',
  'The request is not signed with the credentials of this `npm start`.',
);

/** AWS's own check. */
export const signedBy =
  (credentials: Credentials): Admit =>
  (request) =>
    isSignedBy(request, credentials) ? undefined : notSigned;

/** A header that a page of another site can't send. */
export const bearerOf =
  (token: string): Admit =>
  ({ headers }) => {
    if (isSameSecret(headers.authorization ?? '', `Bearer ${token}`)) return undefined;
    const status = 401;
    const detail =
      'The token of this `npm start` is missing. Send it as the header "authorization: Bearer …"; `npm start` has written it to api.curl in its data folder, which only its user can read.';
    return {
      status,
      headers: { 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' },
      body: JSON.stringify({ type: 'about:blank', title: 'Unauthorized', status, detail }),
    };
  };

const COOKIE = 'larder-page';

/**
 * For a page opened in a browser: its address contains the token, and a cookie keeps it from then on. The browser sends the cookie to no
 * page of another site, but to every port of this machine; so this token is valid for the page only.
 */
export const pageOf =
  (token: string): Admit =>
  ({ headers, method, url = '/' }) => {
    const given = /[?&]token=([\w-]+)/.exec(url)?.[1];
    if (method === 'GET' && given !== undefined && isSameSecret(given, token)) {
      const cookie = `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict`;
      return { status: 303, headers: { location: '/', 'set-cookie': cookie } };
    }
    const cookies = (headers.cookie ?? '').split(/;\s*/);
    if (cookies.some((one) => isSameSecret(one, `${COOKIE}=${token}`))) return undefined;
    return refusal(401, 'TokenMissing', 'Open the address that `npm start` has printed.');
  };

const NAMES = new Set(['127.0.0.1', 'localhost']);

const foreign = ({ headers }: IncomingMessage, port: number): Reply | undefined => {
  const { host = '', origin } = headers;
  const name = host.replace(/:\d+$/, '');
  if (!NAMES.has(name)) {
    return refusal(
      403,
      'ForeignHost',
      `This server does not have the name ${JSON.stringify(name)}.`,
    );
  }
  const site = headers['sec-fetch-site'];
  const isOwn =
    origin === undefined || [...NAMES].some((known) => origin === `http://${known}:${port}`);
  if (isOwn && (site === undefined || site === 'same-origin' || site === 'none')) return undefined;
  return refusal(403, 'ForeignOrigin', 'Requests from pages of other sites are refused.');
};

const send = (request: IncomingMessage, response: ServerResponse, reply: Reply): void => {
  request.resume();
  response.writeHead(reply.status, { ...reply.headers, connection: 'close' }).end(reply.body);
};

/** Limits a server to admitted requests of this machine's own programs. */
export const guardRequests = (server: Server | HttpServer, admit?: Admit): void => {
  const served = server.listeners('request');
  server.removeAllListeners('request');
  const settle = (request: IncomingMessage, response: ServerResponse, admission: Admission) => {
    if (admission !== undefined && !(admission instanceof IncomingMessage)) {
      send(request, response, admission);
      return;
    }
    for (const serve of served) serve.call(server, admission ?? request, response);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { port } = server.address() as AddressInfo;
    const admission = foreign(request, port) ?? admit?.(request);
    if (!(admission instanceof Promise)) {
      settle(request, response, admission);
      return;
    }
    admission.then(
      (found) => settle(request, response, found),
      // The request broke off while its body was read.
      () => response.destroy(),
    );
  });
};
