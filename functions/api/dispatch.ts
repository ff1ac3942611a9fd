import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { InvalidInput } from '../../core/errors/request.ts';
import { ROUTES, type RouteId, type RouteSpec } from '../../core/routes.ts';
import { listBackups, listBackupsOfDay } from './backup-lists.ts';
import { cancelBackup, downloadBackup, getBackup } from './backups.ts';
import { canonicalPath, isSpelledAs, meantBy } from './canonical-path.ts';
import { changeBackup, deleteBackup } from './change-backup.ts';
import { eraseProject, getErasure, getErasureStatement } from './erasures.ts';
import { showGuide } from './guide.ts';
import { type Answer, type ApiRequest, HttpProblem, requestOf, toResult } from './http.ts';
import { withBackupId } from './latest.ts';
import { getManifest } from './manifest.ts';
import { getMetrics } from './metrics.ts';
import { openApi } from './openapi.ts';
import type { Api } from './ports.ts';
import { getProject, listProjects } from './projects.ts';
import { requestBackup } from './request-backup.ts';
import { requestRestore, restoreElsewhere, swapBackup } from './request-restore.ts';
import { cancelRestore, getRestore, listRestores } from './restores.ts';
import { clearRetention, getRetention, setRetention } from './retention.ts';
import { getRun, listRuns, startRun } from './runs.ts';
import {
  deleteSchedule,
  getSchedule,
  listProjectSchedules,
  listSchedules,
  putSchedule,
} from './schedules.ts';
import { getProjectStatistics, getStatistics } from './statistics.ts';
import { getStatus } from './status.ts';
import { undoSwap } from './undo-swap.ts';
import { getVerification, listVerifications, requestVerification } from './verifications.ts';

type Serve = (api: Api, request: ApiRequest) => Answer | Promise<Answer>;

/** The function that serves each route. */
const SERVE: Readonly<Record<RouteId, Serve>> = {
  health: () => ({ status: 200, body: { status: 'ok' } }),
  openapi: (_, { base }) => ({ status: 200, body: openApi(base) }),
  status: getStatus,
  statistics: getStatistics,
  metrics: getMetrics,
  listProjects,
  getProject,
  getRetention,
  setRetention,
  clearRetention,
  projectStatistics: getProjectStatistics,
  listBackupsOfDay,
  requestBackup,
  listBackups,
  getBackup,
  changeBackup,
  deleteBackup,
  getManifest,
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
  listRuns,
  startRun,
  getRun,
  listSchedules,
  getSharedSchedule: getSchedule,
  putSharedSchedule: putSchedule,
  deleteSharedSchedule: deleteSchedule,
  listProjectSchedules,
  getSchedule,
  putSchedule,
  deleteSchedule,
  eraseProject,
  getErasure,
  getErasureStatement,
};

/** Whether a path matches a route, for gateways that send everything to one resource. */
const matches = (route: RouteSpec, path: string): boolean => {
  const pattern = route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`).test(path);
};

/** @throws HttpProblem NoSuchPath, MethodNotAllowed */
const routeOf = ({ resource, httpMethod, path }: APIGatewayProxyEvent) => {
  const byResource = ROUTES.filter((route) => route.path === resource);
  const found = byResource.find((route) => route.method === httpMethod);
  if (found) return found;
  const others = byResource.length ? byResource : ROUTES.filter((route) => matches(route, path));
  const methods: readonly string[] = [...new Set(others.map((route) => route.method))];
  if (methods.length && !methods.includes(httpMethod)) {
    const allow = methods.join(', ');
    const detail = `This path has no method ${httpMethod}; it has ${allow}.`;
    throw new HttpProblem('MethodNotAllowed', detail, { allow });
  }
  const meant = meantBy(path);
  throw new HttpProblem(
    'NoSuchPath',
    meant === undefined
      ? 'There is nothing at this path. GET /openapi.json lists all paths.'
      : `There is nothing at this path. Did you mean ${meant}?`,
  );
};

/** @throws HttpProblem PathNotCanonical: nothing is done under another spelling of a path, because IAM's policies match the spelling */
const checkSpelling = (
  { path, requestContext }: APIGatewayProxyEvent,
  route: RouteSpec,
  { params }: ApiRequest,
): void => {
  const canonical = canonicalPath(route, params);
  if ([path, requestContext.path ?? path].every((one) => isSpelledAs(one, canonical))) return;
  throw new HttpProblem(
    'PathNotCanonical',
    `This is not the canonical spelling of the path: use ${canonical}. Access policies compare paths letter by letter.`,
  );
};

/** Routes that accept parameters or a body check them by their own schemas. @throws InvalidInput */
const checkFields = (route: RouteSpec, { query, body }: ApiRequest): void => {
  const unknown = route.query ? [] : Object.keys(query);
  const problems = unknown.map(
    (name) => `${name}: there is no such parameter; this route has none`,
  );
  if (!route.body && !['', '{}'].includes(body.trim()))
    problems.push('(whole): this route accepts no body');
  if (problems.length) throw new InvalidInput('The request', problems);
};

/** Serves a request. @throws errors that `problemDetails` turns into answers */
export const serve =
  (api: Api) =>
  async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
    const route = routeOf(event);
    const request = requestOf(event);
    checkSpelling(event, route, request);
    checkFields(route, request);
    return toResult(await SERVE[route.id](api, await withBackupId(api, route, request)));
  };
