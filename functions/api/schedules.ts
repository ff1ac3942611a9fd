import * as z from 'zod';
import { ERASED } from '../../core/erasure.ts';
import {
  FormatNotPossible,
  InvalidInput,
  ProjectErased,
  ScheduleConfigured,
  ScheduleNotFound,
  TooManySchedules,
} from '../../core/errors/request.ts';
import { refuseImpossible } from '../../core/formats.ts';
import { parse } from '../../core/messages.ts';
import { allEnded, inParallel } from '../../core/parallel.ts';
import { nextTimesOf, shortestIntervalOf } from '../../core/schedule-times.ts';
import {
  covers,
  SCHEDULE_NAME,
  SCHEDULE_NAME_RULE,
  type Schedule,
  type ScheduleRequest,
  type ScheduleScope,
  scheduleKey,
  scheduleRequest,
} from '../../core/schedules.ts';
import { type Answer, type ApiRequest, HttpProblem, jsonBody } from './http.ts';
import type { Api } from './ports.ts';
import { schedulesPath, showSchedule, warningsOf } from './public-schedules.ts';
import { limit, nextLink } from './queries.ts';
import { checkProjectId, resolveProject } from './resolve-project.ts';

/** More schedules of one scope are a mistake of a program: each list reads all of them. */
const AT_MOST = 50;
const MINUTE_MS = 60_000;
/** A run needs minutes to plan and export; a shorter interval only skips projects whose last backup still runs. */
const SHORTEST_MINUTES = 5;
const LOOKUPS_AT_ONCE = 16;

const nameIn = ({ params }: ApiRequest): string => {
  const name = params.scheduleName ?? '';
  if (SCHEDULE_NAME.test(name)) return name;
  throw new InvalidInput('The request', [`name: ${SCHEDULE_NAME_RULE}`]);
};

const scopeIn = ({ params }: ApiRequest): ScheduleScope =>
  params.projectId === undefined ? 'all' : { projectId: checkProjectId(params.projectId) };

const show = async (
  { ports }: Api,
  schedule: Schedule,
  base: string,
  warnings: readonly string[] = [],
) => {
  const { scope, key } = schedule;
  const [lastDueAt, project] = await allEnded([
    ports.firings.last(key),
    scope === 'all' ? undefined : ports.registry.get(scope.projectId),
  ]);
  const shown = {
    schedule,
    warnings,
    ...(lastDueAt !== undefined && { lastDueAt }),
    ...(project && { projectStatus: project.status }),
  };
  return showSchedule(shown, base, ports.clock());
};

const showAll = (api: Api, schedules: readonly Schedule[], base: string) =>
  inParallel(schedules, LOOKUPS_AT_ONCE, (schedule) => show(api, schedule, base));

const showOne = async (api: Api, schedule: Schedule, base: string): Promise<Answer> => ({
  status: 200,
  body: await show(api, schedule, base, warningsOf(schedule, api.ports.clock())),
});

const listQuery = z.strictObject({
  limit: limit.default(20),
  cursor: z.string().max(4000).exactOptional(),
});

/** Positions of pages come from EventBridge Scheduler, which checks its own tokens. */
const positionIn = (cursor: string): string => {
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^[ca]/.test(position)) return position;
  throw new InvalidInput('The request', ['cursor: give it back as the last page had it']);
};

/** GET /schedules */
export const listSchedules = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const query = parse('The request', listQuery, request.query);
  const page = await api.ports.schedules.page({
    limit: query.limit,
    ...(query.cursor !== undefined && { position: positionIn(query.cursor) }),
  });
  const cursor =
    page.position === undefined ? undefined : Buffer.from(page.position).toString('base64url');
  return {
    status: 200,
    body: { items: await showAll(api, page.items, request.base), cursor },
    ...(cursor && {
      headers: { link: nextLink(request, schedulesPath(request.base, 'all'), cursor) },
    }),
  };
};

/** Of other projects, a caller of one project's paths learns nothing. */
const withoutOthers = ({ projects: _, ...schedule }: Schedule): Schedule => schedule;

/** The schedules for several projects that back up this one, too. */
const coveringOf = async (
  { ports }: Api,
  project: { readonly id: string; readonly source: string },
): Promise<readonly Schedule[]> => {
  const [configured, shared] = await allEnded([
    ports.schedules.configured(),
    ports.schedules.of('all'),
  ]);
  return [...configured, ...shared].filter((one) => covers(one, project)).map(withoutOthers);
};

/** GET /projects/{projectId}/schedules: its own, and those for all projects that back it up. */
export const listProjectSchedules = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const projectId = checkProjectId(request.params.projectId ?? '');
  const { ports } = api;
  const own = await ports.schedules.of({ projectId });
  const known = await ports.registry.get(projectId);
  if (known?.status === ERASED) throw new ProjectErased(projectId);
  const project = known ?? (own.length ? undefined : await resolveProject(api, projectId));
  const covering = project ? await coveringOf(api, project) : [];
  return { status: 200, body: { items: await showAll(api, [...own, ...covering], request.base) } };
};

/** One that this scope may show: its own, or one of the configuration that backs it up. */
const found = async (api: Api, scope: ScheduleScope, name: string): Promise<Schedule> => {
  const { ports } = api;
  const own = await ports.schedules.get(scope, name);
  if (own) return own;
  const configured = await configuredAs(api, name);
  if (!configured) throw new ScheduleNotFound(name);
  if (scope === 'all') return configured;
  const project = await ports.registry.get(scope.projectId);
  if (!project || !covers(configured, project)) throw new ScheduleNotFound(name);
  return withoutOthers(configured);
};

const configuredAs = async ({ ports }: Api, name: string): Promise<Schedule | undefined> =>
  (await ports.schedules.configured()).find((one) => one.name === name);

/** GET …/schedules/{name} */
export const getSchedule = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const scope = scopeIn(request);
  return await showOne(api, await found(api, scope, nameIn(request)), request.base);
};

const checkTimes = ({ expression, timeZone, paused }: ScheduleRequest, now: number): void => {
  const after = new Date(now);
  const [next] = nextTimesOf(expression, timeZone, { after, since: after, count: 1 });
  if (!next && !paused)
    throw new InvalidInput('The body', [
      'expression: it is never due; there is no such day or year',
    ]);
  const shortest = shortestIntervalOf(expression, timeZone, after);
  if (shortest !== undefined && shortest < SHORTEST_MINUTES * MINUTE_MS)
    throw new InvalidInput('The body', [
      `expression: it is due more often than every ${SHORTEST_MINUTES} minutes`,
    ]);
};

const checkFormat = ({ format }: ScheduleRequest): void => {
  try {
    if (format) refuseImpossible(format, undefined);
  } catch (error) {
    if (error instanceof FormatNotPossible)
      throw new InvalidInput('The body', [`format: ${error.message}`], { cause: error });
    throw error;
  }
};

const store = async (api: Api, request: ApiRequest, schedule: Schedule): Promise<void> => {
  const { schedules } = api.ports;
  const { scope, name } = schedule;
  const condition = request.headers['if-none-match'];
  if (condition !== undefined && condition !== '*')
    throw new InvalidInput('The request', ['If-None-Match: only * is accepted']);
  if (!(await schedules.get(scope, name))) {
    if ((await schedules.count(scope)) >= AT_MOST) throw new TooManySchedules(AT_MOST);
  }
  if (condition === undefined) return await schedules.put(schedule);
  if ((await schedules.create(schedule)) === 'exists')
    throw new HttpProblem(
      'ScheduleExists',
      `There is a schedule ${name} already; If-None-Match: * refuses to replace it.`,
    );
};

/**
 * PUT …/schedules/{name}: creates or replaces it. The same request again changes nothing. With `If-None-Match: *` an existing one is not
 * replaced.
 */
export const putSchedule = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports } = api;
  const name = nameIn(request);
  const scope = scopeIn(request);
  const asked = jsonBody(request, scheduleRequest);
  checkTimes(asked, ports.clock());
  checkFormat(asked);
  const project = scope === 'all' ? undefined : await resolveProject(api, scope.projectId);
  if (await configuredAs(api, name)) throw new ScheduleConfigured(name);
  const { retentionDays, format, ...rest } = asked;
  await store(api, request, {
    ...rest,
    ...(retentionDays !== undefined && { retentionDays }),
    ...(format && { format }),
    name,
    scope,
    managedBy: 'api',
    key: scheduleKey(scope, name),
    ...(project && { sources: [project.source] }),
  });
  const stored = await ports.schedules.get(scope, name);
  if (!stored) throw new ScheduleNotFound(name);
  return await showOne(api, stored, request.base);
};

/** DELETE …/schedules/{name}. Its runs and backups stay. */
export const deleteSchedule = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports } = api;
  const name = nameIn(request);
  const scope = scopeIn(request);
  const schedule = await ports.schedules.get(scope, name);
  if (!schedule) {
    if (await configuredAs(api, name)) throw new ScheduleConfigured(name);
    throw new ScheduleNotFound(name);
  }
  if ((await ports.schedules.remove(scope, name)) === 'missing') throw new ScheduleNotFound(name);
  return { status: 200, body: await show(api, { ...schedule, paused: true }, request.base) };
};
