import { quoted } from '../../../core/errors/base.ts';
import { described } from './describe-statement.ts';
import { isKey } from './function-body.ts';
import type { StatementKind } from './kinds/statement-kind.ts';
import type { Word } from './statement-words.ts';

/** Parts of a statement, such as a column's default or a constraint of a new table, and their titles. */
export const isSymbol = (word: Word | undefined, text: string): boolean =>
  word?.kind === 'symbol' && word.text === text;

const PART_KEYS = ['default', 'generated', 'check'];
const PART_NAMES: Readonly<Record<string, string>> = {
  default: 'the default',
  generated: 'the generated value',
  check: 'a check',
};

/** The last of some key words before a word. */
const lastKey = (words: readonly Word[], at: number): string | undefined => {
  for (let index = at - 1; index >= 0; index -= 1) {
    const found = PART_KEYS.find((key) => isKey(words[index], key));
    if (found) return found;
  }
  return undefined;
};

/** In a new table: the beginning and the end of the column or constraint that contains a word. */
const partOfTable = (words: readonly Word[], at: number): readonly [number, number] => {
  let depth = 0;
  let from = 0;
  for (const [index, word] of words.entries()) {
    const isEnd = depth === 1 && (isSymbol(word, ',') || isSymbol(word, ')'));
    if (isEnd && index > at) return [from, index];
    if (isEnd || (isSymbol(word, '(') && depth === 0)) from = index + 1;
    if (isSymbol(word, '(')) depth += 1;
    else if (isSymbol(word, ')')) depth -= 1;
  }
  return [from, words.length];
};

/** In a new domain: its default and each of its checks separately. */
const partOfDomain = (words: readonly Word[], at: number): readonly [number, number] => {
  const begins = (word: Word): boolean => isKey(word, 'default') || isKey(word, 'constraint');
  const from = words.slice(0, at).findLastIndex(begins);
  const to = words.findIndex((word, index) => index > at && begins(word));
  return [Math.max(from, 0), to < 0 ? words.length : to];
};

/** The expression that contains a word. */
export const partOf = (
  statement: StatementKind,
  words: readonly Word[],
  at: number,
): readonly [number, number] => {
  if (statement.kind !== 'create') return [0, words.length];
  if (statement.what.endsWith('table')) return partOfTable(words, at);
  return statement.what === 'domain' ? partOfDomain(words, at) : [0, words.length];
};

/** `constraint "c" of table "acme.t"`, `the default of column "no" of table "acme.t"`. */
export const titleOf = (
  statement: StatementKind,
  words: readonly Word[],
  from: number,
  at: number,
): string => {
  const whole = described(statement, words);
  const before = words.slice(from, at);
  const isTable = statement.kind === 'create' && statement.what.endsWith('table');
  const isDomain = statement.kind === 'create' && statement.what === 'domain';
  if (!isTable && !isDomain && statement.kind !== 'alter') return whole;
  const nameBehind = (key: string): string | undefined => {
    const found = before.findIndex((word) => isKey(word, key));
    return found < 0 ? undefined : before[found + 1]?.text;
  };
  const constraint = nameBehind('constraint');
  if (constraint !== undefined) return `constraint ${quoted(constraint)} of ${whole}`;
  const part = PART_NAMES[lastKey(before, before.length) ?? ''] ?? 'a part';
  const column = isTable ? before[0]?.text : nameBehind('column');
  return column === undefined
    ? `${part} of ${whole}`
    : `${part} of column ${quoted(column)} of ${whole}`;
};
