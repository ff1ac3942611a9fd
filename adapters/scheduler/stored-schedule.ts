import type {
  CreateScheduleCommandInput,
  GetScheduleCommandOutput,
} from '@aws-sdk/client-scheduler';
import * as z from 'zod';
import { iso } from '../../core/backup.ts';
import { firingEvent } from '../../core/messages.ts';
import { FIRING_RETRIES, firingOf, nativeNameOf, type Schedule } from '../../core/schedules.ts';
import type { ApiScheduleSettings } from '../../core/settings.ts';

/** A schedule in the form of EventBridge Scheduler. Its input holds everything that EventBridge Scheduler has no field for. */
export const inputOf = (
  schedule: Schedule,
  { group, role, target, deadLetters }: ApiScheduleSettings,
): CreateScheduleCommandInput => ({
  GroupName: group,
  Name: nativeNameOf(schedule.scope, schedule.name),
  // Ids of projects stay out of it: it takes 512 characters.
  Description: `Larder: ${schedule.name}, made by API`,
  State: schedule.paused ? 'DISABLED' : 'ENABLED',
  ScheduleExpression: schedule.expression,
  ScheduleExpressionTimezone: schedule.timeZone,
  FlexibleTimeWindow: schedule.flexibleMinutes
    ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: schedule.flexibleMinutes }
    : { Mode: 'OFF' },
  Target: {
    Arn: target,
    RoleArn: role,
    Input: JSON.stringify(firingOf(schedule)),
    DeadLetterConfig: { Arn: deadLetters },
    RetryPolicy: {
      MaximumEventAgeInSeconds: FIRING_RETRIES.maximumAgeSeconds,
      MaximumRetryAttempts: FIRING_RETRIES.attempts,
    },
  },
});

/** The time of the event is a variable that EventBridge Scheduler fills in. */
const storedEvent = firingEvent.extend({ scheduledAt: z.string() });

const eventIn = (input: string | undefined): z.output<typeof storedEvent> | undefined => {
  try {
    return storedEvent.safeParse(JSON.parse(input ?? '')).data;
  } catch {
    return undefined;
  }
};

type Stored = Pick<
  GetScheduleCommandOutput,
  | 'Name'
  | 'ScheduleExpression'
  | 'ScheduleExpressionTimezone'
  | 'FlexibleTimeWindow'
  | 'State'
  | 'Target'
  | 'CreationDate'
  | 'LastModificationDate'
>;

const commonOf = (stored: Stored, event: z.output<typeof storedEvent>) => {
  const changed = stored.LastModificationDate ?? stored.CreationDate;
  return {
    key: event.schedule,
    expression: stored.ScheduleExpression ?? '',
    timeZone: stored.ScheduleExpressionTimezone ?? 'UTC',
    flexibleMinutes: stored.FlexibleTimeWindow?.MaximumWindowInMinutes ?? 0,
    paused: stored.State === 'DISABLED',
    retentionClass: event.retentionClass,
    ...(event.retentionDays !== undefined && { retentionDays: event.retentionDays }),
    ...(event.format && { format: event.format }),
    ...(changed && { changedAt: iso(changed) }),
  };
};

/** One of the configuration; undefined for a schedule that starts no run, such as the one of sweep. */
export const configuredIn = (stored: Stored): Schedule | undefined => {
  const event = eventIn(stored.Target?.Input);
  if (!event) return undefined;
  return {
    ...commonOf(stored, event),
    name: event.schedule,
    scope: 'all',
    managedBy: 'configuration',
    ...(event.sources && { sources: event.sources }),
    ...(event.projects && { projects: event.projects }),
  };
};

/**
 * One that the API made; undefined for one that was made by hand in its group: the names of both kinds must fit together, so that no
 * schedule passes for another project's.
 */
export const madeByApiIn = (stored: Stored): Schedule | undefined => {
  const event = eventIn(stored.Target?.Input);
  if (!event) return undefined;
  const [projectId] = event.projects ?? [];
  const scope = projectId === undefined ? 'all' : { projectId };
  const schedule: Schedule = {
    ...commonOf(stored, event),
    name: event.schedule.slice(event.schedule.lastIndexOf('/') + 1),
    scope,
    managedBy: 'api',
    ...(event.sources && { sources: event.sources }),
  };
  return nativeNameOf(scope, schedule.name) === stored.Name ? schedule : undefined;
};
