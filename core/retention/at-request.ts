import { type Backup, iso } from '../backup.ts';
import type { RetentionClass } from './classes.ts';
import { everyDays, isPolicy, type RetentionSettings } from './policy.ts';

const DAY_MS = 86_400_000;

export type GivenRetention = Pick<
  Backup,
  'retentionClass' | 'expiresAt' | 'retentionPolicy' | 'fixedRetention'
>;

const untilDays = (days: number, from: number): string => iso(from + days * DAY_MS);

/**
 * Retention of a backup whose request named its days. No policy changes it.
 * @param from when its life begins, milliseconds
 */
export const keptForDays = (days: number, from: number): GivenRetention => ({
  retentionClass: 'daily',
  expiresAt: untilDays(days, from),
  fixedRetention: true,
});

/**
 * Retention of a new backup. Under a policy it is that of a backup without a class: completion finds its classes.
 * @param given the class of its schedule; unused under a policy
 * @param from when its life begins, milliseconds
 */
export const retentionAtRequest = (
  settings: RetentionSettings,
  given: RetentionClass,
  from: number,
): GivenRetention =>
  isPolicy(settings)
    ? {
        retentionClass: 'daily',
        expiresAt: untilDays(everyDays(settings), from),
        retentionPolicy: settings,
      }
    : { retentionClass: given, expiresAt: untilDays(settings[given], from) };
