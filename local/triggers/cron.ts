import { Cron } from 'croner';

/**
 * EventBridge Scheduler's grammar, given to croner: six fields without seconds, days of the week from 1 (Sunday),
 * `?`, `L`, `W` and `#`. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
const LAST = [59, 23, 31, 12, 7, 2199] as const;
const DAY_OF_WEEK = 4;

/** `5/15` begins at 5; croner wants the end too. */
const withEnd = (item: string, last: number): string => {
  const [range = '', step] = item.split('/');
  return step === undefined || range === '*' || range.includes('-')
    ? item
    : `${range}-${last}/${step}`;
};

const field = (text: string, index: number): string => {
  if (text === '?') return '*';
  if (index === DAY_OF_WEEK && text === 'L') return '7';
  if (index === DAY_OF_WEEK) {
    const lastOfMonth = /^(\w+)L$/.exec(text)?.[1];
    if (lastOfMonth) return `${lastOfMonth}#L`;
  }
  const last = LAST[index] ?? 0;
  return text
    .split(',')
    .map((item) => withEnd(item, last))
    .join(',');
};

/** Croner's pattern with seconds and years, days of the week from 1. */
export const cronerPattern = (body: string): string =>
  ['0', ...body.trim().split(/\s+/).map(field)].join(' ');

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** Answers the first time after another at which the schedule is due, or undefined when it is never again. */
export type NextTime = (after: Date) => Date | undefined;

/** @throws Error for what EventBridge Scheduler would not take either */
export const nextTimeOf = (expression: string, timeZone: string): NextTime => {
  const [, kind, body = ''] = /^(cron|rate|at)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'cron') {
    const cron = new Cron(cronerPattern(body), {
      timezone: timeZone,
      mode: '7-part',
      alternativeWeekdays: true,
      paused: true,
    });
    return (after) => cron.nextRun(after) ?? undefined;
  }
  const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(body.trim()) ?? [];
  if (kind === 'rate' && count && unit) {
    const every = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    return (after) => new Date(after.getTime() + every);
  }
  throw new Error(`${expression} is no schedule that runs here`);
};
