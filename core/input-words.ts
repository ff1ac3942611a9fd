import type * as z from 'zod';

/** Mistakes of input in words, instead of the library's own sentences. A message that a schema gives itself is kept. */
type RawIssue = z.core.$ZodRawIssue;

const listed = (values: readonly unknown[]): string =>
  values.map((value) => JSON.stringify(value)).join(', ');

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a time',
};

/** Singular and plural. */
const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  map: ['entry', 'entries'],
};

const size = (
  { origin, inclusive = true }: { readonly origin: string; readonly inclusive?: boolean },
  bound: number | bigint,
  words: readonly [inclusive: string, exclusive: string],
): string => {
  const unit = UNITS[origin]?.[Number(bound) === 1 ? 0 : 1];
  return `give ${words[inclusive ? 0 : 1]} ${bound}${unit === undefined ? '' : ` ${unit}`}`;
};

/** For zod's `error` parameter. Undefined leaves zod's own message. */
export const inputWords = (issue: RawIssue): string | undefined => {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = KINDS[issue.expected] ?? `a value of type ${issue.expected}`;
      return issue.input === undefined ? `is missing: give ${kind}` : `give ${kind}`;
    }
    case 'invalid_value':
      return issue.values.length === 1
        ? `give ${listed(issue.values)}`
        : `give one of ${listed(issue.values)}`;
    case 'too_small':
      return size(issue, issue.minimum, ['at least', 'more than']);
    case 'too_big':
      return size(issue, issue.maximum, ['at most', 'less than']);
    case 'unrecognized_keys':
      return 'there is no such field';
    case 'not_multiple_of':
      return `give a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `give a text that matches ${issue.pattern}`
        : `give a value in the form ${issue.format}`;
    case 'invalid_union':
      return 'none of the possible forms fits';
    default:
      return undefined;
  }
};

/** Fields of a schema, if it describes an object. */
const fieldsOf = (schema: z.ZodType): readonly string[] => {
  const { def } = schema;
  const shape = def.type === 'object' && 'shape' in def ? def.shape : undefined;
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
};

const at = (path: readonly PropertyKey[]): string => path.map(String).join('.') || '(whole)';

/** A line for each mistake: its path and what to give. An unknown field is named, beside the fields that exist. */
export const linesOf = (schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): string[] =>
  issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${at(issue.path)}: ${issue.message}`];
    const fields = issue.path.length ? [] : fieldsOf(schema);
    const known = fields.length ? `; the fields are ${fields.join(', ')}` : '';
    return issue.keys.map((key) => `${at([...issue.path, key])}: ${issue.message}${known}`);
  });
