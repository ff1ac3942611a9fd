import { quoted } from './errors/base.ts';
import { DuplicateProject, NoProjectsListed } from './errors/planning.ts';
import { InvalidInput, ProjectErased } from './errors/request.ts';
import type { RefreshCounts } from './messages.ts';
import { allEnded, chunksOf, inParallel } from './parallel.ts';
import type { Log } from './ports.ts';
import {
  ACTIVE,
  GONE,
  idProblem,
  type Project,
  projectProblem,
  type RegisteredProject,
} from './project.ts';
import type { ProjectSource, Registry } from './source-ports.ts';

export interface RefreshPorts {
  readonly source: ProjectSource;
  readonly registry: Registry;
  readonly log: Log;
}

export interface Refused {
  readonly projectId: string;
  readonly why: string;
}

export interface Refresh {
  /** Projects of any status that the source listed and the registry now has. */
  readonly projects: readonly Project[];
  readonly refused: readonly Refused[];
  readonly written: number;
  readonly gone: number;
}

const WRITES_AT_ONCE = 32;
/** Most projects that a report lists: the others are only counted. */
export const REPORTED_AT_MOST = 100;

const problemOf = (project: Project, timesListed: number): string | undefined => {
  // First, because of an id that is too long only its beginning was read.
  const ofId = idProblem(project.id);
  if (ofId) return ofId;
  if (timesListed > 1)
    return `its source lists the id ${timesListed} times; it is not clear which of the rows is meant`;
  return projectProblem(project);
};

/** Separates the projects that can be accepted from the others. Of rows with the same id none is accepted. */
export const sift = (
  listed: readonly Project[],
): { readonly taken: readonly Project[]; readonly refused: readonly Refused[] } => {
  const times = new Map<string, number>();
  for (const { id } of listed) times.set(id, (times.get(id) ?? 0) + 1);
  const taken: Project[] = [];
  const refused = new Map<string, string>();
  for (const project of listed) {
    const problem = problemOf(project, times.get(project.id) ?? 1);
    if (problem) refused.set(project.id, problem);
    else taken.push(project);
  }
  return { taken, refused: Array.from(refused, ([projectId, why]) => ({ projectId, why })) };
};

export const isSame = (project: Project, known: RegisteredProject | undefined): boolean =>
  known !== undefined &&
  known.name === project.name &&
  known.schemaName === project.schemaName &&
  known.status === project.status;

/** Registers one project; returns the reason if another source has its id, or if it was erased. */
const registerOrRefuse = async (
  { registry, source }: RefreshPorts,
  project: Project,
): Promise<Refused | undefined> => {
  try {
    await registry.register(project, source.name);
    return undefined;
  } catch (error) {
    if (!(error instanceof DuplicateProject || error instanceof ProjectErased)) throw error;
    return { projectId: project.id, why: error.message };
  }
};

/**
 * Updates the registry from the source's list: writes the changed rows, and marks projects that are no longer listed
 * as GONE. A refused project does not block the others; `refused` lists it. May be repeated.
 * @throws NoProjectsListed if the list is empty and the registry has projects, so that a hidden table does not make all of them GONE
 */
export const refreshRegistry = async (ports: RefreshPorts): Promise<Refresh> => {
  const { source, registry, log } = ports;
  const [listed, known] = await allEnded([source.listProjects(), registry.ofSource(source.name)]);
  const living = [...known.values()].filter((project) => project.status !== GONE);
  if (listed.length === 0 && living.length > 0)
    throw new NoProjectsListed(source.name, living.length);

  const { taken, refused } = sift(listed);
  const changed = taken.filter((project) => !isSame(project, known.get(project.id)));
  const duplicates = (
    await inParallel(changed, WRITES_AT_ONCE, (project) => registerOrRefuse(ports, project))
  ).filter((refusal) => refusal !== undefined);

  const listedIds = new Set(listed.map((project) => project.id));
  const unlisted = living.filter((project) => !listedIds.has(project.id));
  const gone = unlisted.filter(({ id }) => source.covers(id));
  for (const some of chunksOf(
    unlisted.filter(({ id }) => !source.covers(id)).map(({ id }) => id),
    REPORTED_AT_MOST,
  ).slice(0, 1))
    log.warn('projects with another prefix are left as they are: see olderIdPrefixes', {
      projects: some,
    });
  await inParallel(gone, WRITES_AT_ONCE, (project) => registry.retire(project.id, source.name));

  const allRefused = [...refused, ...duplicates];
  for (const some of chunksOf(allRefused, REPORTED_AT_MOST).slice(0, 1))
    log.warn('projects were not accepted', { count: allRefused.length, refused: some });
  const duplicateIds = new Set(duplicates.map((refusal) => refusal.projectId));
  return {
    projects: taken.filter((project) => !duplicateIds.has(project.id)),
    refused: allRefused,
    written: changed.length - duplicates.length,
    gone: gone.length,
  };
};

/** A refresh as `discover` returns it. */
export const countsOf = (refresh: Refresh): RefreshCounts => ({
  listed: refresh.projects.length + refresh.refused.length,
  active: refresh.projects.filter((project) => project.status === ACTIVE).length,
  written: refresh.written,
  gone: refresh.gone,
  refusedCount: refresh.refused.length,
  refused: refresh.refused.slice(0, REPORTED_AT_MOST),
});

/**
 * Looks one project up in the source and registers its present state.
 * @throws InvalidInput for an id that no project can have, DuplicateProject, and the source's failures
 */
export const lookUpProject = async (
  { source, registry }: Omit<RefreshPorts, 'log'>,
  projectId: string,
): Promise<RegisteredProject | undefined> => {
  const problem = idProblem(projectId);
  if (problem) throw new InvalidInput('The project', [problem]);
  if (!source.covers(projectId)) return undefined;
  const [found, known] = await allEnded([source.findProject(projectId), registry.get(projectId)]);
  const ours = known?.source === source.name ? known : undefined;
  if (!found) {
    if (ours && ours.status !== GONE) await registry.retire(projectId, source.name);
    return undefined;
  }
  const ofFound = projectProblem(found);
  if (ofFound) throw new InvalidInput(`The project ${quoted(projectId)}`, [ofFound]);
  if (ours && isSame(found, ours)) return ours;
  await registry.register(found, source.name);
  return await registry.get(projectId);
};
