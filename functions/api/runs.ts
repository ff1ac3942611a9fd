import * as z from 'zod';
import { iso } from '../../core/backup.ts';
import { beginRun } from '../../core/begin-run.ts';
import { quoted } from '../../core/errors/base.ts';
import { InvalidInput, RunNotFound } from '../../core/errors/request.ts';
import { timeOf, UUID } from '../../core/ids.ts';
import { parse } from '../../core/messages.ts';
import { inParallel } from '../../core/parallel.ts';
import { GONE, idProblem } from '../../core/project.ts';
import { type RunRequest, runRequest } from '../../core/requests.ts';
import { manualSchedule, type Run, runOf } from '../../core/run.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import { stableId } from './idempotency.ts';
import type { Api } from './ports.ts';
import { countsOf, type RunCounts, runPath, showRun } from './public.ts';
import { nextLink, pageQuery } from './queries.ts';
import { atNextChange, wait } from './wait.ts';

/** Keys of runs belong to no project: no project's id is empty. */
const RUNS_SCOPE = '';

const checked = ({ settings }: Api, asked: RunRequest): RunRequest => {
  const wrong = (name: string, values: readonly string[], why: (value: string) => unknown) =>
    values.flatMap((value, index) => (why(value) ? [`${name}.${index}: ${why(value)}`] : []));
  const problems = [
    ...wrong('projects', asked.projects ?? [], idProblem),
    ...wrong('sources', asked.sources ?? [], (source) =>
      settings.sources.includes(source)
        ? undefined
        : `there is no source ${source}, there are ${settings.sources.join(', ')}`,
    ),
  ];
  if (problems.length) throw new InvalidInput('The body', problems);
  return asked;
};

/** New tenants that the registry does not have yet: planning searches for them, and reports those that no source lists. */
const UNKNOWN_AT_MOST = 20;
const LOOKUPS_AT_ONCE = 32;
const NAMED = 5;

/** @throws InvalidInput if more ids than that are unknown: such a list is outdated, or of another system */
const refuseStrangers = async ({ ports }: Api, projects: readonly string[]): Promise<void> => {
  const found = await inParallel([...new Set(projects)], LOOKUPS_AT_ONCE, async (id) => {
    const known = await ports.registry.get(id);
    return { id, isKnown: known !== undefined && known.status !== GONE };
  });
  const unknown = found.flatMap(({ id, isKnown }) => (isKnown ? [] : [id]));
  if (unknown.length <= UNKNOWN_AT_MOST) return;
  throw new InvalidInput('The body', [
    `projects: ${unknown.length} of ${found.length} ids are unknown in every source, such as ${unknown.slice(0, NAMED).map(quoted).join(', ')}; a run takes at most ${UNKNOWN_AT_MOST} unknown ids. GET /projects lists the known ones`,
  ]);
};

/**
 * POST /runs. The run's row is written first, then each source's planning is started. If starting fails, the
 * answer is still 202, because sweep starts the missing parts of a run.
 */
export const startRun = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports, settings } = api;
  const asked = checked(api, jsonBody(request, runRequest));
  if (asked.projects) await refuseStrangers(api, asked.projects);
  const id = await stableId(api, request, RUNS_SCOPE, asked);
  const wanted: Run = runOf(
    {
      schedule: manualSchedule(id),
      scheduledAt: iso(timeOf(id)),
      sources: [...new Set(asked.sources ?? settings.sources)],
      ...(asked.projects && { projects: [...new Set(asked.projects)] }),
      retentionClass: 'daily',
    },
    ports.clock(),
  );
  const run = await beginRun(ports, wanted);
  return {
    status: 202,
    body: showRun(run, request.base),
    headers: { location: runPath(request.base, run.id) },
  };
};

/** More can run at the same time only if every limit was raised. */
const RUNNING_AT_MOST = 1000;
const RUNS_COUNTED_AT_ONCE = 8;

/** A run's backups by state, from its chunks; those being exported now, from the index. */
export const countRun = async ({ ports }: Api, run: Run): Promise<RunCounts> => {
  const tally = await ports.runs.tally(run.id);
  let seen = 0;
  let running = 0;
  if (tally.open > 0) {
    for await (const backup of ports.history.open('in-progress')) {
      seen += 1;
      if (backup.runId === run.id) running += 1;
      if (seen === RUNNING_AT_MOST) break;
    }
  }
  return countsOf(tally, running);
};

/** GET /runs. Counts read all chunks of a run, so only unfinished runs get them. */
export const listRuns = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const query = parse('The request', pageQuery, request.query);
  const { items, cursor } = await api.ports.runs.list(query);
  const shown = await inParallel(items, RUNS_COUNTED_AT_ONCE, async (run) =>
    showRun(run, request.base, run.finishedAt ? undefined : await countRun(api, run)),
  );
  return {
    status: 200,
    body: { items: shown, cursor },
    ...(cursor && { headers: { link: nextLink(request, `${request.base}/runs`, cursor) } }),
  };
};

const runQuery = z.strictObject({ wait: wait.exactOptional() });

/** GET /runs/{runId} */
export const getRun = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { wait: seconds } = parse('The request', runQuery, request.query);
  const runId = request.params.runId ?? '';
  const read = async () => {
    const run = UUID.test(runId) ? await api.ports.runs.get(runId) : undefined;
    if (!run) throw new RunNotFound(runId);
    return { run, counts: await countRun(api, run) };
  };
  const { run, counts } = await atNextChange({
    read,
    isFinal: ({ run: { finishedAt } }) => finishedAt !== undefined,
    stateOf: ({ run: { parts }, counts: now }) => JSON.stringify([parts, now]),
    seconds,
  });
  return { status: 200, body: showRun(run, request.base, counts) };
};
