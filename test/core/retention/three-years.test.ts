import fc from 'fast-check';
import { expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { lastGood } from '../../../core/last-good.ts';
import { type Affected, effectsOf } from '../../../core/retention/change-policy.ts';
import type { Generation } from '../../../core/retention/classes.ts';
import { decideGenerations, expiryOf } from '../../../core/retention/generations.ts';
import { type RetentionPolicy, retentionPolicy } from '../../../core/retention/policy.ts';

/**
 * Three years of nightly backups of one project: some fail, some are found damaged, some are pinned, some are partial, and the policy
 * changes. The model removes what the rows' `expiresAt` allows, as DynamoDB's TTL does.
 */
const DAY = 86_400_000;
const NIGHTS = 3 * 365;
const FIRST = Date.UTC(2026, 0, 1, 1);

interface Kept extends Affected {
  readonly backup: Affected['backup'] & { readonly pinned?: true };
}

interface Night {
  readonly outcome: 'good' | 'failed' | 'damaged' | 'verified' | 'partial' | 'none';
  readonly pinned: boolean;
}

const night: fc.Arbitrary<Night> = fc.record({
  outcome: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('good' as const, 'verified' as const) },
    { weight: 2, arbitrary: fc.constantFrom('failed' as const, 'none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('damaged' as const, 'partial' as const) },
  ),
  pinned: fc.oneof({ weight: 60, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const count = (most: number) => fc.option(fc.integer({ min: 1, max: most }), { nil: undefined });
const policy: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    days: count(60),
    daily: fc.integer({ min: 1, max: 40 }),
    weekly: count(30),
    monthly: count(24),
    yearly: count(5),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Kiritimati'),
  })
  .map(({ days, timeZone, ...generations }) =>
    retentionPolicy.parse(JSON.parse(JSON.stringify({ days, timeZone, generations }))),
  );

const backupOf = (index: number, { outcome, pinned }: Night): Kept => ({
  backup: {
    id: String(index).padStart(6, '0'),
    type: 'database',
    content: outcome === 'partial' ? 'schema' : 'full',
    createdAt: iso(FIRST + index * DAY),
    expiresAt: iso(FIRST + index * DAY + DAY),
    ...(pinned && { pinned }),
  },
  isBad: outcome === 'damaged',
  isVerified: outcome === 'verified',
});

/** Newest first, as the adapter reads them. */
const settled = (rows: readonly Kept[], current: RetentionPolicy): Kept[] => {
  const decided = new Map(
    decideGenerations(
      rows.map(({ backup, isBad }) => ({
        ...backup,
        retentionPolicy: backup.retentionPolicy ?? current,
        isFull: backup.content === 'full',
        isBad,
      })),
    ).map(({ id, ...decision }) => [id, decision]),
  );
  return rows.map((row) => ({ ...row, backup: { ...row.backup, ...decided.get(row.backup.id) } }));
};

/** Removes what TTL may remove. */
const pruned = (rows: readonly Kept[], now: number): Kept[] => {
  const protectedIds = new Set(lastGood(rows).map(({ backup }) => backup.id));
  return rows.filter(
    ({ backup }) =>
      backup.pinned || protectedIds.has(backup.id) || Date.parse(backup.expiresAt) > now,
  );
};

const changed = (rows: readonly Kept[], next: RetentionPolicy, now: number): Kept[] => {
  const effects = new Map(effectsOf(rows, next, now).map((one) => [one.id, one]));
  return rows.map((row) => {
    const { id: _, ...decision } = effects.get(row.backup.id)?.decision ?? { id: '' };
    return { ...row, backup: { ...row.backup, ...decision } };
  });
};

/** Whether the policy gives any reason to keep it at this time: days, or a class that it holds. */
const isWithin = ({ backup }: Kept, current: RetentionPolicy, now: number): boolean => {
  const classes: readonly Generation[] = backup.generations ?? [];
  return Date.parse(expiryOf(backup.createdAt, current, classes)) > now;
};

const holdersOf = (rows: readonly Kept[], current: RetentionPolicy): string[] =>
  rows
    .filter(({ isBad }) => !isBad)
    .flatMap(({ backup: { createdAt, generations = [] } }) =>
      generations.map((generation) => {
        const day = new Intl.DateTimeFormat('sv', { timeZone: current.timeZone });
        const date = day.format(new Date(createdAt));
        if (generation === 'yearly') return date.slice(0, 4);
        return generation === 'monthly' ? date.slice(0, 7) : `week of ${mondayOf(date)}`;
      }),
    );

/** The Monday of a date's week, both as `2026-11-30`. */
const mondayOf = (date: string): string => {
  const time = Date.parse(date);
  return iso(time - ((new Date(time).getUTCDay() + 6) % 7) * DAY).slice(0, 10);
};

test('three years of nights keep every last good and pinned backup, and no more than the policy says', () => {
  const years = fc.record({
    nights: fc.array(night, { minLength: NIGHTS, maxLength: NIGHTS }),
    first: policy,
    changes: fc.array(fc.record({ at: fc.integer({ min: 1, max: NIGHTS - 1 }), next: policy }), {
      maxLength: 3,
    }),
  });
  fc.assert(
    fc.property(years, ({ nights, first, changes }) => {
      let rows: Kept[] = [];
      let current = first;
      const pinned = new Set<string>();
      nights.forEach((one, index) => {
        const now = FIRST + index * DAY + 3_600_000;
        const change = changes.find(({ at }) => at === index);
        if (change) {
          current = change.next;
          rows = changed(rows, current, now);
        }
        if (one.outcome !== 'failed' && one.outcome !== 'none')
          rows = settled([backupOf(index, one), ...rows], current);
        if (one.pinned && rows[0]?.backup.pinned) pinned.add(rows[0].backup.id);
        const good = lastGood(rows).map(({ backup }) => backup.id);
        rows = pruned(rows, now);

        const left = new Set(rows.map(({ backup }) => backup.id));
        for (const id of [...good, ...pinned]) expect(left).toContain(id);
        if (index % 20 === 0) {
          for (const row of rows)
            expect(
              row.backup.pinned || good.includes(row.backup.id) || isWithin(row, current, now),
              `${row.backup.id} in night ${index}`,
            ).toBe(true);
          const holders = holdersOf(rows, current);
          expect(new Set(holders).size).toBe(holders.length);
        }
      });
    }),
    { numRuns: 3 },
  );
});
