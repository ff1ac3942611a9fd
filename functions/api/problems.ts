import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import { LarderError } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { printable } from '../../core/printable.ts';
import { type Answer, HttpProblem } from './http.ts';

/** Problem details, RFC 9457. `code` is the error's name; `problems` has a line for each mistake of a request. */
export const problemDetails = z.object({
  type: z.string().meta({ description: 'A URI that names the kind of problem.' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().meta({ description: 'Names this one request; the log has it too.' }),
  code: z.string().optional(),
  problems: z.array(z.string()).optional(),
});
type ProblemDetails = z.infer<typeof problemDetails>;

const RETRY_AFTER_SECONDS = '30';

/** HTTP statuses of domain errors, by name: some come from another function and have no class here. */
const STATUS_OF: Readonly<Record<string, number>> = {
  InvalidInput: 400,
  FormatNotPossible: 400,
  ProjectNotFound: 404,
  BackupNotFound: 404,
  RunNotFound: 404,
  RestoreNotFound: 404,
  VerificationNotFound: 404,
  ProjectInactive: 409,
  BackupNotReady: 409,
  DuplicateProject: 409,
  RestoreNotAllowed: 409,
  RestoreNotReady: 409,
  TablesNeedArchive: 409,
  ContentNotRestorable: 409,
  // The history has the backup, but the vault holds something else.
  BackupDamaged: 409,
  ManifestTooLarge: 409,
  BackupGone: 410,
  // draft-ietf-httpapi-idempotency-key-header: a key is reused with another request.
  IdempotencyConflict: 422,
  ProjectNotResolved: 503,
  ManifestKeyUnreachable: 503,
};

/** Throttling by DynamoDB or SQS, after the SDK's own retries. */
const THROTTLED = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded/;

interface Known {
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
  readonly problems?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const known = (error: unknown): Known => {
  if (error instanceof HttpProblem)
    return { status: error.status, detail: error.message, headers: error.headers };
  if (error instanceof LarderError) {
    const status = STATUS_OF[error.name];
    if (status !== undefined) {
      return {
        status,
        detail: error.message,
        code: error.name,
        ...(error instanceof InvalidInput && { problems: error.problems }),
        ...(status === 503 && { headers: { 'retry-after': RETRY_AFTER_SECONDS } }),
      };
    }
  }
  if (error instanceof Error && THROTTLED.test(error.name)) {
    const headers = { 'retry-after': RETRY_AFTER_SECONDS };
    return { status: 503, detail: 'Too many requests. Try again later.', headers };
  }
  return {
    status: 500,
    detail: 'An unexpected error. The log of the api function has the details.',
  };
};

const kebab = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

/** API Gateway's request id is a UUID, so it makes a URN. */
const instanceOf = (requestId: string): string => `urn:uuid:${requestId}`;

/** Turns an error into an answer: no stack, no internal name, no detail of an unexpected error. */
export const problemAnswer = (error: unknown, requestId: string): Answer => {
  const { status, detail, code, problems, headers } = known(error);
  const body: ProblemDetails = {
    type: code ? `urn:larder:problem:${kebab(code)}` : 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: printable(detail),
    instance: instanceOf(requestId),
    ...(code && { code }),
    ...(problems && { problems: problems.map(printable) }),
  };
  return { status, body, headers: { ...headers, 'content-type': 'application/problem+json' } };
};
