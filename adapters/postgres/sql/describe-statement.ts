import { quoted } from '../../../core/errors/base.ts';
import type { StatementKind } from './kinds/statement-kind.ts';
import type { Name } from './kinds/word-cursor.ts';
import type { Word } from './statement-words.ts';

/** Describes the object of a statement as a person would: `table "acme.orders"`. */
export const shown = ({ schema, name }: Name): string =>
  quoted(schema === null ? name : `${schema}.${name}`);

/** How many words of an unknown statement are shown. */
const FIRST_WORDS = 4;

const firstWords = (words: readonly Word[]): string =>
  quoted(
    words
      .slice(0, FIRST_WORDS)
      .map(({ kind, text }) => (kind === 'string' ? "'...'" : text))
      .join(' '),
  );

export const described = (statement: StatementKind, words: readonly Word[]): string => {
  switch (statement.kind) {
    case 'create':
      return `${statement.what} ${shown(statement.table ? { schema: statement.schema, name: `${statement.table.name}: ${statement.name}` } : statement)}`;
    case 'alter':
      return `${statement.what} ${shown(statement.on)}`;
    case 'owner':
      return `the owner of ${statement.what} ${shown(statement.on)}`;
    case 'grant':
    case 'revoke':
      return `rights on ${statement.what} ${shown(statement.on)}`;
    case 'default-privileges':
      return `default privileges in schema ${quoted(statement.schema ?? '')}`;
    case 'create-schema':
      return `schema ${quoted(statement.schema)}`;
    case 'comment-on-schema':
      return `the comment on schema ${quoted(statement.schema)}`;
    case 'create-extension':
    case 'alter-extension':
    case 'comment-on-extension':
      return `extension ${quoted(statement.extension)}`;
    case 'foreign-key':
    case 'comment-on-constraint':
      return `constraint ${quoted(statement.constraint)} of table ${shown(statement.table)}`;
    case 'attach-partition':
    case 'attach-index':
      return `partition ${shown(statement.child)} of ${shown(statement.parent)}`;
    case 'refresh':
      return `materialized view ${shown(statement.view)}`;
    case 'copy':
      return `the rows of table ${shown(statement.table)}`;
    case 'sequence-value':
      return `the value of sequence ${quoted(statement.text)}`;
    case 'setting':
      return `the setting ${quoted(statement.name)}`;
    case 'publication':
    case 'subscription':
    case 'event-trigger':
      return `${statement.kind.replace('-', ' ')} ${quoted(statement.name)}`;
    default:
      return `the statement ${firstWords(words)}`;
  }
};
