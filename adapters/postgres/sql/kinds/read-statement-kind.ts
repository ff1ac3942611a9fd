import type { StatementKind } from './statement-kind.ts';
/**
 * Reads from a statement's words alone what it does. A kind is given only if the whole statement has that form: a caller
 * that leaves the statement out, or sends another one instead, loses nothing else. The exceptions are `create`, `alter` and
 * statements about objects outside of schemas: only their head is read. Everything else is `other`.
 */

import type { Word } from '../statement-words.ts';
import { altered } from './alter.ts';
import { created } from './create.ts';
import { granted, ownerOf } from './owners-and-grants.ts';
import { calledFor, setTo } from './settings.ts';
import { Cursor } from './word-cursor.ts';

const OTHER: StatementKind = { kind: 'other' };

export const readStatementKind = (words: readonly Word[]): StatementKind => {
  const first = words[0];
  if (first?.kind !== 'name' || first.quoted) return OTHER;
  return READERS.get(first.text)?.(new Cursor(words)) ?? OTHER;
};

type Read = (cursor: Cursor) => StatementKind | undefined;

const transaction: Read = (cursor) => {
  const what = cursor.name();
  return what === undefined ? undefined : { kind: 'transaction', what };
};

/** EXECUTE and DEALLOCATE come with PREPARE name, which has nothing to do with transactions. */
const prepare: Read = (cursor) =>
  cursor.keys('prepare transaction') ? { kind: 'transaction', what: 'prepare' } : undefined;

const comment: Read = (cursor) => {
  if (!cursor.keys('comment on')) return undefined;
  const what = cursor.anyKeys([
    'schema',
    'extension',
    'constraint',
    'publication',
    'subscription',
    'event trigger',
  ]);
  const name = cursor.name();
  if (what === undefined || name === undefined) return undefined;
  const table = what === 'constraint' && cursor.keys('on') ? cursor.qualified() : undefined;
  if (!cursor.keys('is')) return undefined;
  if (cursor.text('string') === undefined && !cursor.keys('null')) return undefined;
  if (!cursor.ended) return undefined;
  if (what === 'schema') return { kind: 'comment-on-schema', schema: name };
  if (what === 'extension') return { kind: 'comment-on-extension', extension: name };
  if (what === 'constraint') {
    return table && { kind: 'comment-on-constraint', table, constraint: name };
  }
  return { kind: what === 'event trigger' ? 'event-trigger' : what, action: 'comment', name };
};

const refresh: Read = (cursor) => {
  if (!cursor.keys('refresh materialized view')) return undefined;
  const view = cursor.qualified();
  return view && cursor.ended ? { kind: 'refresh', view } : undefined;
};

const copy: Read = (cursor) => {
  if (!cursor.keys('copy')) return undefined;
  const table = cursor.qualified();
  const columns = cursor.names();
  return table && cursor.keys('from stdin') && cursor.ended
    ? { kind: 'copy', table, columns: columns ?? [] }
    : undefined;
};

const alter: Read = (cursor) => ownerOf(cursor) ?? altered(cursor);

const READERS: ReadonlyMap<string, Read> = new Map([
  ['set', setTo],
  ['reset', setTo],
  ['select', calledFor],
  ['create', created],
  ['alter', alter],
  ['comment', comment],
  ['grant', granted],
  ['revoke', granted],
  ['refresh', refresh],
  ['copy', copy],
  ['prepare', prepare],
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release'].map(
    (key): [string, Read] => [key, transaction],
  ),
]);
