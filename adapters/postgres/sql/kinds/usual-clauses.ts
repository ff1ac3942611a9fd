import { isKey } from '../function-body.ts';
import type { Word } from '../statement-words.ts';
import { OBJECT_KINDS, objectName } from './owners-and-grants.ts';
import type { StatementKind } from './statement-kind.ts';
import { Cursor, type Name } from './word-cursor.ts';

/**
 * The clauses that pg_dump writes after the head of CREATE and ALTER. Other clauses read or change objects that the head does
 * not name, run a query, or move an object to another schema.
 */
const OF_TABLES = [
  'cluster on',
  'set without',
  'replica identity',
  'enable',
  'disable',
  'force row level security',
  'no force row level security',
  'depends on extension',
  'no depends on extension',
] as const;

const OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  sequence: ['owned by', 'set logged', 'set unlogged'],
  domain: ['add constraint'],
  function: ['depends on extension', 'no depends on extension'],
  procedure: ['depends on extension', 'no depends on extension'],
  'operator family': ['add'],
  'text search configuration': ['add mapping'],
  statistics: ['set statistics'],
};

const TABLES = ['table', 'foreign table', 'view', 'materialized view', 'index'];

const OF_COLUMNS = [
  'set default',
  'set statistics',
  'set storage',
  'set compression',
  'set not null',
  'drop default',
  'drop not null',
  'add generated',
  'options',
] as const;

const CONSTRAINTS = ['primary key', 'unique', 'exclude', 'check', 'not null'] as const;

/** Moves after the object's name. */
const toAction = (words: readonly Word[]): { cursor: Cursor; what: string } | undefined => {
  const cursor = new Cursor(words);
  const what = cursor.keys('alter') ? cursor.anyKeys(OBJECT_KINDS) : undefined;
  return what && objectName(cursor, what) ? { cursor, what } : undefined;
};

const isColumnAction = (cursor: Cursor): boolean => {
  // An index has numbers for columns.
  if (cursor.name() === undefined && cursor.text('number') === undefined) return false;
  if (cursor.anyKeys(OF_COLUMNS)) return true;
  return cursor.keys('set') && cursor.brackets();
};

const isTableAction = (cursor: Cursor): boolean => {
  if (cursor.keys('add constraint')) {
    return cursor.name() !== undefined && cursor.anyKeys(CONSTRAINTS) !== undefined;
  }
  if (cursor.keys('alter column')) return isColumnAction(cursor);
  return cursor.anyKeys(OF_TABLES) !== undefined;
};

/** True if a comma is outside of all brackets: a second action. */
const goesOn = (words: readonly Word[]): boolean => {
  let depth = 0;
  return words.some(({ kind, text }) => {
    if (kind !== 'symbol') return false;
    if (text === '(' || text === '[') depth += 1;
    else if (text === ')' || text === ']') depth -= 1;
    return text === ',' && depth === 0;
  });
};

/** True for an ALTER with exactly one action that pg_dump writes. `words` are all words of the statement. */
export const isUsualAction = (words: readonly Word[]): boolean => {
  const at = toAction(words);
  if (!at || words.some((word) => isKey(word, 'references'))) return false;
  const { cursor, what } = at;
  if (what === 'operator family' || what === 'text search configuration') {
    return cursor.anyKeys(OF_OTHERS[what] ?? []) !== undefined;
  }
  if (goesOn(words)) return false;
  return TABLES.includes(what)
    ? isTableAction(cursor)
    : cursor.anyKeys(OF_OTHERS[what] ?? []) !== undefined;
};

/** True if it checks existing rows with expressions of the tenant. */
export const checksRows = (words: readonly Word[]): boolean => {
  const { cursor } = toAction(words) ?? {};
  return Boolean(
    cursor?.keys('add constraint') && cursor.name() !== undefined && cursor.keys('check'),
  );
};

const CONSTRAINT_KINDS = {
  'primary key': 'primary-key',
  unique: 'unique',
  exclude: 'exclusion',
  check: 'check',
  'not null': 'not-null',
} as const;

/** The constraint that an ALTER adds; undefined for foreign keys. */
export const addedConstraint = (
  words: readonly Word[],
):
  | {
      readonly name: string;
      readonly kind: (typeof CONSTRAINT_KINDS)[keyof typeof CONSTRAINT_KINDS];
    }
  | undefined => {
  const { cursor } = toAction(words) ?? {};
  if (!cursor?.keys('add constraint')) return undefined;
  const name = cursor.name();
  const what = cursor.anyKeys(CONSTRAINTS);
  return name === undefined || !what ? undefined : { name, kind: CONSTRAINT_KINDS[what] };
};

/** The sequence of an identity column: `ALTER TABLE ... ADD GENERATED ... AS IDENTITY (SEQUENCE NAME s.name ...)`. */
export const toSequence = (words: readonly Word[]): Name | undefined => {
  const { cursor } = toAction(words) ?? {};
  if (!cursor?.keys('alter column') || cursor.name() === undefined) return undefined;
  if (!cursor.keys('add generated') || cursor.skipTo('as identity') === undefined) return undefined;
  return cursor.symbol('(') && cursor.keys('sequence name') ? cursor.qualified() : undefined;
};

/**
 * Words in new tables that refer to other tables or copy their form. They are reserved: as names they are
 * quoted.
 */
const REFERRING = ['references', 'like'];

const endsWith = (words: readonly Word[], keys: string): boolean => {
  const wanted = keys.split(' ');
  return wanted.every((key, index) => isKey(words[words.length - wanted.length + index], key));
};

/**
 * Kinds of objects whose CREATE is in a dump of a schema, and which run nothing and refer to nothing when they are created. Their
 * code is checked elsewhere (tenant-code/). Tables, materialized views and statistics have further conditions.
 */
const USUAL = [
  'aggregate',
  'collation',
  'conversion',
  'domain',
  'function',
  'index',
  'operator',
  'operator class',
  'operator family',
  'policy',
  'procedure',
  'rule',
  'sequence',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
  'trigger',
  'type',
  'view',
];

/**
 * An allow-list by the kind of object.
 * @param words all words of the statement
 * @returns why pg_dump would not write such a CREATE in a dump of a schema; undefined if it would
 */
export const unusualClause = (
  { what }: Extract<StatementKind, { readonly kind: 'create' }>,
  words: readonly Word[],
  isOwn: (name: Name) => boolean,
): string | undefined => {
  switch (what) {
    case 'table':
    case 'foreign table':
      if (new Cursor(words).skipTo('as') !== undefined) return 'it would run a query for its rows';
      return words.some((word) => REFERRING.some((key) => isKey(word, key)))
        ? 'it refers to another table'
        : undefined;
    case 'materialized view':
      return endsWith(words, 'with no data') ? undefined : 'it would be filled at once';
    case 'statistics': {
      const cursor = new Cursor(words);
      const table = cursor.skipTo('from') === undefined ? undefined : cursor.qualified();
      return table && isOwn(table) ? undefined : 'it is about a table outside';
    }
    default:
      return USUAL.includes(what) ? undefined : 'no dump of a schema creates it';
  }
};

const BOUNDS = ['from', 'to', 'in', 'with', 'modulus', 'remainder', 'minvalue', 'maxvalue'];
const CONSTANTS = ['null', 'true', 'false'];

/** True if a partition's bounds are constants, as pg_dump writes them: PostgreSQL evaluates other bounds. */
export const hasConstantBounds = (words: readonly Word[]): boolean => {
  const cursor = new Cursor(words);
  if (cursor.skipTo('for values', 'default') !== 'for values') return true;
  for (let word = cursor.peek(); word; word = cursor.peek()) {
    const { kind, text } = word;
    if (kind === 'name' && (word.quoted || ![...BOUNDS, ...CONSTANTS].includes(text))) return false;
    if (kind === 'symbol' && !['(', ')', ',', '-'].includes(text)) return false;
    cursor.text(kind);
  }
  return true;
};
