import type { Schedule, ScheduleScope } from './schedules.ts';

/** The schedules in EventBridge Scheduler. */
export interface Schedules {
  /** One that the API made. */
  get(scope: ScheduleScope, name: string): Promise<Schedule | undefined>;
  /** Those that the API made for one scope, by name. */
  of(scope: ScheduleScope): Promise<readonly Schedule[]>;
  /** How many the API made for one scope. */
  count(scope: ScheduleScope): Promise<number>;
  /** Those of the configuration, as they were deployed, by name. */
  configured(): Promise<readonly Schedule[]>;
  /** All of them in pages: the configuration's first, then those that the API made. */
  page(options: {
    readonly limit: number;
    readonly position?: string;
  }): Promise<{ readonly items: readonly Schedule[]; readonly position?: string }>;
  /** Replaces it, or creates it. @throws ScheduleBusy, InvalidInput for what EventBridge Scheduler refuses */
  put(schedule: Schedule): Promise<void>;
  /** Creates it unless it exists. @throws as `put` */
  create(schedule: Schedule): Promise<'created' | 'exists'>;
  /** Deletes all that the API made for one scope; returns how many. @throws ScheduleBusy */
  removeAll(scope: ScheduleScope): Promise<number>;
  /** @throws ScheduleBusy */
  remove(scope: ScheduleScope, name: string): Promise<'removed' | 'missing'>;
}
