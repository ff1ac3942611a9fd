import type { Brackets, Written } from './brackets.ts';

/** Words that continue a type's name: `character varying`, `timestamp(3) with time zone`, `interval day to second`. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  character: ['varying'],
  bit: ['varying'],
  double: ['precision'],
  interval: ['year', 'month', 'day', 'hour', 'minute', 'second', 'to'],
};
const ZONES = [
  ['with', 'time', 'zone'],
  ['without', 'time', 'zone'],
] as const;

const isList = (item: Written | undefined): item is Brackets =>
  typeof item === 'object' && item.open === '(';
const isArray = (item: Written | undefined): boolean =>
  typeof item === 'object' && item.open === '[' && item.items.length === 0;

/** A type as `format_type` writes it: its text, `[]` at the end of an array's, and where it ends. */
export const typeAt = (
  items: readonly Written[],
  start: number,
): { readonly type: string; readonly end: number } => {
  let end = start + 1;
  while (items[end] === '.') end += 2;
  const first = items[start];
  const more = end === start + 1 && typeof first === 'string' ? MORE[first] : undefined;
  for (let word = items[end]; typeof word === 'string' && more?.includes(word); ) {
    end += 1;
    word = items[end];
  }
  if (isList(items[end])) end += 1;
  const zone = ZONES.find((words) => words.every((word, i) => items[end + i] === word));
  end += zone?.length ?? 0;
  const words = items.slice(start, end).map(textOf).join(' ');
  return isArray(items[end]) ? { type: `${words}[]`, end: end + 1 } : { type: words, end };
};

const textOf = (item: Written): string =>
  typeof item === 'string' ? item : `(${item.items.map(textOf).join(' ')})`;

/** Types for which SQL has words of its own, by their names in the catalog. https://www.postgresql.org/docs/current/datatype.html */
const NAMES: Readonly<Record<string, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
  character: 'bpchar',
  'character varying': 'varchar',
  'bit varying': 'varbit',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
};

/**
 * The name of a column that is a cast and has no other name.
 * @param type of `typeAt`
 */
export const columnNameOf = (type: string): string => {
  const plain = type
    .replace(/\[\]$/, '')
    .replace(/ ?\([^()]*\)/, '')
    .trim();
  // The fields of an interval follow.
  const known = NAMES[plain] ?? (plain.startsWith('interval ') ? 'interval' : undefined);
  const last = /"(?:[^"]|"")*"$|[^ .]+$/s.exec(plain)?.[0] ?? plain;
  return known ?? last.replace(/^"(.*)"$/s, '$1');
};
