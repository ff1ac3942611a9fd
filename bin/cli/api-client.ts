import { setTimeout as sleep } from 'node:timers/promises';
import createClient, { type Client } from 'openapi-fetch';
import * as z from 'zod';
import { encodePart } from '../../core/keys.ts';
import { CommandFailed, EXIT, type ExitStatus } from './exit.ts';
import type { paths } from './openapi.gen.ts';
import type { Send } from './senders.ts';

/** A request by its path, for commands that read the answer with a schema of their own. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path after the API's URL, encoded, beginning with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiClient {
  /** The address in a form for people. */
  readonly name: string;
  /** Calls with the types of the OpenAPI document. Refusals reject as those of `json`, so `data` is there. */
  readonly calls: Client<paths>;
  /** The answer's JSON. @throws CommandFailed with the API's own message and a matching exit status */
  json<S extends z.ZodType>(request: ApiRequest, schema: S): Promise<z.output<S>>;
  /** The answer's text. @throws as `json` */
  text(request: ApiRequest): Promise<string>;
}

/** The shown members of problem details, RFC 9457. */
const problem = z.looseObject({
  detail: z.string().optional(),
  title: z.string().optional(),
  errors: z.array(z.string()).optional(),
});

const TRIES = 4;
const AGAIN_MS = 500;
/** API Gateway itself ends a request after 29 s. */
const ANSWER_MS = 35_000;

const statusOf = (status: number): ExitStatus => {
  if (status === 400 || status === 413) return EXIT.usage;
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404 || status === 410) return EXIT.notFound;
  return EXIT.failed;
};

const HINTS: Readonly<Partial<Record<number, string>>> = {
  401: 'The credentials were not accepted.',
  403: 'Your IAM policy does not allow this path (docs/access.md), or the credentials are not those of the account.',
};

const refusalOf = async (response: Response, { method, url }: Request): Promise<Error> => {
  const { status } = response;
  const path = new URL(url).pathname;
  const body = problem.safeParse(await response.json().catch(() => ({})));
  const { detail, title, errors = [] } = body.success ? body.data : {};
  const said = [detail ?? title ?? `The API answered ${method} ${path} with ${status}.`, ...errors];
  const hint = HINTS[status];
  return new CommandFailed([...said, ...(hint ? [hint] : [])].join(' '), statusOf(status));
};

const unreachable = (name: string, error: unknown): CommandFailed => {
  const { cause } = error instanceof Error ? error : {};
  const why = cause instanceof Error ? cause.message : error instanceof Error ? error.message : '';
  return new CommandFailed(`${name} can't be reached: ${why}`, EXIT.failed, { cause: error });
};

/** All but POST have the same effect if they are repeated, and so do requests with an idempotency key. */
const isRepeatable = ({ method, headers }: Request): boolean =>
  method !== 'POST' || headers.has('idempotency-key');

/** What is too large for the API comes from the vault, at a URL that is signed already: S3 refuses further headers of a signature. */
const behindRedirect = async (response: Response, signal: AbortSignal): Promise<Response> => {
  const location = response.status === 303 ? response.headers.get('location') : null;
  return location === null ? response : await fetch(location, { signal });
};

const isPassing = (status: number): boolean => status === 429 || status >= 500;

const requestOf = (
  base: string,
  { method, path, query = {}, body, headers }: ApiRequest,
): Request => {
  const given = Object.entries(query).filter(
    (one): one is [string, string] => one[1] !== undefined,
  );
  const search = new URLSearchParams(given).toString();
  return new Request(`${base}${path}${search && `?${search}`}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
};

/** The API accepts one spelling of a path: see core/keys.ts. */
const pathSerializer = (path: string, params: Record<string, unknown>): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodePart(String(params[name])));

/** @param url of the API, without a path of its own resources */
export const makeApiClient = (
  name: string,
  url: string,
  send: Send,
  signal: AbortSignal,
): ApiClient => {
  const base = url.replace(/\/+$/, '');
  const once = async (request: Request): Promise<Response> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      // A body can be read once: each try sends a copy.
      return await send(new Request(request.clone(), { signal: within }));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CommandFailed) throw error;
      throw unreachable(name, error);
    }
  };
  const answered = async (request: Request): Promise<Response> => {
    for (let tries = 1; ; tries += 1) {
      const response = await behindRedirect(await once(request), signal);
      if (response.ok) return response;
      if (!isRepeatable(request) || !isPassing(response.status) || tries === TRIES)
        throw await refusalOf(response, request);
      await sleep(AGAIN_MS * 2 ** tries, undefined, { signal });
    }
  };
  return {
    name,
    calls: createClient<paths>({
      baseUrl: base,
      fetch: answered,
      pathSerializer,
      redirect: 'manual',
    }),
    json: async (request, schema) => {
      const body: unknown = await (await answered(requestOf(base, request))).json();
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      throw new CommandFailed(
        `${name} answers ${request.method} ${request.path} in a form that this version of larder does not know: ${z.prettifyError(parsed.error)}`,
      );
    },
    text: async (request) => await (await answered(requestOf(base, request))).text(),
  };
};

/** The data of a typed call. @throws CommandFailed if the API answered without any */
export const dataOf = <T>({ data }: { readonly data?: T }): T => {
  if (data === undefined) throw new CommandFailed('The API gave an empty answer.');
  return data;
};
