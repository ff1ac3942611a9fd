import * as z from 'zod';
import { type Backup, iso } from '../../core/backup.ts';
import { parse } from '../../core/messages.ts';
import { allEnded, inParallel } from '../../core/parallel.ts';
import { monthlyStorageCost } from '../../core/prices.ts';
import {
  lastDays,
  makeFigures,
  makeProjectFigures,
  type ProjectCounts,
} from '../../core/statistics.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { projectPath } from './public.ts';
import { projectStatistics, statistics } from './public-statistics.ts';
import { checkProjectId, requireKnown } from './resolve-project.ts';

/**
 * Limits of the cost of one request. A summary in the index by day has about 400 bytes: 7 days of 10,000 projects are 70,000
 * summaries, 28 MB, and some 3,500 read units.
 */
const SUMMARIES_AT_MOST = 350_000;
const PROJECTS_AT_MOST = 100_000;
const DAYS_AT_ONCE = 8;
/** Rows of one project: a daily backup for ten years, or an hourly one for five months. */
const ROWS_AT_MOST = 4000;
const PAGE = 500;
/** Reading stops after this time, so that the answer comes before API Gateway gives up. */
const READ_MS = 20_000;

const windowQuery = (days: number) =>
  z.strictObject({
    days: z
      .string()
      .regex(/^([1-9]|[12]\d|3[01])$/, 'give a whole number from 1 to 31')
      .transform(Number)
      .default(days),
  });

const windowOf = (days: readonly string[]) => ({
  from: days[0] ?? '',
  to: days.at(-1) ?? '',
  days: days.length,
});

/** Reads the days at the same time. `complete` is false if a limit ended it. */
const figuresOf = async ({ ports }: Api, days: readonly string[]) => {
  const sum = makeFigures(days);
  const until = performance.now() + READ_MS;
  const most = Math.floor(SUMMARIES_AT_MOST / days.length);
  const whole = await inParallel(days, DAYS_AT_ONCE, async (day) => {
    let read = 0;
    for await (const summary of ports.history.summaries(day, most)) {
      sum.add(summary);
      read += 1;
      if (performance.now() > until) return false;
    }
    return read < most;
  });
  return { figures: sum.figures(), complete: whole.every(Boolean) };
};

const projectCounts = async ({
  ports,
}: Api): Promise<{ readonly counts: ProjectCounts; readonly complete: boolean }> => {
  const sum = makeProjectFigures(ports.clock());
  const until = performance.now() + READ_MS;
  let read = 0;
  for await (const project of ports.registry.all()) {
    sum.add(project);
    read += 1;
    if (read === PROJECTS_AT_MOST || performance.now() > until)
      return { counts: sum.counts(), complete: false };
  }
  return { counts: sum.counts(), complete: true };
};

/** GET /stats */
export const getStatistics = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports } = api;
  const now = ports.clock();
  const days = lastDays(now, parse('The request', windowQuery(7), request.query).days);
  const [read, projects, round] = await allEnded([
    figuresOf(api, days),
    projectCounts(api),
    ports.rounds.last(),
  ]);
  const measured = round?.measured;
  const body: z.input<typeof statistics> = {
    at: iso(now),
    window: windowOf(days),
    complete: read.complete && projects.complete,
    ...read.figures,
    backups: { ...read.figures.backups },
    byDay: [...read.figures.byDay],
    projects: projects.counts,
    ...(measured && { stored: { ...measured, monthlyCost: monthlyStorageCost(measured.bytes) } }),
  };
  return { status: 200, body: statistics.parse(body) };
};

/** All backups of a project that are not removed, as far as the limit. */
const backupsOf = async (
  { ports }: Api,
  projectId: string,
): Promise<{ readonly backups: readonly Backup[]; readonly complete: boolean }> => {
  const backups: Backup[] = [];
  let cursor: string | undefined;
  do {
    const page = await ports.history.list(projectId, {
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    backups.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && backups.length < ROWS_AT_MOST);
  return { backups, complete: cursor === undefined };
};

/** GET /projects/{projectId}/stats */
export const getProjectStatistics = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const projectId = checkProjectId(request.params.projectId ?? '');
  const now = api.ports.clock();
  const days = lastDays(now, parse('The request', windowQuery(30), request.query).days);
  const { backups, complete } = await backupsOf(api, projectId);
  if (backups.length === 0) await requireKnown(api, projectId);
  const begin = days[0] ?? '';
  const sum = makeFigures(days);
  for (const backup of backups) if (backup.createdAt >= begin) sum.add(backup);
  const held = backups.filter(({ status }) => status === 'completed');
  const bytes = held.reduce((total, { size = 0 }) => total + size, 0);
  const figures = sum.figures();
  const newest = makeFigures([]);
  for (const backup of held) newest.add(backup);
  const { lastSuccess } = newest.figures();
  const body: z.input<typeof projectStatistics> = {
    at: iso(now),
    projectId,
    window: windowOf(days),
    complete,
    ...figures,
    backups: { ...figures.backups },
    byDay: [...figures.byDay],
    ...(lastSuccess && { lastSuccess }),
    stored: { backups: held.length, bytes, monthlyCost: monthlyStorageCost(bytes) },
    links: { backups: projectPath(request.base, projectId) },
  };
  return { status: 200, body: projectStatistics.parse(body) };
};
