import { randomUUID } from 'node:crypto';
import { nextTimeOf } from '../../core/schedule-times.ts';
import type { LocalSchedule } from '../template/model.ts';

/**
 * EventBridge Scheduler: invokes a schedule's function, asynchronously as AWS does, at its times and with its input.
 * If a target accepts no invocation at all, the scheduler retries and then sends the event to its dead-letter queue;
 * Lambda handles failures within the function.
 */
export interface Scheduler {
  /** Fires one now, on the same path as at its due time. */
  fire(schedule: LocalSchedule, scheduledAt: Date): Promise<void>;
  /** Adds a schedule, or replaces the one with its id. */
  put(schedule: LocalSchedule): void;
  remove(id: string): void;
  /** The present ones. */
  all(): readonly LocalSchedule[];
  stop(): void;
}

export interface SchedulerOptions {
  readonly schedules: readonly LocalSchedule[];
  /** @throws Error if there is no such function, or if the schedule's role may not invoke it */
  readonly invoke: (schedule: LocalSchedule, event: unknown) => void;
  readonly bury: (queueArn: string, body: string, schedule: LocalSchedule) => Promise<void>;
  readonly onError: (problem: string) => void;
}

/** setTimeout accepts at most 2^31 - 1 ms, which is 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
/** EventBridge Scheduler's times have seconds, without a fraction. */
export const scheduledTime = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z');

export const inputOf = (schedule: LocalSchedule, at: Date, attempt = 1): string =>
  schedule.input
    .replaceAll('<aws.scheduler.scheduled-time>', scheduledTime(at))
    .replaceAll(
      '<aws.scheduler.schedule-arn>',
      `arn:aws:scheduler:local:0:schedule/${schedule.name}`,
    )
    .replaceAll('<aws.scheduler.execution-id>', randomUUID())
    .replaceAll('<aws.scheduler.attempt-number>', String(attempt));

export const startScheduler = (options: SchedulerOptions): Scheduler => {
  const timers = new Map<string, NodeJS.Timeout>();
  const present = new Map<string, LocalSchedule>();
  let stopped = false;

  const fire = async (schedule: LocalSchedule, at: Date): Promise<void> => {
    const input = inputOf(schedule, at);
    try {
      options.invoke(schedule, JSON.parse(input));
    } catch (error) {
      options.onError(`Schedule ${schedule.name} could not be fired: ${(error as Error).message}`);
      if (schedule.deadLetter) await options.bury(schedule.deadLetter, input, schedule);
    }
  };

  const wait = (schedule: LocalSchedule, due: Date, then: () => void): void => {
    const left = due.getTime() - Date.now();
    const again = (): void => wait(schedule, due, then);
    timers.set(
      schedule.id,
      setTimeout(left > LONGEST_MS ? again : then, Math.min(left, LONGEST_MS)),
    );
  };

  const remove = (id: string): void => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    present.delete(id);
  };

  const put = (schedule: LocalSchedule): void => {
    remove(schedule.id);
    present.set(schedule.id, schedule);
    if (!schedule.enabled) return;
    const next = nextTimeOf(schedule.expression, schedule.timeZone);
    const plan = (after: Date): void => {
      const due = next(after);
      if (!due || stopped || present.get(schedule.id) !== schedule) return;
      wait(schedule, due, () => {
        fire(schedule, due).catch((error: Error) => options.onError(error.message));
        plan(due);
      });
    };
    plan(new Date());
  };
  for (const schedule of options.schedules) put(schedule);

  return {
    fire,
    put,
    remove,
    all: () => [...present.values()],
    stop: () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
};
