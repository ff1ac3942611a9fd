import { describe, expect, test } from 'vitest';
import type { Generation } from '../../../core/retention/classes.ts';
import { type Aging, decideGenerations, expiryOf } from '../../../core/retention/generations.ts';
import { type RetentionPolicyInput, retentionPolicy } from '../../../core/retention/policy.ts';

const policyOf = (given: RetentionPolicyInput) => retentionPolicy.parse(given);
const USUAL = policyOf({ generations: { daily: 7, weekly: 12, monthly: 12, yearly: 3 } });

const backup = (id: string, createdAt: string, changes: Partial<Aging> = {}): Aging => ({
  id,
  createdAt,
  expiresAt: createdAt,
  isFull: true,
  isBad: false,
  retentionPolicy: USUAL,
  ...changes,
});
const held = (completed: readonly Aging[]): Record<string, readonly Generation[]> =>
  Object.fromEntries(decideGenerations(completed).map(({ id, generations }) => [id, generations]));

describe('the classes of a completed backup', () => {
  test('are those whose week, month and year have no other', () => {
    const night = [
      backup('a', '2026-11-30T01:00:00.000Z'),
      backup('b', '2026-12-01T01:00:00.000Z'),
      backup('c', '2026-12-02T01:00:00.000Z'),
      backup('d', '2026-12-07T01:00:00.000Z'),
    ];
    expect(held(night)).toEqual({
      a: ['weekly', 'monthly', 'yearly'],
      b: ['monthly'],
      c: [],
      d: ['weekly'],
    });
  });

  test('are counted in ISO weeks: the first days of January may belong to the old year', () => {
    const turn = [
      backup('a', '2026-12-28T01:00:00.000Z'),
      backup('b', '2027-01-01T01:00:00.000Z'),
      backup('c', '2027-01-03T23:59:59.999Z'),
      backup('d', '2027-01-04T00:00:00.000Z'),
    ];
    expect(held(turn)).toEqual({
      a: ['weekly', 'monthly', 'yearly'],
      b: ['monthly', 'yearly'],
      c: [],
      d: ['weekly'],
    });
  });

  test("are counted in the policy's time zone", () => {
    const zoned = (timeZone: string) => ({ retentionPolicy: { ...USUAL, timeZone } });
    const ofZone = (timeZone: string) =>
      held([
        backup('a', '2026-12-30T01:00:00.000Z', zoned(timeZone)),
        backup('b', '2026-12-31T12:00:00.000Z', zoned(timeZone)),
      ]).b;
    expect(ofZone('UTC')).toEqual([]);
    expect(ofZone('Pacific/Kiritimati')).toEqual(['monthly', 'yearly']);
  });

  test('are only those that the policy uses', () => {
    const retention = policyOf({ days: 30, generations: { monthly: 6 } });
    expect(held([backup('a', '2026-12-01T01:00:00.000Z', { retentionPolicy: retention })])).toEqual(
      {
        a: ['monthly'],
      },
    );
  });

  test.each([
    ['not full', { isFull: false }],
    ['known to be damaged', { isBad: true }],
  ])('are none for one that is %s, and the next one gets them', (_why, changes) => {
    const both = [
      backup('a', '2026-11-30T01:00:00.000Z', changes),
      backup('b', '2026-11-30T05:00:00.000Z'),
    ];
    expect(held(both)).toEqual({ a: [], b: ['weekly', 'monthly', 'yearly'] });
  });

  test('are given to another one of the week when their holder is found damaged', () => {
    const holder = { generations: ['weekly'], expiresAt: '2027-02-22T01:00:00.000Z' } as const;
    const decided = [
      backup('a', '2026-11-30T01:00:00.000Z', { ...holder, isBad: true }),
      backup('b', '2026-11-30T05:00:00.000Z', { generations: [] }),
    ];
    const [taken, ...others] = decideGenerations(decided);
    expect(others).toEqual([]);
    expect(taken).toMatchObject({ id: 'b', generations: ['weekly', 'monthly', 'yearly'] });
  });

  test('are not decided again', () => {
    const all = { generations: ['weekly', 'monthly', 'yearly'] } as const;
    expect(
      decideGenerations([
        backup('a', '2026-11-30T01:00:00.000Z', all),
        backup('b', '2026-11-30T05:00:00.000Z', { generations: [] }),
      ]),
    ).toEqual([]);
  });

  test('do not exist for a backup without a policy', () => {
    const { retentionPolicy: _, ...fixed } = backup('a', '2026-11-30T01:00:00.000Z');
    expect(decideGenerations([fixed])).toEqual([]);
  });
});

describe('the end of a backup', () => {
  const CREATED = '2026-01-31T01:00:00.000Z';
  const ends = (given: RetentionPolicyInput, ...classes: Generation[]): string =>
    expiryOf(CREATED, policyOf(given), classes);

  test('is the latest that days and classes give', () => {
    const given = { days: 10, generations: { daily: 7, weekly: 1, monthly: 1, yearly: 1 } };
    expect(ends(given)).toBe('2026-02-10T01:00:00.000Z');
    expect(ends(given, 'weekly')).toBe('2026-02-10T01:00:00.000Z');
    expect(ends(given, 'weekly', 'monthly')).toBe('2026-02-28T01:00:00.000Z');
    expect(ends(given, 'yearly')).toBe('2027-01-31T01:00:00.000Z');
  });

  test('is at the same time of the day in the time zone, whatever the clocks do', () => {
    const zoned = { generations: { daily: 7, weekly: 12 }, timeZone: 'Europe/Berlin' };
    expect(ends(zoned, 'weekly')).toBe('2026-04-25T00:00:00.000Z');
  });
});

describe('a policy', () => {
  test.each([
    [{}, 'give days or generations.daily'],
    [{ generations: { weekly: 4 } }, 'give days or generations.daily'],
    [{ days: 0 }, 'Too small'],
    [{ days: 1, timeZone: '+02:00' }, 'give a time zone'],
  ])('%j is refused', (given, why) => {
    const { error } = retentionPolicy.safeParse(given);
    expect(error?.message).toContain(why);
  });
});
