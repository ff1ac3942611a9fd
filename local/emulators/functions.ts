import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Outcome } from '../lambda/protocol.ts';
import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import type { Admit } from './admission.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/** Lambda's Invoke: RequestResponse and Event. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export interface Invocable {
  invoke(event: unknown): Promise<Outcome>;
  send(event: unknown): void;
}

const PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations/;

/** The name in a name, a partial ARN or an ARN, with or without a qualifier. */
export const functionNameOf = (reference: string): string => {
  const parts = reference.split(':');
  const marker = parts.indexOf('function');
  return (marker < 0 ? parts[0] : parts[marker + 1]) ?? reference;
};

/** ARN of the function that an Invoke calls, from the request's path; undefined for any other request. */
export const functionArnOf = (path: string): string | undefined => {
  const reference = PATH.exec(path)?.[1];
  if (reference === undefined) return undefined;
  const name = functionNameOf(decodeURIComponent(reference));
  return `arn:${PARTITION}:lambda:${REGION}:${ACCOUNT}:function:${name}`;
};

export const startFunctionsApi = (
  find: (name: string) => Invocable | undefined,
  admit?: Admit,
): Promise<Listening> =>
  listenOnLoopback(
    createServer((request, response) => {
      const refuse = (status: number, type: string, message: string): void => {
        response.writeHead(status, {
          'content-type': 'application/json',
          'x-amzn-errortype': type,
        });
        response.end(JSON.stringify({ Type: 'User', Message: message }));
      };
      const serve = async (): Promise<void> => {
        const body = await text(request);
        const reference = decodeURIComponent(PATH.exec(request.url ?? '')?.[1] ?? '');
        const found = find(functionNameOf(reference));
        if (request.method !== 'POST' || reference === '' || !found) {
          refuse(404, 'ResourceNotFoundException', `Function not found: ${reference}`);
          return;
        }
        const event: unknown = body === '' ? {} : JSON.parse(body);
        if (request.headers['x-amz-invocation-type'] === 'Event') {
          found.send(event);
          response.writeHead(202).end();
          return;
        }
        const outcome = await found.invoke(event);
        if (outcome.kind === 'throttled') {
          refuse(429, 'TooManyRequestsException', 'Rate Exceeded.');
          return;
        }
        const failed = outcome.kind === 'failed';
        response.writeHead(200, {
          'content-type': 'application/json',
          'x-amz-executed-version': '$LATEST',
          'x-amzn-requestid': outcome.requestId,
          ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
        });
        response.end(JSON.stringify(failed ? outcome.failure : outcome.payload));
      };
      serve().catch((error: Error) => refuse(400, 'InvalidRequestContentException', error.message));
    }),
    admit,
  );
