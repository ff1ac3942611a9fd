import { Temporal } from 'temporal-polyfill';
import { iso } from '../backup.ts';
import { GENERATIONS, type Generation, type RetentionClass } from './classes.ts';
import { everyDays, type RetentionPolicy } from './policy.ts';

/**
 * Retention by generations. A full backup gets a class of each kind whose period (ISO week, month or year in the policy's time zone)
 * has no other holder. It is decided when the backup completes, so that `expiresAt` is final and DynamoDB's TTL needs no pruning job.
 * A class is given again only if its holder was found damaged or was deleted. A backup never loses a class, and its life is never
 * shortened: only a changed policy does that, see `apply-policy.ts`.
 */

/** A completed backup of one project. */
export interface Aging {
  readonly id: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly isFull: boolean;
  /** A verification found it damaged, and none has passed since then. */
  readonly isBad: boolean;
  /** A person decided its end: it holds the classes that it has, and gets no others. */
  readonly isFixed?: boolean;
  /** Absent: fixed `expiresAt`. Such a backup holds no class. */
  readonly retentionPolicy?: RetentionPolicy;
  /** Absent: not decided yet. */
  readonly generations?: readonly Generation[];
}

export interface Decision {
  readonly id: string;
  /** The policy that decided. */
  readonly retentionPolicy: RetentionPolicy;
  readonly generations: readonly Generation[];
  /** The longest-lived one. */
  readonly retentionClass: RetentionClass;
  readonly expiresAt: string;
}

type Zoned = Temporal.ZonedDateTime;

const zonedOf = (time: string, { timeZone }: RetentionPolicy): Zoned =>
  Temporal.Instant.from(time).toZonedDateTimeISO(timeZone);

const two = (count: number): string => String(count).padStart(2, '0');

/** `2026-W53`, `2026-12` or `2026`. */
const periodOf = (generation: Generation, at: Zoned): string => {
  if (generation === 'weekly') return `${at.yearOfWeek}-W${two(at.weekOfYear ?? 0)}`;
  return generation === 'monthly' ? `${at.year}-${two(at.month)}` : `${at.year}`;
};

const UNITS = { weekly: 'weeks', monthly: 'months', yearly: 'years' } as const;

/** When a generation's time ends. Days and months are those of the policy's time zone; the end of a month is never passed over. */
const endOf = (at: Zoned, policy: RetentionPolicy, generation: Generation): number =>
  at.add({ [UNITS[generation]]: policy.generations?.[generation] ?? 0 }).epochMilliseconds;

/** When a backup with these classes expires: ISO 8601 in UTC. */
export const expiryOf = (
  createdAt: string,
  policy: RetentionPolicy,
  held: readonly Generation[],
): string => {
  const at = zonedOf(createdAt, policy);
  const ends = held.map((generation) => endOf(at, policy, generation));
  return iso(Math.max(at.add({ days: everyDays(policy) }).epochMilliseconds, ...ends));
};

/** The class that is kept longest, with the days that every backup is kept as the least of them. */
const longestOf = (held: readonly Generation[]): RetentionClass => held.at(-1) ?? 'daily';

type Holders = Set<string>;

const holderKeys = ({ createdAt, retentionPolicy }: Aging, held: readonly Generation[]) => {
  if (!retentionPolicy) return [];
  const at = zonedOf(createdAt, retentionPolicy);
  return held.map((generation) => periodOf(generation, at));
};

/** Classes of a backup that nobody holds in its periods. */
const freeFor = (backup: Aging, policy: RetentionPolicy, taken: Holders): readonly Generation[] => {
  const held = backup.generations ?? [];
  if (!backup.isFull || backup.isBad) return held;
  const at = zonedOf(backup.createdAt, policy);
  return GENERATIONS.filter(
    (generation) =>
      held.includes(generation) ||
      (policy.generations?.[generation] !== undefined && !taken.has(periodOf(generation, at))),
  );
};

/**
 * The classes that completed backups of one project get now: for each backup without a decision, and for one that takes the place of a
 * damaged or deleted holder.
 * @param completed in any order
 */
export const decideGenerations = (completed: readonly Aging[]): Decision[] => {
  const taken: Holders = new Set(
    completed
      .filter(({ isBad }) => !isBad)
      .flatMap((one) => holderKeys(one, one.generations ?? [])),
  );
  const oldestFirst = completed.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return oldestFirst.flatMap((backup) => {
    const { id, createdAt, retentionPolicy: policy } = backup;
    if (!policy || backup.isFixed) return [];
    const held = freeFor(backup, policy, taken);
    if (backup.generations && held.length === backup.generations.length) return [];
    for (const key of holderKeys(backup, held)) taken.add(key);
    const until = expiryOf(createdAt, policy, held);
    return [
      {
        id,
        retentionPolicy: policy,
        generations: held,
        retentionClass: longestOf(held),
        expiresAt: until > backup.expiresAt || !backup.generations ? until : backup.expiresAt,
      },
    ];
  });
};
