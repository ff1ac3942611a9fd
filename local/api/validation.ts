import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod';
import type { LocalRoute } from '../template/model.ts';
import type { Refusal } from './refusals.ts';

/** API Gateway's request validators: required parameters, and bodies by their content type's model. */
const LOCATIONS: Readonly<
  Record<
    string,
    (event: APIGatewayProxyEvent) => Readonly<Record<string, string | undefined>> | null
  >
> = {
  querystring: (event) => event.queryStringParameters,
  path: (event) => event.pathParameters,
  header: (event) =>
    Object.fromEntries(
      Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
};

export const problemWithParameters = (
  route: LocalRoute,
  event: APIGatewayProxyEvent,
): Refusal | undefined => {
  if (!route.validatesParameters) return undefined;
  const missing = Object.entries(route.parameters).flatMap(([parameter, required]) => {
    const [, , location = '', name = ''] = parameter.split('.');
    const key = location === 'header' ? name.toLowerCase() : name;
    return required && !LOCATIONS[location]?.(event)?.[key] ? [name] : [];
  });
  if (missing.length === 0) return undefined;
  const message = `Missing required request parameters: [${missing.join(', ')}]`;
  return { type: 'BAD_REQUEST_PARAMETERS', message };
};

const schemas = new WeakMap<object, z.ZodType>();
const schemaOf = (model: object): z.ZodType => {
  const made =
    schemas.get(model) ?? z.fromJSONSchema(model as Parameters<typeof z.fromJSONSchema>[0]);
  schemas.set(model, made);
  return made;
};

/** A missing body counts as `{}`, as in API Gateway. */
export const problemWithBody = (
  route: LocalRoute,
  event: APIGatewayProxyEvent,
): Refusal | undefined => {
  const sent = Object.entries(event.headers).find(
    ([name]) => name.toLowerCase() === 'content-type',
  );
  const type = (sent?.[1] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  const model = route.models[type];
  if (!route.validatesBody || typeof model !== 'object' || model === null) return undefined;
  const refusal = { type: 'BAD_REQUEST_BODY', message: 'Invalid request body' };
  let body: unknown;
  try {
    body = JSON.parse(event.body ?? '{}');
  } catch {
    return { ...refusal, details: 'it is not JSON' };
  }
  const result = schemaOf(model).safeParse(body);
  if (result.success) return undefined;
  return { ...refusal, details: result.error.issues.flatMap(problems).join('; ') };
};

/** For a union, the errors of the closest form: the one that fails deepest. */
const problems = (issue: z.core.$ZodIssue): string[] => {
  if (issue.code === 'invalid_union') {
    const depth = (form: readonly z.core.$ZodIssue[]): number =>
      Math.max(0, ...form.map(({ path }) => path.length));
    const nearest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
    return nearest.flatMap((one) => problems({ ...one, path: [...issue.path, ...one.path] }));
  }
  return [`${issue.path.map(String).join('.') || '(whole)'}: ${issue.message}`];
};
