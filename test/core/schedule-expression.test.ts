import { describe, expect, test } from 'vitest';
import { isTimeZone } from '../../core/retention/policy.ts';
import { expressionProblems } from '../../core/schedule-expression.ts';

describe('what EventBridge Scheduler accepts is accepted', () => {
  test.each([
    // From its user guide, or built from what it lists there.
    'cron(0 10 * * ? *)',
    'cron(15 12 * * ? *)',
    'cron(0 18 ? * MON-FRI *)',
    'cron(0 8 1 * ? *)',
    'cron(0/15 * * * ? *)',
    'cron(0/10 * ? * MON-FRI *)',
    'cron(0/5 8-17 ? * MON-FRI *)',
    'cron(0/30 20-23,0-2 ? * MON-FRI *)',
    'cron(15 10 ? * 6L 2022-2023)',
    'cron(0 9 ? * 2#1 *)',
    'cron(0 9 ? * TUE#2 *)',
    'cron(0 2 L * ? *)',
    'cron(0 2 LW * ? *)',
    'cron(0 2 15W * ? *)',
    'cron(0 2 ? * L *)',
    'cron(0 2 1,15 JAN,JUL ? *)',
    'cron(0 2 1-7/2 * ? 2026/2)',
    'cron( 0  2 * * ? * )',
    'rate(1 minute)',
    'rate(5 minutes)',
    'rate(1 hour)',
    'rate(12 hours)',
    'rate(7 days)',
  ])('%s', (expression) => {
    expect(expressionProblems(expression)).toEqual([]);
  });
});

describe('what it refuses is refused, with the field and the accepted values', () => {
  test.each([
    ['0 2 * * *', 'neither cron'],
    ['cron(0 2 * * *)', 'needs 6 fields'],
    ['cron(0 2 * * ? * *)', 'not 7'],
    ['cron()', 'not 0'],
    ['cron(60 2 * * ? *)', 'minutes: "60"'],
    ['cron(0 24 * * ? *)', 'hours: "24"'],
    ['cron(0 2 0 * ? *)', 'day of month: "0"'],
    ['cron(0 2 32W * ? *)', 'day of month: "32W"'],
    ['cron(0 2 * 13 ? *)', 'month: "13"'],
    ['cron(0 2 * jan ? *)', 'month: "jan"'],
    ['cron(0 2 ? * 0 *)', 'day of week: "0"'],
    ['cron(0 2 ? * 8 *)', 'day of week: "8"'],
    ['cron(0 2 ? * 3#6 *)', 'day of week: "3#6"'],
    ['cron(0 2 ? * 3#1,6#3 *)', 'must stand alone'],
    ['cron(0 2 1,L * ? *)', 'must stand alone'],
    ['cron(0 2 * * ? 1969)', 'year: "1969"'],
    ['cron(0 2 * * ? 2200)', 'year: "2200"'],
    ['cron(0 2 * * * *)', 'exactly one of day of month and day of week'],
    ['cron(0 2 ? * ? *)', 'both are'],
    ['cron(0 2 1 * 2 *)', 'none is'],
    ['cron(? 2 * * ? *)', 'minutes: "?"'],
    ['cron(5-1 2 * * ? *)', 'minutes: "5-1"'],
    ['cron(0/0 2 * * ? *)', 'minutes: "0/0"'],
    ['cron(0/90 2 * * ? *)', 'minutes: "0/90"'],
    ['cron(/5 2 * * ? *)', 'minutes: "/5"'],
    ['cron(1,,2 2 * * ? *)', 'minutes: ""'],
    ['cron(1-2-3 2 * * ? *)', 'minutes: "1-2-3"'],
    ['cron(-1 2 * * ? *)', 'minutes: "-1"'],
    ['cron(0x1 2 * * ? *)', 'minutes: "0x1"'],
    ['cron(H 2 * * ? *)', 'minutes: "H"'],
    ['cron(0 2 * * ? *) ', 'neither cron'],
    ['rate(0 minutes)', '1 or more'],
    ['rate(1.5 hours)', 'whole number'],
    ['rate(5)', 'whole number'],
    ['rate(5 weeks)', 'whole number'],
    ['rate(-5 minutes)', 'whole number'],
    ['at(2026-11-21T02:00:00)', 'neither cron'],
    ['', 'neither cron'],
  ])('%s', (expression, says) => {
    expect(expressionProblems(expression).join('\n')).toContain(says);
  });

  test('every wrong field is named at once', () => {
    expect(expressionProblems('cron(60 24 * * ? *)')).toHaveLength(2);
  });
});

test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])(
  '%s is a time zone',
  (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  },
);

test.each(['Berlin', '+02:00', '%j is not a time zone', '', 'Europe/Nowhere'])(
  '%j is no time zone',
  (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  },
);
