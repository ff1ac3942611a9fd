import { isDeepStrictEqual } from 'node:util';
import { iso, millis } from '../../core/backup.ts';
import type { KnownSchedule } from '../../core/run-ports.ts';
import { nextTimeOf } from '../../core/schedule-times.ts';
import type { WatchedSchedule } from '../../core/settings.ts';
import { HOUR, MINUTE, type Step, type SweepPorts } from './step.ts';

/**
 * Schedules that were due and began no run: the schedule is gone or disabled by hand, its role is denied, or EventBridge Scheduler is
 * late. Only the absence of a run shows this, so sweep computes when each schedule should have fired.
 */

/** Scheduler fires within a minute, and plan writes its run at once; Lambda may throttle it for a while. */
const GRACE = 30 * MINUTE;
/**
 * A deployment gives sweep its schedules before or after Scheduler gets them, and a rate counts from then on. So a schedule that is
 * new, or was changed, counts from this long after the sweep that first found it.
 */
const DEPLOYMENT = HOUR;

const definitionOf = ({ expression, timeZone }: WatchedSchedule): string =>
  `${expression} ${timeZone}`;

/** The present schedules, each with the time since which it is unchanged. A schedule that was removed and added again is new. */
const knownNow = (
  schedules: readonly WatchedSchedule[],
  before: readonly KnownSchedule[],
  now: number,
): readonly KnownSchedule[] =>
  schedules.map((schedule) => {
    const { name } = schedule;
    const definition = definitionOf(schedule);
    const known = before.find((one) => one.name === name && one.definition === definition);
    return known ?? { name, definition, since: iso(now) };
  });

/** When a schedule should have begun its next run, or undefined if it has none. */
const dueTimeOf = (
  { expression, timeZone }: WatchedSchedule,
  firedAt: string | undefined,
  since: string,
): number | undefined => {
  const from = Math.max(
    millis(since) + DEPLOYMENT,
    firedAt === undefined ? Number.NEGATIVE_INFINITY : millis(firedAt),
  );
  return nextTimeOf(expression, timeZone)(new Date(from))?.getTime();
};

export const sweepSchedules = async (ports: SweepPorts, step: Step): Promise<void> => {
  const { schedules, firings, log } = ports;
  const before = await firings.known();
  const known = knownNow(schedules, before, step.now);
  if (!isDeepStrictEqual(known, before)) await firings.keep(known);
  for (const [index, schedule] of schedules.entries()) {
    if (!step.hasTime()) return;
    await step.attempt(async () => {
      const since = known[index]?.since ?? iso(step.now);
      const dueAt = dueTimeOf(schedule, await firings.last(schedule.name), since);
      const grace = GRACE + schedule.flexibleMinutes * MINUTE;
      if (dueAt === undefined || step.now <= dueAt + grace) return;
      step.count('runsMissing');
      log.error('a schedule was due and started no run', {
        schedule: schedule.name,
        dueAt: iso(dueAt),
      });
    });
  }
};
