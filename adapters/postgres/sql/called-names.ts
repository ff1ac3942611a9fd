import { isKey } from './function-body.ts';
import type { Word } from './statement-words.ts';

/** Functions and operators that a definition calls, found in its SQL before PostgreSQL evaluates it. */
export interface CalledNames {
  /** Without a schema: PostgreSQL's own functions, as long as the search_path is empty. Includes types with brackets. */
  readonly plain: readonly string[];
  readonly functions: readonly { readonly schema: string; readonly name: string }[];
  readonly operators: readonly { readonly schema: string; readonly name: string }[];
}

const isSymbol = (word: Word | undefined, text: string): boolean =>
  word?.kind === 'symbol' && word.text === text;

/** Names before an opening bracket, and operators in the form OPERATOR(schema.name). */
export const calledIn = (words: readonly Word[]): CalledNames => {
  const plain = new Set<string>();
  const functions: { schema: string; name: string }[] = [];
  const operators: { schema: string; name: string }[] = [];
  for (const [at, word] of words.entries()) {
    if (word.kind !== 'name') continue;
    const [before, schema, next] = [words[at - 1], words[at - 2], words[at + 1]];
    const isQualified = isSymbol(before, '.') && schema?.kind === 'name';
    if (isKey(word, 'operator') && isSymbol(next, '(')) {
      const [from, dot, name] = words.slice(at + 2, at + 5);
      if (from?.kind === 'name' && isSymbol(dot, '.') && name)
        operators.push({ schema: from.text, name: name.text });
    } else if (isSymbol(next, '(')) {
      if (isQualified) functions.push({ schema: schema.text, name: word.text });
      else plain.add(word.text);
    }
  }
  return { plain: [...plain], functions, operators };
};

/** The words from a key word on, with everything in the brackets after it. */
const clausesFrom = (words: readonly Word[], key: string): Word[][] =>
  words.flatMap((word, at) => {
    if (!isKey(word, key)) return [];
    const from = words.findIndex((one, index) => index > at && isSymbol(one, '('));
    if (from < 0) return [];
    let depth = 0;
    const to = words.findIndex((one, index) => {
      if (index < from) return false;
      if (isSymbol(one, '(')) depth += 1;
      if (isSymbol(one, ')')) depth -= 1;
      return depth === 0;
    });
    return [words.slice(from, to < 0 ? undefined : to + 1)];
  });

/**
 * Clauses whose constant calls PostgreSQL evaluates while it creates the table: generated columns and partition keys.
 */
export const evaluatedAtOnce = (words: readonly Word[]): Word[] =>
  ['generated', 'partition'].flatMap((key) => clausesFrom(words, key)).flat();

/** Checks, in which any built-in may be called. */
export const checksIn = (words: readonly Word[]): Word[] => clausesFrom(words, 'check').flat();
