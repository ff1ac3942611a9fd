import { encodePart } from '../../core/keys.ts';
import { ROUTES, type RouteSpec } from '../../core/routes.ts';

/**
 * Each resource has one spelling, the one in the API's own links. IAM compares a policy with the path as the client sent it, but API
 * Gateway normalizes the path before it finds the resource. So a slash at the end, a doubled slash or an encoded letter would bypass a Deny
 * of paths that end with `/swap` and still reach the route. The handler refuses every other spelling.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
 */
type Params = Readonly<Record<string, string>>;

export const canonicalPath = ({ path }: Pick<RouteSpec, 'path'>, params: Params): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodePart(params[name] ?? ''));

/** A stage, or the base path of a domain of its own. */
const BEFORE = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9$_.+!*'(),-]+)*$/;

/** @param path as the client sent it, with or without a prefix before the route's own path */
export const isSpelledAs = (path: string, canonical: string): boolean =>
  path.endsWith(canonical) && BEFORE.test(path.slice(0, path.length - canonical.length));

const decoded = (part: string): string | undefined => {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
};

/** The route's parameters, if the parts of a normalized path match the route. */
const paramsOf = ({ path }: RouteSpec, parts: readonly (string | undefined)[]) => {
  const wanted = path.split('/').slice(1);
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const given = parts[index];
    if (given === undefined) return undefined;
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name) params[name] = given;
    else if (part !== given) return undefined;
  }
  return params;
};

/** The canonical path of the route that a wrong path probably meant, or undefined. */
export const meantBy = (path: string): string | undefined => {
  const parts: (string | undefined)[] = [];
  for (const part of path.split('/').map(decoded)) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  // Literal parts take precedence over parameters, as in API Gateway.
  const [nearest] = ROUTES.flatMap((route) => {
    const params = paramsOf(route, parts);
    return params ? [canonicalPath(route, params)] : [];
  });
  return nearest;
};
