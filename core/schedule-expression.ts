/**
 * EventBridge Scheduler's own grammar of `cron(…)` and `rate(…)`, checked before a deployment. Its cron differs
 * from Unix's: six fields; `?`, `L`, `W` and `#`; days of the week count from 1, Sunday.
 * Source: EventBridge Scheduler's user guide, "Schedule types".
 */
interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of numbers, starting with the name of `min`. */
  readonly words?: readonly string[];
  /** The forms that only this field allows, besides numbers, ranges, steps and `*`. */
  readonly own?: readonly RegExp[];
  readonly ownForms?: string;
}

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
const MONTHS = [
  'JAN',
  'FEB',
  'MAR',
  'APR',
  'MAY',
  'JUN',
  'JUL',
  'AUG',
  'SEP',
  'OCT',
  'NOV',
  'DEC',
] as const;

const DAY_OF_MONTH: Field = {
  name: 'day of month',
  min: 1,
  max: 31,
  own: [/^\?$/, /^L$/, /^LW$/, /^([1-9]|[12]\d|3[01])W$/],
  ownForms: '?, L, LW or 15W',
};
const DAY_OF_WEEK: Field = {
  name: 'day of week',
  min: 1,
  max: 7,
  words: WEEKDAYS,
  own: [
    /^\?$/,
    /^L$/,
    /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)L$/,
    /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]$/,
  ],
  ownForms: '?, L, 6L or 3#2',
};
const FIELDS: readonly Field[] = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  DAY_OF_MONTH,
  { name: 'month', min: 1, max: 12, words: MONTHS },
  DAY_OF_WEEK,
  { name: 'year', min: 1970, max: 2199 },
];

/** A number or a name of this field, or undefined. */
const numberOf = (field: Field, text: string): number | undefined => {
  const word = field.words?.indexOf(text) ?? -1;
  if (word >= 0) return field.min + word;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= field.min && value <= field.max ? value : undefined;
};

/** `*`, `5` or `1-5`, each with an optional step. */
const isPlain = (field: Field, item: string): boolean => {
  const [range = '', step, ...more] = item.split('/');
  if (more.length) return false;
  if (step !== undefined && !(/^\d{1,3}$/.test(step) && Number(step) >= 1)) return false;
  if (Number(step ?? 1) > field.max) return false;
  if (range === '*') return true;
  const [from = '', to, ...further] = range.split('-');
  if (further.length) return false;
  const first = numberOf(field, from);
  if (to === undefined) return first !== undefined;
  const last = numberOf(field, to);
  if (first === undefined || last === undefined) return false;
  return first <= last;
};

const problemOfField = (field: Field, text: string): string | undefined => {
  const items = text.split(',');
  const isOwn = (item: string) => field.own?.some((form) => form.test(item)) ?? false;
  if (items.length === 1 && isOwn(text)) return undefined;
  const wrong = items.find((item) => !isPlain(field, item));
  if (wrong === undefined) return undefined;
  const takes = `${field.min}-${field.max}${field.words ? ` or ${field.words[0]}-${field.words.at(-1)}` : ''}, with , - * /`;
  if (isOwn(wrong)) return `${field.name}: "${wrong}" must stand alone`;
  return `${field.name}: "${wrong}" is not one of ${takes}${field.ownForms ? `, nor ${field.ownForms}` : ''}`;
};

const cronProblems = (body: string): string[] => {
  const texts = body.trim().split(/\s+/).filter(Boolean);
  if (texts.length !== FIELDS.length) {
    return [
      `cron needs 6 fields (minutes hours day-of-month month day-of-week year), not ${texts.length}: such as cron(0 2 * * ? *)`,
    ];
  }
  const problems = FIELDS.flatMap((field, index) => {
    const problem = problemOfField(field, texts[index] ?? '');
    return problem === undefined ? [] : [problem];
  });
  const days = [texts[2], texts[4]].filter((text) => text === '?').length;
  if (days !== 1) {
    problems.push(
      `exactly one of day of month and day of week must be "?"; here ${days === 0 ? 'none is' : 'both are'}`,
    );
  }
  return problems;
};

const rateProblems = (body: string): string[] => {
  const match = /^\s*(\d{1,9})\s+(minutes?|hours?|days?)\s*$/.exec(body);
  if (!match) return ['rate needs a whole number and a unit, such as rate(12 hours)'];
  return Number(match[1]) >= 1 ? [] : ['rate must be 1 or more'];
};

/**
 * The mistakes in a schedule's expression, a line for each; empty if EventBridge Scheduler would accept it.
 */
export const expressionProblems = (expression: string): string[] => {
  const [, kind, body = ''] = /^(cron|rate)\(([^()]*)\)$/.exec(expression) ?? [];
  if (kind === 'cron') return cronProblems(body);
  if (kind === 'rate') return rateProblems(body);
  return [
    `"${expression}" is neither cron(…) nor rate(…): write cron(0 2 * * ? *) or rate(12 hours)`,
  ];
};
