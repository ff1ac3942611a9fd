import type { Word } from '../statement-words.ts';
import { OBJECT_KINDS, objectName } from './owners-and-grants.ts';
import type { StatementKind } from './statement-kind.ts';
import type { Name } from './word-cursor.ts';
import { Cursor } from './word-cursor.ts';

/**
 * COMMENT ON and SECURITY LABEL ON an object of a schema. https://www.postgresql.org/docs/current/sql-comment.html
 * @returns the object; for a part of one, the object that has it; undefined for any other statement
 */
export const commentedObject = (words: readonly Word[]): Name | undefined => {
  const cursor = new Cursor(words);
  if (!cursor.keys('comment on') && !label(cursor)) return undefined;
  const on = objectOf(cursor);
  if (!on || !cursor.keys('is')) return undefined;
  const said = cursor.text('string') ?? cursor.text('opaque');
  return (said !== undefined || cursor.keys('null')) && cursor.ended ? on : undefined;
};

/** True for any SECURITY LABEL. */
export const isLabel = (words: readonly Word[]): boolean => label(new Cursor(words));

export const labelProvider = (words: readonly Word[]): string | undefined => {
  const cursor = new Cursor(words);
  return cursor.keys('security label for') ? (cursor.name() ?? cursor.text('string')) : undefined;
};

/** The schema that a SECURITY LABEL is about. */
export const labelledSchema = (words: readonly Word[]): string | undefined => {
  const cursor = new Cursor(words);
  return label(cursor) && cursor.keys('schema') && commentedObject(words)
    ? cursor.name()
    : undefined;
};

const label = (cursor: Cursor): boolean => {
  if (!cursor.keys('security label')) return false;
  if (cursor.keys('for') && (cursor.name() ?? cursor.text('string')) === undefined) return false;
  return cursor.keys('on');
};

/** Kinds that a statement names together with their table. */
const OF_A_TABLE = ['constraint', 'trigger', 'rule', 'policy'] as const;

const objectOf = (cursor: Cursor): Name | undefined => {
  if (cursor.keys('column')) return columnOwner(cursor);
  if (cursor.anyKeys(OF_A_TABLE)) {
    if (cursor.name() === undefined || !cursor.keys('on')) return undefined;
    cursor.keys('domain');
    return cursor.qualified();
  }
  const what = cursor.anyKeys(OBJECT_KINDS);
  return what && objectName(cursor, what);
};

/** `schema.table.column` */
const columnOwner = (cursor: Cursor): Name | undefined => {
  const schema = cursor.name();
  if (schema === undefined || !cursor.symbol('.')) return undefined;
  const name = cursor.name();
  if (name === undefined || !cursor.symbol('.')) return undefined;
  return cursor.name() === undefined ? undefined : { schema, name };
};

/** The comment in `COMMENT ON CONSTRAINT ... IS 'text'`; undefined for NULL. */
export const constraintComment = (
  statement: Extract<StatementKind, { readonly kind: 'comment-on-constraint' }>,
  words: readonly Word[],
): string | undefined => {
  const said = words.findLast(({ kind }) => kind === 'string' || kind === 'name');
  return statement && said?.kind === 'string' ? said.text : undefined;
};
