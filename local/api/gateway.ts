import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Admit } from '../emulators/admission.ts';
import { type Listening, listenOnLoopback } from '../emulators/loopback.ts';
import type { Outcome } from '../lambda/protocol.ts';
import type { GatewayResponse, LocalRoute } from '../template/model.ts';
import { proxyEvent } from './event.ts';
import { type Refusal, refusalAnswer } from './refusals.ts';
import { matchRoute } from './router.ts';
import { problemWithBody, problemWithParameters } from './validation.ts';

/**
 * API Gateway's REST API. It works as deployed with one exception: requests are not signed but carry the token of the start, so the
 * policies that limit a caller to one tenant are not applied. It listens on the loopback interface only.
 */
export interface GatewayOptions {
  readonly port: number;
  /** Access control; without it every program of this machine is admitted, as in tests. */
  readonly admit?: Admit;
  readonly routes: readonly LocalRoute[];
  readonly responses: readonly GatewayResponse[];
  readonly invoke: (functionName: string, event: APIGatewayProxyEvent) => Promise<Outcome>;
  readonly onError: (problem: string) => void;
}

/** API Gateway's own limits: bytes of a body, and the longest run time of a function. */
const LARGEST_BODY = 10 * 1024 ** 2;
const TIMEOUT_MS = 29_000;

export const startGateway = (options: GatewayOptions): Promise<Listening> =>
  listenOnLoopback(
    createServer((request, response) => {
      serve(options, request, response).catch((error: Error) => {
        options.onError(`${request.method} ${request.url}: ${error.message}`);
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    }),
    options.admit,
    options.port,
  );

const serve = async (
  { routes, responses, invoke, onError }: GatewayOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const method = request.method ?? 'GET';
  const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const requestId = crypto.randomUUID();
  const refuse = (refusal: Refusal): void => {
    const answer = refusalAnswer(responses, refusal, { requestId, path, method });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };

  const match = matchRoute(routes, method, path);
  if (!match) {
    refuse({ type: 'MISSING_AUTHENTICATION_TOKEN', message: 'Missing Authentication Token' });
    return;
  }
  const body = await bodyOf(request);
  if (body === 'too-large') {
    refuse({ type: 'REQUEST_TOO_LARGE', message: 'Request Too Long' });
    return;
  }
  const event = proxyEvent(request, match, path, query, body.text);
  const problem = problemWithParameters(match.route, event) ?? problemWithBody(match.route, event);
  if (problem) {
    refuse(problem);
    return;
  }
  const outcome = await withinTimeout(invoke(match.route.functionName, event));
  if (outcome === 'late') {
    refuse({ type: 'INTEGRATION_TIMEOUT', message: 'Endpoint request timed out' });
    return;
  }
  if (outcome.kind !== 'ok' || !isResult(outcome.payload)) {
    onError(
      `${method} ${path}: ${JSON.stringify(outcome.kind === 'failed' ? outcome.failure : outcome)}`,
    );
    refuse({ type: 'DEFAULT_5XX', message: 'Internal server error' });
    return;
  }
  send(response, outcome.payload);
};

/** Data over the limit is read and discarded: a client that is still sending would not see an answer. */
const bodyOf = async (
  request: IncomingMessage,
): Promise<{ readonly text: string } | 'too-large'> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LARGEST_BODY) chunks.push(chunk);
  }
  return bytes > LARGEST_BODY ? 'too-large' : { text: Buffer.concat(chunks).toString('utf8') };
};

const withinTimeout = async (work: Promise<Outcome>): Promise<Outcome | 'late'> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

const isResult = (payload: unknown): payload is APIGatewayProxyResult =>
  typeof payload === 'object' &&
  payload !== null &&
  Number.isInteger((payload as { statusCode?: unknown }).statusCode);

const send = (response: ServerResponse, result: APIGatewayProxyResult): void => {
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    response.setHeader(name, String(value));
  }
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) {
    response.setHeader(name, values.map(String));
  }
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
  response.statusCode = result.statusCode;
  response.end(result.isBase64Encoded ? Buffer.from(result.body, 'base64') : result.body);
};
