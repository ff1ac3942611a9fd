import { quoted } from '../../../core/errors/base.ts';
import type { Name } from './kinds/read-statement-kind.ts';
import type { Meaning } from './kinds/statement-kind.ts';
import type { Word } from './statement-words.ts';

/** What a statement is about, as a person would say it: `table "acme.orders"`. */
export const shown = ({ schema, name }: Name): string =>
  quoted(schema === null ? name : `${schema}.${name}`);

/** How many words of a statement nobody knows are shown. */
const FIRST_WORDS = 4;

const firstWords = (words: readonly Word[]): string =>
  quoted(
    words
      .slice(0, FIRST_WORDS)
      .map(({ kind, text }) => (kind === 'string' ? "'...'" : text))
      .join(' '),
  );

export const described = (meaning: Meaning, words: readonly Word[]): string => {
  switch (meaning.kind) {
    case 'create':
      return `${meaning.what} ${shown(meaning.table ? { schema: meaning.schema, name: `${meaning.table.name}: ${meaning.name}` } : meaning)}`;
    case 'alter':
      return `${meaning.what} ${shown(meaning.on)}`;
    case 'owner':
      return `the owner of ${meaning.what} ${shown(meaning.on)}`;
    case 'grant':
    case 'revoke':
      return `rights on ${meaning.what} ${shown(meaning.on)}`;
    case 'default-privileges':
      return `default privileges in schema ${quoted(meaning.schema ?? '')}`;
    case 'create-schema':
      return `schema ${quoted(meaning.schema)}`;
    case 'comment-on-schema':
      return `the comment on schema ${quoted(meaning.schema)}`;
    case 'create-extension':
    case 'alter-extension':
    case 'comment-on-extension':
      return `extension ${quoted(meaning.extension)}`;
    case 'foreign-key':
    case 'comment-on-constraint':
      return `constraint ${quoted(meaning.constraint)} of table ${shown(meaning.table)}`;
    case 'attach-partition':
    case 'attach-index':
      return `partition ${shown(meaning.child)} of ${shown(meaning.parent)}`;
    case 'refresh':
      return `materialized view ${shown(meaning.view)}`;
    case 'copy':
      return `the rows of table ${shown(meaning.table)}`;
    case 'sequence-value':
      return `the value of sequence ${quoted(meaning.text)}`;
    case 'setting':
      return `the setting ${quoted(meaning.name)}`;
    case 'publication':
    case 'subscription':
    case 'event-trigger':
      return `${meaning.kind.replace('-', ' ')} ${quoted(meaning.name)}`;
    default:
      return `the statement ${firstWords(words)}`;
  }
};
