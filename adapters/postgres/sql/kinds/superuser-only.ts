import { isKey } from '../function-body.ts';
import type { Word } from '../statement-words.ts';
import type { StatementKind } from './statement-kind.ts';

/** Only a superuser may create these, or some of them (DefineOpClass and others in commands/ of PostgreSQL). */
const OBJECTS = [
  'aggregate',
  'operator class',
  'operator family',
  'text search parser',
  'text search template',
];

const TRUSTED = ['sql', 'plpgsql'];

/** A function in a language that may not be trusted, or a LEAKPROOF function. */
const isPrivileged = (words: readonly Word[]): boolean =>
  words.some((word, at) => {
    const next = words[at + 1];
    if (isKey(word, 'language')) return next?.kind === 'name' && !TRUSTED.includes(next.text);
    return isKey(word, 'leakproof') && !isKey(words[at - 1], 'not');
  });

/** Also the declaration of one without its functions. Composite types, enums and ranges have AS. */
const isBaseType = (words: readonly Word[]): boolean => !words.some((word) => isKey(word, 'as'));

/** True if the server may refuse a statement to every role except a superuser. */
export const mayNeedSuperuser = (statement: StatementKind, words: readonly Word[]): boolean => {
  if (statement.kind !== 'create') return false;
  if (['function', 'procedure'].includes(statement.what)) return isPrivileged(words);
  if (statement.what === 'type') return isBaseType(words);
  return OBJECTS.includes(statement.what);
};
