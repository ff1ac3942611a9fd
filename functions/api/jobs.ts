import * as z from 'zod';
import { type Backup, iso } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { timeOf, UUID } from '../../core/ids.ts';
import { hasLapsed, type Job } from '../../core/job.ts';
import type { Jobs } from '../../core/job-ports.ts';
import type { WorkKind } from '../../core/leased-work/kinds.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import { parse } from '../../core/messages.ts';
import { findBackup } from './backups.ts';
import type { Answer, ApiRequest } from './http.ts';
import { stableId } from './idempotency.ts';
import type { Api } from './ports.ts';
import { backupPath, type Queue } from './public.ts';
import { nextLink, pageQuery } from './queries.ts';
import { checkProjectId } from './resolve-project.ts';
import { sendRequest } from './send-messages.ts';
import { atNextChange, wait, workState } from './wait.ts';

/** What restores and verifications have in common as resources below a backup. */
export interface JobResource<J extends Job> {
  readonly kind: WorkKind<J>;
  /** As in paths and in the log. */
  readonly name: 'restores' | 'verifications';
  readonly jobsOf: (api: Api) => Jobs<J>;
  readonly queueOf: (api: Api, job: J) => Pick<WorkQueue, 'send'> | undefined;
  readonly show: (job: J, base: string, position?: Queue) => unknown;
  readonly pathOf: (base: string, job: J) => string;
  readonly notFound: (projectId: string, id: string) => Error;
}

const DAY_MS = 86_400_000;

/** Fields of every new row of a job. */
export const newJob = (
  { ports, settings }: Api,
  backup: Pick<Backup, 'id' | 'projectId' | 'projectName'>,
  source: string,
  id: string,
): Job => {
  const created = timeOf(id);
  return {
    id,
    projectId: backup.projectId,
    projectName: backup.projectName,
    backupId: backup.id,
    source,
    environment: settings.environment,
    status: 'pending',
    attempt: 0,
    createdAt: iso(created),
    queuedAt: iso(ports.clock()),
    expiresAt: iso(created + TIMES.jobRowDays * DAY_MS),
  };
};

/**
 * Answers a request for a job with 202 and its location. Under an Idempotency-Key it is the job that the same request made
 * before, whatever its state is now. The row is written first and decides: if its message can't be sent, sweep
 * sends it.
 * @param asked the whole request, including the meaning of its path
 * @param make checks whether the job can be done, and returns the row
 */
export const requestJob = async <J extends Job>(
  api: Api,
  request: ApiRequest,
  resource: JobResource<J>,
  projectId: string,
  asked: object,
  make: (id: string) => J | Promise<J>,
): Promise<Answer> => {
  const jobs = resource.jobsOf(api);
  const id = await stableId(api, request, projectId, asked);
  const before = 'idempotency-key' in request.headers ? await jobs.get(projectId, id) : undefined;
  const wanted = before ?? (await make(id));
  const created = !before && (await jobs.create(wanted)) === 'created';
  const job = created ? wanted : ((await jobs.get(projectId, id)) ?? wanted);
  if (job.status === 'pending')
    await sendRequest(api, resource.kind, resource.queueOf(api, job), job);
  return {
    status: 202,
    body: resource.show(job, request.base),
    headers: { location: resource.pathOf(request.base, job) },
  };
};

/** The job of the path, which must belong to the path's backup. The backup itself may be removed already. */
export const findJob = async <J extends Job>(
  api: Api,
  { params }: ApiRequest,
  resource: JobResource<J>,
): Promise<J> => {
  const projectId = checkProjectId(params.projectId ?? '');
  const id = params[resource.kind.idName] ?? '';
  const job = UUID.test(id) ? await resource.jobsOf(api).get(projectId, id) : undefined;
  if (!job || job.backupId !== params.backupId || hasLapsed(job, api.ports.clock()))
    throw resource.notFound(projectId, id);
  return job;
};

const jobQuery = z.strictObject({ wait: wait.exactOptional() });

export const getJob = async <J extends Job>(
  api: Api,
  request: ApiRequest,
  resource: JobResource<J>,
): Promise<Answer> => {
  const { wait: seconds } = parse('The request', jobQuery, request.query);
  const job = await atNextChange({
    read: () => findJob(api, request, resource),
    isFinal: ({ status }) => isFinal(status),
    stateOf: workState,
    seconds,
  });
  const { name } = resource.kind;
  const position =
    job.status === 'pending' ? await api.ports.positions.ahead(name, job) : undefined;
  return { status: 200, body: resource.show(job, request.base, position) };
};

/** A backup's jobs, newest first. They are kept longer than the backup; an unknown backup without jobs is an error. */
export const listJobs = async <J extends Job>(
  api: Api,
  request: ApiRequest,
  resource: JobResource<J>,
): Promise<Answer> => {
  const projectId = checkProjectId(request.params.projectId ?? '');
  const backupId = request.params.backupId ?? '';
  const query = parse('The request', pageQuery, request.query);
  const { items, cursor } = await resource.jobsOf(api).list(projectId, { ...query, backupId });
  if (items.length === 0 && !query.cursor) await findBackup(api, request);
  const path = `${backupPath(request.base, projectId, backupId)}/${resource.name}`;
  return {
    status: 200,
    body: { items: items.map((job) => resource.show(job, request.base)), cursor },
    ...(cursor && { headers: { link: nextLink(request, path, cursor) } }),
  };
};
