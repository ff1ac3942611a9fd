import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { z } from 'zod';
import { API } from '../../core/contract.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { parse } from '../../core/messages.ts';
import { printableJson, printableLines } from '../../core/printable.ts';
import type { ProblemCode } from '../../core/problem-types.ts';

/** Input of a route's function: decoded parameters, and no types of API Gateway. */
export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text, empty if there is none. */
  readonly body: string;
  /** The part of a URL before a route's path, such as `/prod`; empty behind a custom domain. */
  readonly base: string;
  /** ARN of the principal that signed the request; absent on the local stack. */
  readonly caller?: string;
}

/** Result of a route's function. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** Instead of a body: text of the content type in `headers`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP error outside of the domain: no such route, wrong method, wrong content type. `code` gives the status. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.code = code;
    this.headers = headers;
  }
}

/**
 * A decoded path parameter. A REST API passes parameters encoded, other gateways pass them decoded. A value with a
 * character that no encoded path can contain is decoded already. It is never decoded twice: `%252e` is the
 * project `%2e`, and no other.
 */
const decoded = (name: string, value: string): string => {
  if (!/^[\x21-\x7e]*$/.test(value)) return value;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new InvalidInput('The request', [`${name}: its percent-encoding can't be read`], {
      cause,
    });
  }
};

const queryOf = (event: APIGatewayProxyEvent): Record<string, string> => {
  const repeated = Object.entries(event.multiValueQueryStringParameters ?? {}).filter(
    ([, values]) => (values?.length ?? 0) > 1,
  );
  if (repeated.length) {
    throw new InvalidInput(
      'The request',
      repeated.map(([name]) => `${name}: give it once`),
    );
  }
  const given = Object.entries(event.queryStringParameters ?? {});
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
};

const bodyOf = (event: APIGatewayProxyEvent): string => {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > API.largestBody)
    throw new HttpProblem(
      'BodyTooLarge',
      `The body has ${bytes.length} bytes; the API accepts ${API.largestBody} at most.`,
    );
  return bytes.toString('utf8');
};

/** The parts of the request's path before the resource's own: the stage, or a base path. */
const baseOf = (event: APIGatewayProxyEvent): string => {
  const resource = event.resource.split('/').slice(1);
  const path = (event.requestContext?.path ?? event.path).split('/').slice(1);
  const before = path.length - resource.length;
  return before > 0 && path[before] === resource[0] ? `/${path.slice(0, before).join('/')}` : '';
};

const callerOf = ({ requestContext }: APIGatewayProxyEvent): Pick<ApiRequest, 'caller'> => {
  const caller = requestContext.identity?.userArn ?? undefined;
  return caller === undefined ? {} : { caller };
};

export const requestOf = (event: APIGatewayProxyEvent): ApiRequest => ({
  params: Object.fromEntries(
    Object.entries(event.pathParameters ?? {}).map(([name, value]) => [
      name,
      decoded(name, value ?? ''),
    ]),
  ),
  query: queryOf(event),
  headers: Object.fromEntries(
    Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value ?? '']),
  ),
  body: bodyOf(event),
  base: baseOf(event),
  ...callerOf(event),
});

/**
 * The request's JSON body; no body counts as `{}`.
 * @throws InvalidInput, or HttpProblem UnsupportedMediaType if it has another content type
 */
export const jsonBody = <S extends z.ZodType>(request: ApiRequest, schema: S): z.output<S> => {
  if (request.body.trim() === '') return parse('The body', schema, {});
  const type = request.headers['content-type'] ?? 'application/json';
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new HttpProblem(
      'UnsupportedMediaType',
      `The body's type is ${JSON.stringify(type)}; send application/json.`,
      {
        'accept-post': 'application/json',
      },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(request.body);
  } catch (cause) {
    throw new InvalidInput('The body', ['it is not JSON'], { cause });
  }
  return parse('The body', schema, value);
};

/** Answers show the present state, and some contain access to a backup: no cache may keep them. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A terminal shows no hidden character of an answer; a JSON parser gets names unchanged. */
const jsonOf = (body: unknown): string => (body === undefined ? '' : printableJson(body));

export const toResult = ({ status, body, text, headers }: Answer): APIGatewayProxyResult => ({
  statusCode: status,
  headers: {
    ...ALWAYS,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  },
  body: text === undefined ? jsonOf(body) : printableLines(text),
});
