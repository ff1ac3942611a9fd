import { setTimeout } from 'node:timers/promises';
import { ERASED } from '../../core/erasure.ts';
import { describeError, quoted } from '../../core/errors/base.ts';
import {
  InvalidInput,
  ProjectErased,
  ProjectInactive,
  ProjectNotFound,
  ProjectNotResolved,
} from '../../core/errors/request.ts';
import { SourceUnreachable } from '../../core/errors/source.ts';
import { ACTIVE, GONE, idProblem, type RegisteredProject } from '../../core/project.ts';
import type { Api } from './ports.ts';

type Said =
  | { readonly source: string; readonly project: RegisteredProject | undefined }
  | { readonly source: string; readonly error: unknown };

/** @param begin gets a signal that ends its work after the deadline: work may not go on when the request has been answered */
const withDeadline = async <T>(
  begin: (signal: AbortSignal) => Promise<T>,
  ms: number,
  source: string,
): Promise<T> => {
  const stop = new AbortController();
  const late = setTimeout(ms, undefined, { signal: stop.signal }).then(() => {
    throw new SourceUnreachable(source, `it gave no answer within ${ms / 1000} s`);
  });
  return await Promise.race([begin(stop.signal), late]).finally(() => stop.abort());
};

const ask = async ({ ports, settings }: Api, source: string, projectId: string): Promise<Said> => {
  try {
    const lookUp = (signal: AbortSignal) => ports.functions.lookUp(source, projectId, signal);
    return { source, project: await withDeadline(lookUp, settings.lookUpMs, source) };
  } catch (error) {
    ports.log.warn('a source did not say whether it has a project', { source, projectId, error });
    return { source, error };
  }
};

const nameOf = (error: unknown): string => describeError(error).name;

/** Checks that a project may have this id. @throws InvalidInput */
export const checkProjectId = (projectId: string): string => {
  const problem = idProblem(projectId);
  if (problem) throw new InvalidInput('The request', [`projectId: ${problem}`]);
  return projectId;
};

/**
 * The project from the registry. If the registry does not have it as active, all sources are asked at the same time.
 * @throws InvalidInput, ProjectNotFound, DuplicateProject, ProjectNotResolved if a source could not answer and no other has it
 */
export const resolveProject = async (api: Api, projectId: string): Promise<RegisteredProject> => {
  const { ports, settings } = api;
  const known = await ports.registry.get(checkProjectId(projectId));
  if (known?.status === ERASED) throw new ProjectErased(projectId);
  const ours = known && settings.sources.includes(known.source) ? known : undefined;
  if (ours?.status === ACTIVE) return ours;

  const said = await Promise.all(settings.sources.map((source) => ask(api, source, projectId)));
  const found = said.flatMap((one) => ('project' in one && one.project ? [one.project] : []));
  const best = found.find((project) => project.status === ACTIVE) ?? found[0];
  if (best) return best;

  const failures = said.flatMap((one) => ('error' in one ? [one] : []));
  const duplicate = failures.find(({ error }) => nameOf(error) === 'DuplicateProject');
  if (duplicate) throw duplicate.error;
  // For an inactive project, the registry's row is enough if its own source does not answer.
  if (ours && ours.status !== GONE && failures.some(({ source }) => source === ours.source))
    return ours;
  if (failures.length) {
    throw new ProjectNotResolved(
      projectId,
      failures.map(({ source, error }) => `${quoted(source)}: ${describeError(error).message}`),
    );
  }
  throw new ProjectNotFound(projectId);
};

/** @throws errors of `resolveProject` for a project that neither the registry nor a source has */
export const requireKnown = async (api: Api, projectId: string): Promise<void> => {
  await registeredProject(api, projectId);
};

/** The project as the registry has it; if it has none, as its source has it. @throws errors of `resolveProject` */
export const registeredProject = async (
  api: Api,
  projectId: string,
): Promise<RegisteredProject> => {
  const known = await api.ports.registry.get(checkProjectId(projectId));
  return known && known.status !== ERASED ? known : await resolveProject(api, projectId);
};

/** @throws ProjectInactive, and errors of `resolveProject` */
export const resolveActiveProject = async (
  api: Api,
  projectId: string,
): Promise<RegisteredProject> => {
  const project = await resolveProject(api, projectId);
  if (project.status !== ACTIVE) throw new ProjectInactive(projectId, project.status);
  return project;
};
