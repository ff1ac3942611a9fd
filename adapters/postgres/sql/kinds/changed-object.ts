import type { Word } from '../statement-words.ts';
import { nameInText } from './clauses.ts';
import { commentedObject } from './comments.ts';
import type { StatementKind } from './statement-kind.ts';
import { toSequence } from './usual-clauses.ts';
import type { Name } from './word-cursor.ts';
import { Cursor } from './word-cursor.ts';

/** The object that a statement changes, and the objects that it creates. */

/**
 * The object that must exist before the statement, and that it changes. For a part of a table (an index, a trigger, a policy) it
 * is the table. Undefined for statements that create an object of their own, and for those that are not about exactly one
 * object.
 */
export const changedBy = (statement: StatementKind, words: readonly Word[]): Name | undefined => {
  switch (statement.kind) {
    case 'copy':
    case 'foreign-key':
    case 'comment-on-constraint':
      return statement.table;
    case 'sequence-value':
      return nameInText(statement.text);
    case 'refresh':
      return statement.view;
    case 'alter':
      return statement.on;
    case 'owner':
    case 'grant':
    case 'revoke':
      return statement.what === 'schema' ? undefined : statement.on;
    case 'create':
      return statement.table;
    case 'other':
      return commentedObject(words);
    default:
      return undefined;
  }
};

/**
 * Objects that exist after the statement: the object that CREATE names, the sequence of an identity column, the index of a
 * constraint.
 */
export const madeBy = (statement: StatementKind, words: readonly Word[]): readonly Name[] => {
  if (statement.kind === 'create') return [{ schema: statement.schema, name: statement.name }];
  if (statement.kind !== 'alter' || statement.what !== 'table') return [];
  const sequence = toSequence(words);
  if (sequence) return [sequence];
  const cursor = new Cursor(words);
  const constraint = cursor.skipTo('add constraint') === undefined ? undefined : cursor.name();
  return constraint === undefined ? [] : [{ schema: statement.on.schema, name: constraint }];
};
