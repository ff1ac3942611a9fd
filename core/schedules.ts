import * as z from 'zod';
import { FORMATS } from './backup.ts';
import { sha256Hex } from './ids.ts';
import type { FiringEvent } from './messages.ts';
import { RETENTION_CLASSES, type RetentionClass } from './retention/classes.ts';
import { isTimeZone } from './retention/policy.ts';
import { expressionProblems } from './schedule-expression.ts';

/** Schedules that the API keeps in EventBridge Scheduler. */
export const SCHEDULE_NAME = /^[a-z][a-z0-9-]{0,39}$/;
export const SCHEDULE_NAME_RULE =
  'use lower-case letters, digits and "-", 40 at most, beginning with a letter';

/** `cron(…)` with six fields, or `rate(…)`, in EventBridge Scheduler's syntax. */
export const scheduleExpression = z.string().superRefine((expression, context) => {
  for (const message of expressionProblems(expression))
    context.addIssue({ code: 'custom', message });
});

/** A name of the IANA database, such as Europe/Berlin. */
export const scheduleTimeZone = z
  .string()
  .refine(isTimeZone, 'give a time zone of the IANA database, such as Europe/Berlin or UTC')
  .default('UTC');

/** Minutes after the due time within which a schedule may fire. */
export const flexibleMinutes = z.int().min(0).max(1440).default(0);

/** Body of PUT …/schedules/{name}. */
export const scheduleRequest = z.strictObject({
  expression: scheduleExpression,
  timeZone: scheduleTimeZone,
  flexibleMinutes,
  retentionClass: z.enum(RETENTION_CLASSES).default('daily'),
  /** Days that its backups are kept; absent: as the configuration says for the class. */
  retentionDays: z.int().min(1).max(3650).optional(),
  /** Absent: the configuration's. */
  format: z.enum(FORMATS).optional(),
  paused: z.boolean().default(false),
});
export type ScheduleRequest = z.infer<typeof scheduleRequest>;

/** One project, or all projects. */
export type ScheduleScope = { readonly projectId: string } | 'all';

export interface Schedule extends Omit<ScheduleRequest, 'retentionDays' | 'format'> {
  readonly name: string;
  readonly scope: ScheduleScope;
  /** Those of the configuration change by deployment only. */
  readonly managedBy: 'api' | 'configuration';
  /** The `schedule` of its runs. */
  readonly key: string;
  /** Sources whose projects it backs up; absent: all. */
  readonly sources?: readonly string[];
  /** Of a schedule of the configuration: the only projects that it backs up. */
  readonly projects?: readonly string[];
  readonly retentionClass: RetentionClass;
  readonly retentionDays?: number;
  readonly format?: (typeof FORMATS)[number];
  /** When it was last written, ISO 8601. A rate counts from then. */
  readonly changedAt?: string;
}

/**
 * A project's part of names and keys. Ids of projects may hold any character and be longer than EventBridge Scheduler's names (64), so
 * they are hashed: 21 characters of base 36 are 108 bits.
 */
const partOf = (projectId: string): string =>
  BigInt(`0x${sha256Hex(projectId)}`)
    .toString(36)
    .padStart(50, '0')
    .slice(-21);

/** Prefix of the names in EventBridge Scheduler of a scope's schedules, and of no other's. */
export const nativePrefixOf = (scope: ScheduleScope): string =>
  scope === 'all' ? 'all-' : `p${partOf(scope.projectId)}-`;

/** Name in EventBridge Scheduler, 63 characters at most. */
export const nativeNameOf = (scope: ScheduleScope, name: string): string =>
  `${nativePrefixOf(scope)}${name}`;

/**
 * What the runs of a schedule are identified by, 64 characters at most. A slash tells it apart from the names of the configuration's
 * schedules, so that two schedules of one name never share a run.
 */
export const scheduleKey = (scope: ScheduleScope, name: string): string =>
  scope === 'all' ? `all/${name}` : `p/${partOf(scope.projectId)}/${name}`;

export const isOfScope = ({ scope }: Schedule, wanted: ScheduleScope): boolean =>
  scope === 'all' || wanted === 'all' ? scope === wanted : scope.projectId === wanted.projectId;

/** EventBridge Scheduler fills in the time at which the schedule was due, whatever delay the flexible window added. */
export const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/** A run that could not be started for this long is given up, because the next one is near. */
export const FIRING_RETRIES = { maximumAgeSeconds: 6 * 3600, attempts: 185 } as const;

/** The event of its firings. */
export const firingOf = (schedule: Schedule): FiringEvent => ({
  schedule: schedule.key,
  scheduledAt: SCHEDULED_TIME,
  ...(schedule.sources && { sources: [...schedule.sources] }),
  ...(schedule.scope !== 'all' && { projects: [schedule.scope.projectId] }),
  retentionClass: schedule.retentionClass,
  ...(schedule.retentionDays !== undefined && { retentionDays: schedule.retentionDays }),
  ...(schedule.format && { format: schedule.format }),
});

/** Whether a schedule backs up a project. */
export const covers = (
  { scope, sources, projects }: Schedule,
  project: { readonly id: string; readonly source: string },
): boolean => {
  if (scope !== 'all') return scope.projectId === project.id;
  if (sources && !sources.includes(project.source)) return false;
  return projects?.includes(project.id) ?? true;
};
