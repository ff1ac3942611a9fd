import * as z from 'zod';
import { FORMATS, iso, millis } from '../../core/backup.ts';
import { encodePart } from '../../core/keys.ts';
import { RETENTION_CLASSES } from '../../core/retention/classes.ts';
import { nextTimesOf, skippedTimeOf } from '../../core/schedule-times.ts';
import type { Schedule, ScheduleScope } from '../../core/schedules.ts';
import { prose, time } from './public.ts';

/** What the API shows of a schedule. */
export const publicSchedule = z.object({
  name: z.string(),
  scope: z.enum(['project', 'all']),
  projectId: z.string().optional(),
  projectStatus: z.string().optional().meta({
    description: 'In the registry; the runs of a project that is GONE report that they skip it.',
  }),
  managedBy: z.enum(['api', 'configuration']),
  sources: z.array(z.string()).optional().meta({ description: 'Absent: all.' }),
  projects: z
    .array(z.string())
    .optional()
    .meta({ description: 'The only ones that a schedule of the configuration backs up.' }),
  expression: z.string(),
  timeZone: z.string(),
  flexibleMinutes: z.int(),
  retentionClass: z.enum(RETENTION_CLASSES),
  retentionDays: z.int().optional().meta({ description: 'Absent: those of the class.' }),
  format: z.enum(FORMATS).optional().meta({ description: "Absent: the configuration's." }),
  paused: z.boolean(),
  nextTimes: z.array(time).meta({ description: 'The next five due times; none if it is paused.' }),
  lastDueAt: time.optional().meta({ description: 'When its newest run was due.' }),
  changedAt: time.optional(),
  warnings: z.array(prose).optional(),
  links: z.object({ self: z.string() }),
});

export const schedulesPath = (base: string, scope: ScheduleScope): string =>
  scope === 'all'
    ? `${base}/schedules`
    : `${base}/projects/${encodePart(scope.projectId)}/schedules`;

const SHOWN_TIMES = 5;
const YEAR_MS = 366 * 86_400_000;

const timesOf = ({ expression, timeZone, paused, changedAt }: Schedule, now: number) => {
  if (paused) return [];
  const after = new Date(now);
  const since = changedAt === undefined ? after : new Date(millis(changedAt));
  return nextTimesOf(expression, timeZone, { after, since, count: SHOWN_TIMES }).map(iso);
};

/** Warnings of a schedule: a due time that the clocks skip. */
export const warningsOf = ({ expression, timeZone }: Schedule, now: number): string[] => {
  const skipped = skippedTimeOf(expression, timeZone, new Date(now), new Date(now + YEAR_MS));
  if (skipped === undefined) return [];
  return [
    `It is due at ${skipped} in ${timeZone}, a time that does not exist there because the clocks go forward: EventBridge Scheduler skips it, and no backup is made.`,
  ];
};

export interface ShownSchedule {
  readonly schedule: Schedule;
  readonly projectStatus?: string;
  readonly lastDueAt?: string;
  readonly warnings?: readonly string[];
}

export const showSchedule = (shown: ShownSchedule, base: string, now: number) => {
  const { schedule, projectStatus, lastDueAt, warnings = [] } = shown;
  const { scope, name } = schedule;
  return publicSchedule.parse({
    ...schedule,
    scope: scope === 'all' ? 'all' : 'project',
    ...(scope !== 'all' && { projectId: scope.projectId, projectStatus }),
    nextTimes: timesOf(schedule, now),
    lastDueAt,
    ...(warnings.length && { warnings }),
    links: { self: `${schedulesPath(base, scope)}/${name}` },
  });
};
