import type { Word } from './statement-words.ts';

/**
 * How deep a statement is in the body of an SQL-standard function (`BEGIN ATOMIC ...; END`), whose semicolons do not end it.
 *
 * psql counts each BEGIN and CASE of a CREATE FUNCTION against each END. That is a guess: `begin` is not reserved, so a
 * function, a type or a table of that name is written without quotes. In the grammar only `BEGIN ATOMIC` begins a body. In a
 * body, only CASE has its own END, and both words are reserved: names like them are quoted.
 * https://www.postgresql.org/docs/current/sql-createfunction.html
 */
export interface BodyDepth {
  /** Reads the statement's next word, one outside of brackets. */
  take(word: Word): void;
  /** True while a semicolon does not end the statement. */
  inside(): boolean;
}

/** True for a key word, which is never quoted. */
export const isKey = (word: Word | undefined, key: string): boolean =>
  word?.kind === 'name' && !word.quoted && word.text === key;

/** @param head the statement's first words; more are added as they are read */
export const bodyDepth = (head: readonly Word[]): BodyDepth => {
  let depth = 0;
  let before: Word | undefined;
  return {
    take: (word) => {
      if (depth === 0) {
        if (isKey(word, 'atomic') && isKey(before, 'begin') && createsRoutine(head)) depth = 1;
      } else if (isKey(word, 'case')) depth += 1;
      else if (isKey(word, 'end')) depth -= 1;
      before = word;
    },
    inside: () => depth > 0,
  };
};

const createsRoutine = (head: readonly Word[]): boolean => {
  if (!isKey(head[0], 'create')) return false;
  const what = isKey(head[1], 'or') && isKey(head[2], 'replace') ? head[3] : head[1];
  return isKey(what, 'function') || isKey(what, 'procedure');
};
