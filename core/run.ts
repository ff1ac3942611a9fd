import { type Format, iso, millis } from './backup.ts';
import { runIdOf } from './ids.ts';
import type { PlanEvent } from './messages.ts';
import type { RetentionClass } from './retention/classes.ts';

/** One firing of a schedule, or one request to back up everything now: the backups that it planned, over all sources. */
export interface Run {
  readonly id: string;
  /**
   * The name of a schedule of the configuration; `manual/<id>` if a person started the run, see `manualSchedule`; of a schedule made by
   * API, `scheduleKey` of core/schedules.ts.
   */
  readonly schedule: string;
  /** ISO 8601; the time the schedule was due. */
  readonly scheduledAt: string;
  readonly createdAt: string;
  /** Sources that take part; each plans its own part. */
  readonly sources: readonly string[];
  /** The ids that the run is limited to; absent for every active project. Kept so that planning can be started again. */
  readonly projects?: readonly string[];
  readonly retentionClass: RetentionClass;
  /** Days that its backups are kept; absent: as the configuration says for the class. */
  readonly retentionDays?: number;
  /** Absent: the configuration's. */
  readonly format?: Format;
  /** By source, written when that source's planning has ended. */
  readonly parts: Readonly<Record<string, RunPart>>;
  readonly finishedAt?: string;
  readonly mailedAt?: string;
}

/** Result of one source's planning. */
export interface RunPart {
  readonly planned: number;
  /** Projects not planned, with the reason, at most 100 of them; `skippedCount` counts all. */
  readonly skipped: readonly { readonly projectId: string; readonly why: string }[];
  readonly skippedCount: number;
  readonly plannedAt: string;
  /** Set instead of the counts if planning failed permanently. */
  readonly error?: { readonly name: string; readonly message: string };
}

/** The run of an event: the same event gives the same run, however often it is delivered. */
export const runOf = (event: PlanEvent, now: number): Run => {
  const scheduledAt = iso(millis(event.scheduledAt));
  return {
    id: runIdOf(event.schedule, scheduledAt),
    schedule: event.schedule,
    scheduledAt,
    createdAt: iso(now),
    sources: event.sources,
    ...(event.projects && { projects: event.projects }),
    retentionClass: event.retentionClass,
    ...(event.retentionDays !== undefined && { retentionDays: event.retentionDays }),
    ...(event.format && { format: event.format }),
    parts: {},
  };
};

/** The event that plans this run again after planning has died: ids are made from it, so nothing is planned twice. */
export const planEventOf = (run: Run): PlanEvent => ({
  schedule: run.schedule,
  scheduledAt: run.scheduledAt,
  sources: [...run.sources],
  ...(run.projects && { projects: [...run.projects] }),
  retentionClass: run.retentionClass,
  ...(run.retentionDays !== undefined && { retentionDays: run.retentionDays }),
  ...(run.format && { format: run.format }),
});

/** Sources whose planning has neither succeeded nor failed yet. */
export const missingParts = (run: Run): readonly string[] =>
  run.sources.filter((source) => !Object.hasOwn(run.parts, source));

/** No name of a schedule contains a slash, so no schedule of the configuration can look like a manual run. */
const MANUAL = 'manual/';
/** The schedule name of a run started by hand: it has an id of its own, so two requests in one millisecond are two runs. */
export const manualSchedule = (id: string): string => `${MANUAL}${id}`;
export const isManual = (schedule: string): boolean => schedule.startsWith(MANUAL);
/** The schedule's name for people: without the part that tells schedules of the API apart. */
export const scheduleLabel = (schedule: string): string =>
  isManual(schedule) ? 'manual' : schedule.slice(schedule.lastIndexOf('/') + 1);
