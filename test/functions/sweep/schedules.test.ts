import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { manualSchedule } from '../../../core/run.ts';
import type { WatchedSchedule } from '../../../core/settings.ts';
import { DAY, HOUR, MINUTE, type System } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

const schedule = (own: Partial<WatchedSchedule> = {}): WatchedSchedule => ({
  name: 'nightly',
  expression: 'rate(1 hour)',
  timeZone: 'UTC',
  flexibleMinutes: 0,
  ...own,
});

/** Milliseconds from now until clocks in UTC show this hour, tomorrow's at the earliest. */
const until = (hour: number): number => {
  const now = Date.parse(it.now());
  return Math.floor(now / DAY) * DAY + DAY + hour * HOUR - now;
};

const missing = async (...schedules: readonly WatchedSchedule[]): Promise<number> =>
  (await it.mended({ schedules })).runsMissing ?? 0;

const fired = async (name = 'nightly'): Promise<void> => {
  await it.begun({ schedule: name });
};

describe('a schedule that fires', () => {
  test('by cron is missed half an hour after it was due, until it fires again', async () => {
    const nightly = schedule({ expression: 'cron(0 1 * * ? *)' });
    await missing(nightly);
    it.pass(until(1));
    await fired();
    it.pass(DAY + 30 * MINUTE);
    expect(await missing(nightly)).toBe(0);
    it.pass(MINUTE);
    expect(await missing(nightly)).toBe(1);
    it.pass(12 * HOUR);
    expect(await missing(nightly)).toBe(1);
    it.pass(until(1));
    await fired();
    expect(await missing(nightly)).toBe(0);
  });

  test('by rate is missed an interval and half an hour after its last run', async () => {
    const hourly = schedule();
    await missing(hourly);
    it.pass(3 * HOUR);
    await fired();
    it.pass(HOUR + 30 * MINUTE);
    expect(await missing(hourly)).toBe(0);
    it.pass(MINUTE);
    expect(await missing(hourly)).toBe(1);
  });

  test('within a window may fire until its end', async () => {
    const windowed = schedule({ flexibleMinutes: 60 });
    await missing(windowed);
    it.pass(3 * HOUR);
    await fired();
    it.pass(HOUR + 90 * MINUTE);
    expect(await missing(windowed)).toBe(0);
    it.pass(MINUTE);
    expect(await missing(windowed)).toBe(1);
  });

  test('by local time is due by its own time zone, and not at an hour that is skipped', async () => {
    const berlin = schedule({ expression: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' });
    await missing(berlin);
    // The night of 28 March 2027 has no 02:00 in Berlin.
    it.pass(Date.parse('2027-03-27T01:00:00Z') - Date.parse(it.now()));
    await fired();
    it.pass(DAY + 2 * HOUR);
    expect(await missing(berlin)).toBe(0);
    it.pass(DAY);
    expect(await missing(berlin)).toBe(1);
  });
});

describe('a firing is counted', () => {
  test('for the schedule that fired and no other, and for no run started by hand', async () => {
    const both = [schedule(), schedule({ name: 'constructor' })];
    await missing(...both);
    it.pass(3 * HOUR);
    await fired('constructor');
    await fired(manualSchedule('0193'));
    expect(await missing(...both)).toBe(1);
  });

  test('at the time it was due: planning an earlier run again does not remove a later one', async () => {
    await missing(schedule());
    it.pass(3 * HOUR);
    await fired();
    await it.begun({ scheduledAt: iso(Date.parse(it.now()) - 2 * HOUR) });
    it.pass(HOUR + 30 * MINUTE);
    expect(await missing(schedule())).toBe(0);
  });

  test('even if the run existed before its firing was noted', async () => {
    await missing(schedule());
    it.pass(3 * HOUR);
    const run = await it.begun();
    expect((await it.runs.begin(run)).created).toBe(false);
    expect(await it.ports.firings.last('nightly')).toBe(run.scheduledAt);
  });
});

describe('due times before a schedule existed', () => {
  test('do not count if it is new: it has an hour for its deployment', async () => {
    const hourly = schedule();
    expect(await missing(hourly)).toBe(0);
    it.pass(2 * HOUR + 30 * MINUTE);
    expect(await missing(hourly)).toBe(0);
    it.pass(MINUTE);
    expect(await missing(hourly)).toBe(1);
  });

  test.each([
    ['another expression', { expression: 'cron(0 1 * * ? *)' }],
    ['another time zone', { expression: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' }],
  ])('do not count if it was changed to %s', async (_, change) => {
    const daily = schedule({ expression: 'cron(0 2 * * ? *)' });
    await missing(daily);
    it.pass(until(2));
    await fired();
    it.pass(until(12));
    expect(await missing(daily)).toBe(1);
    expect(await missing(schedule(change))).toBe(0);
    it.pass(until(3));
    expect(await missing(schedule(change))).toBe(1);
  });

  test('do not count if it was disabled for days', async () => {
    const daily = schedule({ expression: 'cron(0 2 * * ? *)' });
    await missing(daily);
    it.pass(until(2));
    await fired();
    expect(await missing()).toBe(0);
    it.pass(5 * DAY);
    expect(await missing(daily)).toBe(0);
    it.pass(until(3));
    expect(await missing(daily)).toBe(1);
  });
});

test('one that is never due again is not missed', async () => {
  const once = schedule({ expression: 'cron(0 0 1 1 ? 2020)' });
  await missing(once);
  it.pass(30 * DAY);
  expect(await missing(once)).toBe(0);
});
