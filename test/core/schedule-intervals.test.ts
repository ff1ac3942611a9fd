import { expect, test } from 'vitest';
import { shortestIntervalOf } from '../../core/schedule-times.ts';

const HOUR = 3_600_000;
const AUTUMN = new Date('2026-11-30T12:00:00Z');

test.each([
  ['every night, in a zone without summer time', 'cron(0 1 * * ? *)', 'UTC', 24],
  ['every night, where a day of March has 23 hours', 'cron(0 4 * * ? *)', 'Europe/Berlin', 23],
  ['twice a day', 'cron(0 1,9 * * ? *)', 'UTC', 8],
  ['on two days that follow each other', 'cron(0 1 ? * SUN,MON *)', 'UTC', 24],
  ['once a week', 'cron(0 1 ? * SUN *)', 'UTC', 168],
  ['by a rate', 'rate(6 hours)', 'Europe/Berlin', 6],
])('the shortest time between two firings: %s', (_, expression, zone, hours) => {
  expect(shortestIntervalOf(expression, zone, AUTUMN)).toBe(hours * HOUR);
});

test('a schedule that fires once has no interval, and neither has one of the past', () => {
  expect(shortestIntervalOf('cron(0 1 24 12 ? 2026)', 'UTC', AUTUMN)).toBeUndefined();
  expect(shortestIntervalOf('cron(0 1 24 12 ? 2025)', 'UTC', AUTUMN)).toBeUndefined();
});
