import type { TableName } from '../../../core/restore.ts';
import { isKey } from '../sql/function-body.ts';
import { readStatementKind } from '../sql/kinds/read-statement-kind.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { Cursor, type Name } from '../sql/kinds/word-cursor.ts';
import { type Word, wordOf } from '../sql/statement-words.ts';
import { tokenAt } from '../sql/tokens.ts';
import type { Entry, TableOfContents } from './table-of-contents.ts';

/** Which object an entry is part of, read from its SQL. Tags are ambiguous: `a b c` is the trigger `c` of table `a b`, or `b c` of `a`. */
export interface Definitions {
  /** The kind of the first statement of an entry's definition. */
  statement(entry: Entry): StatementKind;
  /** The table that an entry is part of; undefined if it is part of none. */
  table(entry: Entry): Name | undefined;
  /** True if the first statement contains one of these keys, or is too long to be kept. */
  says(entry: Entry, keys: readonly string[]): boolean;
  /** All words of the first statement that are kept. */
  words(entry: Entry): readonly Word[];
  /** The name of an index, or of the index of a constraint. Its schema is the entry's. */
  index(entry: Entry): string | undefined;
  /** The table that rows are written for: for a partition, this may be the partitioned table. */
  target(entry: Entry): Name | undefined;
}

const MOST_WORDS = 4096;

export const definitionsOf = ({ entries }: TableOfContents): Definitions => {
  const escapes = escapesOf({ entries });
  const known = new Map<Entry, readonly Word[]>();
  const wordsOf = (entry: Entry): readonly Word[] => {
    const words = known.get(entry) ?? firstStatement(entry.defn ?? '', escapes);
    known.set(entry, words);
    return words;
  };
  return {
    statement: (entry) => readStatementKind(wordsOf(entry)),
    table: (entry) => tableOf(entry, wordsOf(entry)),
    words: wordsOf,
    says: (entry, keys) => {
      const words = wordsOf(entry);
      return (
        words.length >= MOST_WORDS || words.some((word) => keys.some((key) => isKey(word, key)))
      );
    },
    index: (entry) => indexOf(entry, wordsOf(entry)),
    target: ({ copyStmt }) => {
      const statement = readStatementKind(firstStatement(copyStmt ?? '', escapes));
      return statement.kind === 'copy' ? statement.table : undefined;
    },
  };
};

/** True if a backslash escapes in the strings of an archive. */
export const escapesOf = ({ entries }: Pick<TableOfContents, 'entries'>): boolean =>
  entries.some(escapesIn);

/** The archive's entry that sets how its strings are written. */
const escapesIn = (entry: Entry): boolean => {
  if (entry.desc !== 'STDSTRINGS') return false;
  const statement = readStatementKind(firstStatement(entry.defn ?? '', false));
  return statement.kind === 'setting' && statement.values.join() === 'off';
};

const firstStatement = (sql: string, escapes: boolean): Word[] => {
  const span = { bytes: Buffer.from(sql), final: true, escapes };
  const words: Word[] = [];
  for (let at = 0; at < span.bytes.length && words.length < MOST_WORDS; ) {
    const token = tokenAt(span, at);
    if (!token) break;
    at = token.to;
    if (token.kind === 'space') continue;
    const word = wordOf(span.bytes, token);
    if (word.kind === 'symbol' && word.text === ';') break;
    words.push(word);
  }
  return words;
};

const tableOf = (entry: Entry, words: readonly Word[]): Name | undefined => {
  if (entry.desc === 'TABLE DATA') return { schema: entry.namespace, name: entry.tag };
  const cursor = new Cursor(words);
  if (entry.desc === 'STATISTICS') {
    return cursor.skipTo('from') ? cursor.qualified() : undefined;
  }
  if (entry.desc === 'SEQUENCE OWNED BY') return ownerOf(cursor);
  const statement = readStatementKind(words);
  if (statement.kind === 'create') return statement.table;
  if (statement.kind === 'foreign-key') return statement.table;
  return statement.kind === 'alter' && /table$/.test(statement.what) ? statement.on : undefined;
};

/** `ALTER SEQUENCE name OWNED BY schema.table.column` */
const ownerOf = (cursor: Cursor): Name | undefined => {
  if (!cursor.skipTo('owned by')) return undefined;
  const schema = cursor.name();
  const name = cursor.symbol('.') ? cursor.name() : undefined;
  return schema === undefined || name === undefined ? undefined : { schema, name };
};

const indexOf = (entry: Entry, words: readonly Word[]): string | undefined => {
  if (entry.desc === 'INDEX') return entry.tag;
  const cursor = new Cursor(words);
  return entry.desc === 'CONSTRAINT' && cursor.skipTo('add constraint') ? cursor.name() : undefined;
};

/** One string for a name, as a key of maps; null is the schema of no entry here. */
export const keyOf = ({ schema, name }: Name | TableName): string => JSON.stringify([schema, name]);
