import { isKey } from '../function-body.ts';
import { type Word, wordOf } from '../statement-words.ts';
import { tokenAt } from '../tokens.ts';
import type { Name } from './word-cursor.ts';
import { Cursor } from './word-cursor.ts';

/** Clauses that decide on a statement in addition to its head. */

/**
 * True if a new table would be a partition of another: pg_dump creates each separately and attaches it afterwards.
 */
export const isPartitionOf = (words: readonly Word[]): boolean =>
  new Cursor(words).skipTo('partition of') !== undefined;

/** Number of words of a statement that are kept; later words are not known. */
const ALL_KEPT = 4096;

/** True if a new table inherits from another, or if the words do not show it. */
export const mayInherit = (words: readonly Word[]): boolean =>
  words.length >= ALL_KEPT || new Cursor(words).skipTo('inherits') !== undefined;

/**
 * All words of a statement, including those that were not kept.
 * @param escapes true while a backslash in '...' escapes
 */
export const allWords = (
  { text, words }: { readonly text: Buffer; readonly words: readonly Word[] },
  escapes: boolean,
): readonly Word[] => {
  return words.length < ALL_KEPT ? words : wordsOf(text, escapes);
};

const wordsOf = (text: Buffer, escapes: boolean): readonly Word[] => {
  const all: Word[] = [];
  for (let at = 0; at < text.length; ) {
    const token = tokenAt({ bytes: text, final: true, escapes }, at);
    if (!token) return [];
    if (token.kind !== 'space') all.push(wordOf(text, token));
    at = token.to;
  }
  const last = all.at(-1);
  return last?.kind === 'symbol' && last.text === ';' ? all.slice(0, -1) : all;
};

/** The words of one statement that a server has written. */
export const wordsIn = (sql: string): readonly Word[] => wordsOf(Buffer.from(sql), false);

/** `schema.name` as SQL writes it in a string. */
export const nameInText = (text: string): Name | undefined => {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const token = tokenAt({ bytes, final: true, escapes: false }, at);
    if (!token) return undefined;
    const part = bytes.toString('utf8', token.from, token.to);
    if (token.kind === 'quoted-name') parts.push(part.slice(1, -1).replaceAll('""', '"'));
    else if (token.kind === 'name') parts.push(part.toLowerCase());
    else if (part !== '.' || parts.length !== 1) return undefined;
    at = token.to;
  }
  const [schema, name] = parts;
  return parts.length === 2 && schema !== undefined && name !== undefined
    ? { schema, name }
    : undefined;
};

/** The byte offset of each word of a statement. */
const offsetsOf = (text: Buffer): number[] => {
  const offsets: number[] = [];
  for (let at = 0; at < text.length; ) {
    const token = tokenAt({ bytes: text, final: true, escapes: false }, at);
    if (!token) return offsets;
    if (token.kind !== 'space') offsets.push(token.from);
    at = token.to;
  }
  return offsets;
};

/** The part of an owner statement before OWNER: `ALTER FUNCTION s.f(integer)`. */
export const beforeOwner = (text: Buffer, words: readonly Word[]): Buffer =>
  text.subarray(0, offsetsOf(text)[words.length - 3]);

/**
 * The part after a foreign key's name, without NOT VALID, byte for byte.
 * @param table as the statement names it
 */
export const keyDefinition = (
  text: Buffer,
  words: readonly Word[],
  { only, table }: { readonly only: boolean; readonly table: Name },
): string => {
  const from = (only ? 3 : 2) + (table.schema === null ? 1 : 3) + 3;
  const last = words.length - 1;
  const isNotValid = isKey(words[last - 1], 'not') && isKey(words[last], 'valid');
  const offsets = offsetsOf(text);
  const end = isNotValid ? offsets[last - 1] : offsets[last + 1];
  return text.toString('utf8', offsets[from], end ?? text.length).replace(/[;\s]+$/, '');
};
