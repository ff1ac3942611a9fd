import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { ROUTES, type RouteId, type RouteSpec } from '../../core/routes.ts';
import { cancelBackup, downloadBackup, getBackup, latestBackup, listBackups } from './backups.ts';
import { canonicalPath, isSpelledAs, meantBy } from './canonical-path.ts';
import { showGuide } from './guide.ts';
import { type Answer, type ApiRequest, HttpProblem, requestOf, toResult } from './http.ts';
import { openApi } from './openapi.ts';
import type { Api } from './ports.ts';
import { requestBackup } from './request-backup.ts';
import { requestRestore, restoreElsewhere, swapBackup } from './request-restore.ts';
import { cancelRestore, getRestore, listRestores } from './restores.ts';
import { getRun, startRun } from './runs.ts';
import { getStatus, listProjects } from './status.ts';
import { undoSwap } from './undo-swap.ts';
import { getVerification, listVerifications, requestVerification } from './verifications.ts';

type Serve = (api: Api, request: ApiRequest) => Answer | Promise<Answer>;

/** The function that serves each route. */
const SERVE: Readonly<Record<RouteId, Serve>> = {
  health: () => ({ status: 200, body: { status: 'ok' } }),
  openapi: (_, { base }) => ({ status: 200, body: openApi(base) }),
  status: getStatus,
  listProjects,
  requestBackup,
  listBackups,
  latestBackup,
  getBackup,
  downloadBackup,
  cancelBackup,
  restoreGuide: showGuide,
  requestRestore,
  listRestores,
  getRestore,
  cancelRestore,
  undoSwap,
  swapBackup,
  restoreElsewhere,
  requestVerification,
  listVerifications,
  getVerification,
  startRun,
  getRun,
};

/** Whether a path matches a route, for gateways that send everything to one resource. */
const matches = (route: RouteSpec, path: string): boolean => {
  const pattern = route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`).test(path);
};

/** @throws HttpProblem 404 or 405 */
const routeOf = ({ resource, httpMethod, path }: APIGatewayProxyEvent) => {
  const byResource = ROUTES.filter((route) => route.path === resource);
  const found = byResource.find((route) => route.method === httpMethod);
  if (found) return found;
  const others = byResource.length ? byResource : ROUTES.filter((route) => matches(route, path));
  const methods: readonly string[] = [...new Set(others.map((route) => route.method))];
  if (methods.length && !methods.includes(httpMethod)) {
    const allow = methods.join(', ');
    throw new HttpProblem(405, `This path has no method ${httpMethod}; it has ${allow}.`, {
      allow,
    });
  }
  const meant = meantBy(path);
  throw new HttpProblem(
    404,
    meant === undefined
      ? 'There is nothing at this path. GET /openapi.json lists all paths.'
      : `There is nothing at this path. Did you mean ${meant}?`,
  );
};

/** @throws HttpProblem 400: nothing is done under another spelling of a path, because IAM's policies match the spelling */
const checkSpelling = (
  { path, requestContext }: APIGatewayProxyEvent,
  route: RouteSpec,
  { params }: ApiRequest,
): void => {
  const canonical = canonicalPath(route, params);
  if ([path, requestContext.path ?? path].every((one) => isSpelledAs(one, canonical))) return;
  throw new HttpProblem(
    400,
    `This is not the canonical spelling of the path: use ${canonical}. Access policies compare paths letter by letter.`,
  );
};

/** Serves a request. @throws errors that `problemDetails` turns into answers */
export const serve =
  (api: Api) =>
  async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
    const route = routeOf(event);
    const request = requestOf(event);
    checkSpelling(event, route, request);
    return toResult(await SERVE[route.id](api, request));
  };
