import { shortestIntervalOf } from '../core/schedule-times.ts';
import { type Config, type ScheduleConfig, sourcesOf } from './config.ts';

const HOUR_MS = 3_600_000;
/** The limit of a source without schedules. */
const UNSCHEDULED_HOURS = 12;
/** Three attempts with their pauses take more than an hour. */
const LEAST_HOURS = 2;
/** The limit for rarer schedules: SQS keeps messages for fourteen days. */
const MOST_HOURS = 7 * 24;

/** Cached by schedule, because many sources ask for the same ones. */
const known = new WeakMap<ScheduleConfig, number | undefined>();

const intervalOf = (schedule: ScheduleConfig): number | undefined => {
  if (!known.has(schedule))
    known.set(schedule, shortestIntervalOf(schedule.expression, schedule.timeZone, new Date()));
  return known.get(schedule);
};

/**
 * Hours that a request of a source may wait: until the next run of the same schedule begins. That run skips the projects that still
 * wait. A night of 10,000 tenants may need all of that time.
 */
export const waitingHoursOf = (config: Config, source: string): number => {
  const intervals = config.schedules
    .filter((schedule) => schedule.enabled && sourcesOf(config, schedule).includes(source))
    .flatMap((schedule) => intervalOf(schedule) ?? []);
  if (intervals.length === 0) return UNSCHEDULED_HOURS;
  const hours = Math.floor(Math.min(...intervals) / HOUR_MS);
  return Math.min(MOST_HOURS, Math.max(LEAST_HOURS, hours));
};
