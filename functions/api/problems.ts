import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import { LarderError } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { printable } from '../../core/printable.ts';
import {
  PROBLEM_TYPES,
  type ProblemCode,
  type ProblemType,
  problemTypeUri,
} from '../../core/problem-types.ts';
import { type Answer, HttpProblem } from './http.ts';

/** Problem details, RFC 9457. `code` names the type (core/problem-types.ts); `problems` has a line for each mistake of a request. */
export const problemDetails = z.object({
  type: z.string().meta({
    description: 'A URI that names the kind of problem: a section of docs/errors.md.',
  }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().meta({ description: 'Names this one request; the log has it too.' }),
  code: z.string().meta({ description: 'The same as a name. Programs may rely on it.' }),
  problems: z.array(z.string()).optional(),
});
type ProblemDetails = z.infer<typeof problemDetails>;

/** Throttling by DynamoDB or SQS, after the SDK's own retries. */
const THROTTLED = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded/;

interface Known {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly problems?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const isCode = (name: string): name is ProblemCode => Object.hasOwn(PROBLEM_TYPES, name);

const known = (error: unknown): Known => {
  if (error instanceof HttpProblem)
    return { code: error.code, detail: error.message, headers: error.headers };
  // By name: some come from another function and have no class here.
  if (error instanceof LarderError && isCode(error.name)) {
    return {
      code: error.name,
      detail: error.message,
      ...(error instanceof InvalidInput && { problems: error.problems }),
    };
  }
  if (error instanceof Error && THROTTLED.test(error.name))
    return {
      code: 'TooManyRequests',
      detail: 'Too many requests. Try again later.',
    };
  return {
    code: 'UnexpectedError',
    detail: 'An unexpected error. The log of the api function has the details.',
  };
};

/** API Gateway's request id is a UUID, so it makes a URN. */
const instanceOf = (requestId: string): string => `urn:uuid:${requestId}`;

/** Turns an error into an answer: no stack, no internal name, no detail of an unexpected error. */
export const problemAnswer = (error: unknown, requestId: string): Answer => {
  const { code, detail, problems, headers } = known(error);
  const { status, retryAfter }: ProblemType = PROBLEM_TYPES[code];
  const body: ProblemDetails = {
    type: problemTypeUri(code),
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: printable(detail),
    instance: instanceOf(requestId),
    code,
    ...(problems && { problems: problems.map(printable) }),
  };
  return {
    status,
    body,
    headers: {
      ...headers,
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      'content-type': 'application/problem+json',
    },
  };
};
