import * as z from 'zod';
import { type Backup, iso } from '../../core/backup.ts';
import type { Job } from '../../core/job.ts';
import type { Jobs } from '../../core/job-ports.ts';
import type { OpenWork } from '../../core/leased-work/store.ts';
import { allEnded, inParallel } from '../../core/parallel.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import {
  publicBackup,
  publicProject,
  publicRun,
  showBackup,
  showProject,
  showRun,
} from './public.ts';
import { countRun } from './runs.ts';

/** Limits of the cost of one request, however much there is to show. */
const RUNNING_SHOWN = 50;
const COUNTED_AT_MOST = 1000;
const RECENT_SHOWN = 20;
const DAYS_BACK = 7;
const RUNS_SHOWN = 5;
const PROJECTS_SHOWN = 100;
const DAY_MS = 86_400_000;

const counted = z.object({
  count: z.int(),
  more: z.boolean().meta({ description: `True if there are over ${COUNTED_AT_MOST}.` }),
});
const jobsNow = z.object({
  running: counted,
  waiting: counted,
  failed: counted.meta({
    description:
      'In the last 24 hours. Of verifications also those that found a backup damaged, and those that could not run.',
  }),
});

export const status = z.object({
  environment: z.string(),
  at: z.iso.datetime(),
  running: z.array(publicBackup),
  waiting: counted,
  restores: jobsNow,
  verifications: jobsNow,
  recent: z.array(publicBackup),
  runs: z.array(publicRun),
  projects: z.array(publicProject),
  moreProjects: z.boolean().meta({ description: 'GET /projects has the others.' }),
});

const firstOf = async <T>(items: AsyncIterable<T>, count: number): Promise<T[]> => {
  const first: T[] = [];
  for await (const item of items) {
    if (first.length === count) break;
    first.push(item);
  }
  return first;
};

/** Reads the rows: the index has no progress, and lags a moment behind. */
const running = async ({ ports }: Api): Promise<Backup[]> => {
  const open = await firstOf(ports.history.open('in-progress'), RUNNING_SHOWN);
  const rows = await inParallel(open, 16, ({ projectId, id }: OpenWork) =>
    ports.history.get(projectId, id),
  );
  return rows.flatMap((row) => (row?.status === 'in-progress' ? [row] : []));
};

const count = async (open: AsyncIterable<unknown>): Promise<z.infer<typeof counted>> => {
  const found = await firstOf(open, COUNTED_AT_MOST + 1);
  return { count: Math.min(found.length, COUNTED_AT_MOST), more: found.length > COUNTED_AT_MOST };
};

/** No index has jobs that succeeded: the lists of their project or backup have them. */
const jobsOf = async (
  { open, failedSince }: Pick<Jobs<Job>, 'open' | 'failedSince'>,
  now: number,
): Promise<z.infer<typeof jobsNow>> => {
  const [running, waiting, failed] = await allEnded([
    count(open('in-progress')),
    count(open('pending')),
    count(failedSince(iso(now - DAY_MS))),
  ]);
  return { running, waiting, failed };
};

const recent = async ({ ports }: Api): Promise<Backup[]> => {
  const found: Backup[] = [];
  const now = ports.clock();
  for (let back = 0; back < DAYS_BACK && found.length < RECENT_SHOWN; back += 1) {
    const day = iso(now - back * DAY_MS).slice(0, 10);
    const { items } = await ports.history.ofDay(day, { limit: RECENT_SHOWN - found.length });
    found.push(...items);
  }
  return found;
};

/** Counts read all chunks of a run, so only unfinished runs get them. */
const runs = async (api: Api, base: string) => {
  const latest = await api.ports.runs.list({ limit: RUNS_SHOWN });
  return await allEnded(
    latest.items.map(async (run) =>
      showRun(run, base, run.finishedAt ? undefined : await countRun(api, run)),
    ),
  );
};

/** GET /status */
export const getStatus = async (api: Api, { base }: ApiRequest): Promise<Answer> => {
  const { ports } = api;
  const [nowRunning, waiting, restores, verifications, latest, latestRuns, projects] =
    await allEnded([
      running(api),
      count(ports.history.open('pending')),
      jobsOf(ports.restores, ports.clock()),
      jobsOf(ports.verifications, ports.clock()),
      recent(api),
      runs(api, base),
      ports.registry.list(PROJECTS_SHOWN),
    ]);
  const show = (backup: Backup) => showBackup(backup, base);
  const body: z.infer<typeof status> = {
    environment: api.settings.environment,
    at: iso(ports.clock()),
    running: nowRunning.map(show),
    waiting,
    restores,
    verifications,
    recent: latest.map(show),
    runs: latestRuns,
    projects: projects.items.map((project) => showProject(project, base)),
    moreProjects: projects.cursor !== undefined,
  };
  return { status: 200, body };
};
