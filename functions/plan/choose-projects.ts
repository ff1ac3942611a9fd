import { quoted } from '../../core/errors/base.ts';
import type { History } from '../../core/history-ports.ts';
import type { OpenWork } from '../../core/leased-work/store.ts';
import { inParallel } from '../../core/parallel.ts';
import { ACTIVE, GONE, type Project } from '../../core/project.ts';
import type { Refresh, Refused } from '../../core/refresh-registry.ts';
import type { Run } from '../../core/run.ts';
import type { ProjectSource, Registry } from '../../core/source-ports.ts';

/** Open work of one source, from the index, which may lag a moment behind. */
export interface OpenBackups {
  /** By project: a pending or running backup that another run planned. */
  readonly ofOtherRuns: ReadonlyMap<string, OpenWork>;
  /** Ids of this run's pending backups. */
  readonly waiting: ReadonlySet<string>;
}

export const openBackupsOf = async (
  history: Pick<History, 'open'>,
  source: string,
  runId: string,
): Promise<OpenBackups> => {
  const ofOtherRuns = new Map<string, OpenWork>();
  const waiting = new Set<string>();
  for (const state of ['in-progress', 'pending'] as const) {
    for await (const backup of history.open(state)) {
      if (backup.source !== source || backup.runId === undefined) continue;
      if (backup.runId !== runId) ofOtherRuns.set(backup.projectId, backup);
      else if (state === 'pending') waiting.add(backup.id);
    }
  }
  return { ofOtherRuns, waiting };
};

export interface Choice {
  readonly chosen: readonly Project[];
  readonly skipped: readonly Refused[];
}

const LOOKUPS_AT_ONCE = 32;

export interface ChoicePorts {
  readonly registry: Pick<Registry, 'get' | 'lists'>;
  readonly source: Pick<ProjectSource, 'name' | 'covers'>;
}

/**
 * Why no source plans an id that the run names and this source does not list; undefined if another source
 * lists it. Only one source of a run reports the ids that no source has.
 */
const whyNobody = async (
  { registry, source: { name: source, covers } }: ChoicePorts,
  run: Run,
  projectId: string,
): Promise<string | undefined> => {
  if (!covers(projectId)) {
    if (run.sources[0] !== source) return undefined;
    for (const other of run.sources) if (await registry.lists(other, projectId)) return undefined;
    return 'no source of this run lists it';
  }
  const known = await registry.get(projectId);
  if (!known || known.status === GONE) {
    return run.sources[0] === source ? 'no source of this run lists it' : undefined;
  }
  if (run.sources.includes(known.source)) return undefined;
  return run.sources[0] === source
    ? `it is in source ${quoted(known.source)}, which is not part of this run`
    : undefined;
};

const named = async (
  ports: ChoicePorts,
  run: Run,
  ids: readonly string[],
  refresh: Refresh,
): Promise<Choice> => {
  const listed = new Map(refresh.projects.map((project) => [project.id, project]));
  const refused = new Map(refresh.refused.map(({ projectId, why }) => [projectId, why]));
  const answers = await inParallel([...new Set(ids)], LOOKUPS_AT_ONCE, async (projectId) => {
    const project = listed.get(projectId);
    if (project?.status === ACTIVE) return { project };
    const why = project
      ? `its status is ${quoted(project.status)}, only ACTIVE projects are backed up`
      : (refused.get(projectId) ?? (await whyNobody(ports, run, projectId)));
    return why === undefined ? {} : { skipped: { projectId, why } };
  });
  return {
    chosen: answers.flatMap(({ project }) => project ?? []),
    skipped: answers.flatMap(({ skipped }) => skipped ?? []),
  };
};

const whyOpen = (open: OpenWork): string =>
  `its backup ${open.id} of ${open.createdAt} is still ${open.status === 'pending' ? 'waiting' : 'running'}`;

/**
 * Which of a source's projects a run backs up. Inactive projects are reported only if the run names them. A project whose
 * backup of an earlier run has not ended yet is skipped and reported: a second one would only queue behind it.
 */
export const chooseProjects = async (
  ports: ChoicePorts,
  run: Run,
  refresh: Refresh,
  open: OpenBackups,
): Promise<Choice> => {
  const candidates: Choice = run.projects
    ? await named(ports, run, run.projects, refresh)
    : {
        chosen: refresh.projects.filter((project) => project.status === ACTIVE),
        skipped: refresh.refused,
      };
  const skipped = [...candidates.skipped];
  const chosen: Project[] = [];
  for (const project of candidates.chosen) {
    const before = open.ofOtherRuns.get(project.id);
    if (before) skipped.push({ projectId: project.id, why: whyOpen(before) });
    else chosen.push(project);
  }
  return { chosen, skipped };
};
