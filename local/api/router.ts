import type { LocalRoute } from '../template/model.ts';

/**
 * API Gateway's choice of a method: path parts are compared as received, still percent-encoded; literal parts have
 * precedence over parameters; a trailing slash makes no difference.
 */
export interface Match {
  readonly route: LocalRoute;
  /** Still percent-encoded, as REST APIs pass them to a function. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

const matchPath = (template: string, path: string): Record<string, string> | undefined => {
  const wanted = partsOf(template);
  const given = partsOf(path);
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index];
    if (value === undefined) return undefined;
    const [, name, greedy] = /^\{([^}+]+)(\+)?\}$/.exec(part) ?? [];
    if (name && greedy) return { ...parameters, [name]: given.slice(index).join('/') };
    if (name) parameters[name] = value;
    else if (part !== value) return undefined;
  }
  return given.length === wanted.length ? parameters : undefined;
};

/** Fewer parameters win, then the later first parameter. */
const rank = ({ path }: LocalRoute): string =>
  partsOf(path)
    .map((part) => (part.endsWith('+}') ? '2' : part.startsWith('{') ? '1' : '0'))
    .join('');

/** The path alone selects the resource; if that resource lacks the method, no other one is tried. */
export const matchRoute = (
  routes: readonly LocalRoute[],
  method: string,
  path: string,
): Match | undefined => {
  const fitting = routes
    .flatMap((route) => {
      const pathParameters = matchPath(route.path, path);
      return pathParameters ? [{ route, pathParameters }] : [];
    })
    .sort((a, b) => rank(a.route).localeCompare(rank(b.route)));
  const resource = fitting.filter(({ route }) => route.path === fitting[0]?.route.path);
  return (
    resource.find(({ route }) => route.method === method) ??
    resource.find(({ route }) => route.method === 'ANY')
  );
};
