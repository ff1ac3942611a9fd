import * as z from 'zod';
import type { RetentionClass } from './classes.ts';

/** 100 years, the longest that anything is kept. */
const MOST_DAYS = 36_500;
const days = z.int().min(1).max(MOST_DAYS);

/** Whether a value had no mistake so far: another rule would only repeat it. */
const isSound = ({ issues }: z.core.ParsePayload): boolean => issues.length === 0;

/** How long a backup of each class is kept. A class that is left out is not used. */
const generations = z
  .strictObject({
    /** Days that every backup is kept. */
    daily: days.optional(),
    /** Weeks that the first backup of each ISO week is kept. */
    weekly: z.int().min(1).max(5200).optional(),
    /** Months that the first backup of each month is kept. */
    monthly: z.int().min(1).max(1200).optional(),
    /** Years that the first backup of each year is kept. */
    yearly: z.int().min(1).max(100).optional(),
  })
  .refine((value) => Object.values(value).some((count) => count !== undefined), {
    message: 'give at least one of daily, weekly, monthly and yearly',
    when: isSound,
  });

/** Whether the time zone is in the IANA database, in the copy that Node has. */
export const isTimeZone = (name: string): boolean => {
  // Intl also accepts offsets such as +02:00; EventBridge Scheduler does not.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** `days`, `generations` or both: a backup is kept for the longest time that any of them gives. */
const policyShape = z.strictObject({
  /** Days that every backup is kept. */
  days: days.optional(),
  generations: generations.optional(),
  /** The time zone in which weeks, months and years begin: a name of the IANA database. */
  timeZone: z
    .string()
    .refine(isTimeZone, 'give a time zone of the IANA database, such as Europe/Berlin or UTC')
    .default('UTC'),
});

const hasDays = ({ days: all, generations: by }: z.output<typeof policyShape>): boolean =>
  all !== undefined || by?.daily !== undefined;

/** A backup that is the first of no week, month or year is kept by one of these two. */
export const retentionPolicy = policyShape.refine(hasDays, {
  message: 'give days or generations.daily: how long every backup is kept',
  when: isSound,
});
export type RetentionPolicy = z.output<typeof retentionPolicy>;
export type RetentionPolicyInput = z.input<typeof retentionPolicy>;

/** Classes given by schedules, each with its days. The form of before there were generations. */
export const classDays = z.strictObject({
  daily: days.default(30),
  weekly: days.default(30),
  monthly: days.default(30),
  yearly: days.default(30),
});
export type ClassDays = z.output<typeof classDays>;

/** How long backups are kept: by a policy, or by the class that a schedule gives. */
export const retentionSettings = z.union([retentionPolicy, classDays]);
export type RetentionSettings = z.output<typeof retentionSettings>;

/** As a configuration writes it: a number is the days of every backup. */
export const retentionConfig = z
  .union([days, retentionPolicy, classDays])
  .transform(
    (value): RetentionSettings =>
      typeof value === 'number'
        ? { daily: value, weekly: value, monthly: value, yearly: value }
        : value,
  );

export const isPolicy = (settings: RetentionSettings): settings is RetentionPolicy =>
  !('daily' in settings);

/** Days for which a policy keeps every backup. */
export const everyDays = ({ days: all, generations: by }: RetentionPolicy): number =>
  Math.max(all ?? 0, by?.daily ?? 0);

/** Days of a backup of this class. By a policy, only completion finds the class: until then, days that every backup is kept. */
export const daysOf = (settings: RetentionSettings, given: RetentionClass): number =>
  isPolicy(settings) ? everyDays(settings) : settings[given];
