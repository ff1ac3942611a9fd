import { Cron } from 'croner';

/**
 * Parses EventBridge Scheduler's grammar with croner: six fields without seconds, days of the week from 1 (Sunday),
 * `?`, `L`, `W` and `#`. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
const LAST = [59, 23, 31, 12, 7, 2199] as const;
const DAY_OF_WEEK = 4;

/** `5/15` begins at 5; croner needs the end too. */
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
const cronerPattern = (body: string): string =>
  ['0', ...body.trim().split(/\s+/).map(field)].join(' ');

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const HOUR_MS = 3_600_000;

/** Returns the first time after another at which the schedule is due, or undefined if there is none. */
export type NextTime = (after: Date) => Date | undefined;

type WallClock = (at: Date) => Date;

/** What the clocks of a time zone show, as a Date with these values in its UTC fields. */
const wallClockOf = (timeZone: string): WallClock => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const day = [part('year'), part('month') - 1, part('day')] as const;
    return new Date(Date.UTC(...day, part('hour'), part('minute'), part('second')));
  };
};

const DAY_MS = 86_400_000;
const offsetAt = (wallClock: WallClock, at: number): number => {
  const second = Math.floor(at / 1000) * 1000;
  return wallClock(new Date(second)).getTime() - second;
};

/** The instant at which clocks first show it; undefined if they skip it. */
const instantOf = (wallClock: WallClock, wall: Date): Date | undefined => {
  const shown = wall.getTime();
  const offsets = [offsetAt(wallClock, shown - DAY_MS), offsetAt(wallClock, shown + DAY_MS)];
  const found = offsets
    .map((offset) => shown - offset)
    .filter((at) => at + offsetAt(wallClock, at) === shown);
  return found.length ? new Date(Math.min(...found)) : undefined;
};

/** The pattern's times, on a clock that never jumps. */
const onTheWall = (body: string): NextTime => {
  const cron = new Cron(cronerPattern(body), {
    timezone: 'UTC',
    mode: '7-part',
    alternativeWeekdays: true,
    paused: true,
  });
  return (after) => cron.nextRun(after) ?? undefined;
};

/**
 * If clocks go forward, EventBridge Scheduler skips firings in the missing hour; if they go back, it fires once.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
const nextOfCron = (body: string, timeZone: string): NextTime => {
  const nextOnTheWall = onTheWall(body);
  const wallClock = wallClockOf(timeZone);
  return (after) => {
    for (
      let wall = nextOnTheWall(wallClock(after));
      wall !== undefined;
      wall = nextOnTheWall(wall)
    ) {
      const due = instantOf(wallClock, wall);
      if (due && due > after) return due;
    }
    return undefined;
  };
};

/** @throws Error for expressions that EventBridge Scheduler would not accept */
export const nextTimeOf = (expression: string, timeZone: string): NextTime => {
  const [, kind, body = ''] = /^(cron|rate|at)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'cron') return nextOfCron(body, timeZone);
  const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(body.trim()) ?? [];
  if (kind === 'rate' && count && unit) {
    const every = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    return (after) => new Date(after.getTime() + every);
  }
  throw new Error(`${expression} is not a schedule that can run here`);
};

/**
 * The next times at which a schedule is due, the first ones after `after`.
 * @param since when the schedule was last written: EventBridge Scheduler counts a rate from then
 */
export const nextTimesOf = (
  expression: string,
  timeZone: string,
  { after, since, count }: { readonly after: Date; readonly since: Date; readonly count: number },
): readonly Date[] => {
  const next = nextTimeOf(expression, timeZone);
  const times: Date[] = [];
  let at: Date | undefined = after;
  if (expression.startsWith('rate')) {
    const every = (next(since)?.getTime() ?? 0) - since.getTime();
    const passed = Math.max(0, Math.floor((after.getTime() - since.getTime()) / every));
    at = new Date(since.getTime() + passed * every);
  }
  while (times.length < count) {
    at = next(at);
    if (!at) break;
    times.push(at);
  }
  return times;
};

/** Clocks jump from one time to another; both as UTC fields. */
interface Gap {
  readonly from: Date;
  readonly to: Date;
}

const gapsOf = (wallClock: WallClock, begin: Date, end: Date): Gap[] => {
  const gaps: Gap[] = [];
  for (let at = begin.getTime(); at < end.getTime(); at += DAY_MS) {
    const before = offsetAt(wallClock, at);
    const after = offsetAt(wallClock, at + DAY_MS);
    if (after <= before) continue;
    let low = at;
    let high = at + DAY_MS;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offsetAt(wallClock, middle) === before) low = middle;
      else high = middle;
    }
    gaps.push({ from: new Date(high + before), to: new Date(high + after) });
  }
  return gaps;
};

/**
 * The first due time between two times that the zone's clocks skip, as they would show it:
 * `2027-03-28 02:00`. Undefined if there is none, or if the schedule is due again within an hour after the jump.
 */
export const skippedTimeOf = (
  expression: string,
  timeZone: string,
  begin: Date,
  end: Date,
): string | undefined => {
  const [, body] = /^cron\((.*)\)$/.exec(expression) ?? [];
  if (body === undefined) return undefined;
  const nextOnTheWall = onTheWall(body);
  const lastSecond = (time: Date): Date => new Date(time.getTime() - 1000);
  for (const { from, to } of gapsOf(wallClockOf(timeZone), begin, end)) {
    const due = nextOnTheWall(lastSecond(from));
    if (!due || due >= to) continue;
    const again = nextOnTheWall(lastSecond(to));
    if (again && again.getTime() - to.getTime() < HOUR_MS) continue;
    return due.toISOString().slice(0, 16).replace('T', ' ');
  }
  return undefined;
};

/** A year of daily firings. */
const FIRINGS = 366;

/**
 * The shortest time between two consecutive firings in the next year (at most 366 firings), milliseconds.
 * Undefined if the schedule fires less than twice.
 */
export const shortestIntervalOf = (
  expression: string,
  timeZone: string,
  begin: Date,
): number | undefined => {
  const next = nextTimeOf(expression, timeZone);
  const firings: Date[] = [];
  const end = begin.getTime() + FIRINGS * DAY_MS;
  let due = next(begin);
  while (due && due.getTime() <= end && firings.length < FIRINGS) {
    firings.push(due);
    due = next(due);
  }
  const intervals = firings.slice(1).map((at, index) => at.getTime() - Number(firings[index]));
  return intervals.length ? Math.min(...intervals) : undefined;
};
