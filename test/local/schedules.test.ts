import { describe, expect, it } from 'vitest';
import { nextTimeOf, skippedTimeOf } from '../../core/schedule-times.ts';
import type { LocalSchedule } from '../../local/template/model.ts';
import { inputOf, startScheduler } from '../../local/triggers/scheduler.ts';

const SATURDAY_NOON = new Date('2026-11-21T12:00:00Z');

describe("EventBridge Scheduler's grammar", () => {
  it.each([
    ['cron(0 2 * * ? *)', 'UTC', '2026-11-22T02:00:00.000Z'],
    ['cron(0 2 * * ? *)', 'Europe/Berlin', '2026-11-22T01:00:00.000Z'],
    // Over the change to summer time the local hour stays the same.
    ['cron(30 3 ? MAR 1L 2027)', 'Europe/Berlin', '2027-03-28T01:30:00.000Z'],
    // Days of the week begin with Sunday, as 1.
    ['cron(0 2 ? * 2 *)', 'UTC', '2026-11-23T02:00:00.000Z'],
    ['cron(0 2 ? * MON-FRI *)', 'UTC', '2026-11-23T02:00:00.000Z'],
    ['cron(0 2 ? * L *)', 'UTC', '2026-11-28T02:00:00.000Z'],
    ['cron(0 2 ? * 6L *)', 'UTC', '2026-11-27T02:00:00.000Z'],
    ['cron(0 2 ? * FRIL *)', 'UTC', '2026-11-27T02:00:00.000Z'],
    ['cron(0 2 ? * 3#2 *)', 'UTC', '2026-12-08T02:00:00.000Z'],
    ['cron(0 2 L * ? *)', 'UTC', '2026-11-30T02:00:00.000Z'],
    ['cron(0 2 LW JAN ? *)', 'UTC', '2027-01-29T02:00:00.000Z'],
    ['cron(0 2 15W * ? *)', 'UTC', '2026-12-15T02:00:00.000Z'],
    ['cron(5/20 12 * * ? *)', 'UTC', '2026-11-21T12:05:00.000Z'],
    ['cron(0 0 1 1 ? 2030-2032)', 'UTC', '2030-01-01T00:00:00.000Z'],
    ['rate(5 minutes)', 'UTC', '2026-11-21T12:05:00.000Z'],
    ['rate(1 day)', 'UTC', '2026-11-22T12:00:00.000Z'],
  ])('%s in %s is due at %s', (expression, timeZone, due) => {
    expect(nextTimeOf(expression, timeZone)(SATURDAY_NOON)?.toISOString()).toBe(due);
  });

  it.each([
    ['cron(0 2 * * ? *)', 'Europe/Berlin', '2027-03-27T12:00:00Z', '2027-03-29T00:00:00.000Z'],
    ['cron(30 2 28 3 ? 2027)', 'Europe/Berlin', '2027-03-27T12:00:00Z', undefined],
    ['cron(0 * * * ? *)', 'Europe/Berlin', '2027-03-28T00:30:00Z', '2027-03-28T01:00:00.000Z'],
    ['cron(0 0 * * ? *)', 'Africa/Cairo', '2027-04-29T12:00:00Z', '2027-04-30T21:00:00.000Z'],
    [
      'cron(15 2 * * ? *)',
      'Australia/Lord_Howe',
      '2027-10-02T00:00:00Z',
      '2027-10-03T15:15:00.000Z',
    ],
  ])('%s in %s skips a local time that does not exist', (expression, timeZone, after, due) => {
    expect(nextTimeOf(expression, timeZone)(new Date(after))?.toISOString()).toBe(due);
  });

  it('is due once if a local time occurs twice', () => {
    const next = nextTimeOf('cron(30 2 * * ? *)', 'Europe/Berlin');
    const first = next(new Date('2027-10-30T12:00:00Z'));
    expect(first?.toISOString()).toBe('2027-10-31T00:30:00.000Z');
    expect(next(first ?? SATURDAY_NOON)?.toISOString()).toBe('2027-11-01T01:30:00.000Z');
    expect(next(new Date('2027-10-31T01:10:00Z'))?.toISOString()).toBe('2027-11-01T01:30:00.000Z');
  });

  it('knows a schedule that is never due again', () => {
    expect(nextTimeOf('cron(0 0 1 1 ? 2020)', 'UTC')(SATURDAY_NOON)).toBeUndefined();
  });
});

describe('a local time that does not exist', () => {
  const skipped = (expression: string, timeZone: string): string | undefined =>
    skippedTimeOf(expression, timeZone, SATURDAY_NOON, new Date('2028-11-21T12:00:00Z'));

  it.each([
    ['cron(0 2 * * ? *)', 'Europe/Berlin', '2027-03-28 02:00'],
    ['cron(59 2 ? * 1L *)', 'Europe/Berlin', '2027-03-28 02:59'],
    ['cron(30 2 * * ? *)', 'America/New_York', '2027-03-14 02:30'],
    ['cron(0 0 * * ? *)', 'Africa/Cairo', '2027-04-30 00:00'],
    ['cron(0 1 * * ? *)', 'Europe/Berlin', undefined],
    ['cron(0 3 * * ? *)', 'Europe/Berlin', undefined],
    ['cron(0 2 * * ? *)', 'UTC', undefined],
    ['cron(0 2 1 * ? *)', 'Europe/Berlin', undefined],
    // The next one is due as soon as the hour is over.
    ['cron(0 * * * ? *)', 'Europe/Berlin', undefined],
    ['rate(1 day)', 'Europe/Berlin', undefined],
  ])('of %s in %s is found in advance', (expression, timeZone, time) => {
    expect(skipped(expression, timeZone)).toBe(time);
  });
});

const schedule = (changes: Partial<LocalSchedule> = {}): LocalSchedule => ({
  id: 'Nightly',
  name: 'nightly',
  group: 'Group',
  role: 'arn:role',
  flexibleMinutes: 0,
  expression: 'cron(0 2 * * ? *)',
  timeZone: 'UTC',
  enabled: true,
  functionName: 'Plan',
  input: '{"scheduledAt":"<aws.scheduler.scheduled-time>","try":"<aws.scheduler.attempt-number>"}',
  retries: 0,
  maximumAge: 60,
  ...changes,
});

describe('the scheduler', () => {
  it('passes the time that was due, to the second', () => {
    const input = inputOf(schedule(), new Date('2026-11-21T02:00:00.789Z'));
    expect(JSON.parse(input)).toEqual({ scheduledAt: '2026-11-21T02:00:00Z', try: '1' });
  });

  it('sends the input of a schedule whose target does not exist to its dead-letter queue', async () => {
    const buried: string[] = [];
    const scheduler = startScheduler({
      schedules: [],
      invoke: () => {
        throw new Error('There is no function Plan');
      },
      bury: async (arn, body) => void buried.push(arn, body),
      onError: () => undefined,
    });
    await scheduler.fire(schedule({ input: '{"a":1}', deadLetter: 'arn:dead' }), SATURDAY_NOON);
    scheduler.stop();
    expect(buried).toEqual(['arn:dead', '{"a":1}']);
  });
});
