import type { Word } from '../statement-words.ts';
import { nameInText } from './clauses.ts';
import { commentedObject } from './comments.ts';
import type { Name } from './read-statement-kind.ts';
import type { Meaning } from './statement-kind.ts';
import { toSequence } from './usual-clauses.ts';
import { Cursor } from './word-cursor.ts';

/** Which object a statement changes, and which it creates. */

/**
 * The object that has to be there already for the statement, and is changed by it. For a part of a table (an index, a trigger, a
 * policy) it is the table. Undefined for statements that make an object of their own, and for those about no single object.
 */
export const changedBy = (meaning: Meaning, words: readonly Word[]): Name | undefined => {
  switch (meaning.kind) {
    case 'copy':
    case 'foreign-key':
    case 'comment-on-constraint':
      return meaning.table;
    case 'sequence-value':
      return nameInText(meaning.text);
    case 'refresh':
      return meaning.view;
    case 'alter':
      return meaning.on;
    case 'owner':
    case 'grant':
    case 'revoke':
      return meaning.what === 'schema' ? undefined : meaning.on;
    case 'create':
      return meaning.table;
    case 'other':
      return commentedObject(words);
    default:
      return undefined;
  }
};

/**
 * Objects that are there once the statement was executed: what CREATE names, the sequence of an identity column, the index of a
 * constraint.
 */
export const madeBy = (meaning: Meaning, words: readonly Word[]): readonly Name[] => {
  if (meaning.kind === 'create') return [{ schema: meaning.schema, name: meaning.name }];
  if (meaning.kind !== 'alter' || meaning.what !== 'table') return [];
  const sequence = toSequence(words);
  if (sequence) return [sequence];
  const cursor = new Cursor(words);
  const constraint = cursor.skipTo('add constraint') === undefined ? undefined : cursor.name();
  return constraint === undefined ? [] : [{ schema: meaning.on.schema, name: constraint }];
};
