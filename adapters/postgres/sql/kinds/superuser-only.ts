import { isKey } from '../function-body.ts';
import type { Word } from '../statement-words.ts';
import type { StatementKind } from './statement-kind.ts';

/** Only a superuser creates these, or some of them (DefineOpClass and others in commands/ of PostgreSQL). */
const OBJECTS = [
  'aggregate',
  'operator class',
  'operator family',
  'text search parser',
  'text search template',
];

const TRUSTED = ['sql', 'plpgsql'];

/** A function in a language that may not be trusted, or one that is LEAKPROOF. */
const isPrivileged = (words: readonly Word[]): boolean =>
  words.some((word, at) => {
    const next = words[at + 1];
    if (isKey(word, 'language')) return next?.kind === 'name' && !TRUSTED.includes(next.text);
    return isKey(word, 'leakproof') && !isKey(words[at - 1], 'not');
  });

/** Whether a statement may be refused to everybody but a superuser. */
export const mayNeedSuperuser = (statement: StatementKind, words: readonly Word[]): boolean => {
  if (statement.kind !== 'create') return false;
  if (['function', 'procedure'].includes(statement.what)) return isPrivileged(words);
  return OBJECTS.includes(statement.what);
};
