import type { ReadNaming } from '../../../core/restore-ports.ts';
import { readStatementKind } from '../sql/kinds/read-statement-kind.ts';
import { NamingLive } from '../sql/objects-naming-live.ts';
import { type Word, wordOf } from '../sql/statement-words.ts';
import { tokenAt } from '../sql/tokens.ts';
import { escapesOf } from './entry-definitions.ts';
import { type Entry, readTableOfContents, type TableOfContents } from './table-of-contents.ts';

/** Objects of an archive whose strings name the live schema, found in the definitions of its table of contents. */
const wordsOf = (sql: string, escapes: boolean): readonly Word[] => {
  const bytes = Buffer.from(sql);
  const words: Word[] = [];
  for (let at = 0; at < bytes.length; ) {
    const token = tokenAt({ bytes, final: true, escapes }, at);
    if (!token) break;
    if (token.kind !== 'space') words.push(wordOf(bytes, token));
    at = token.to;
  }
  return words;
};

/** `acme.total(numeric)`: the tag of a routine has its arguments. */
const routineOf = ({ desc, namespace, tag }: Entry): string | undefined =>
  desc === 'FUNCTION' || desc === 'PROCEDURE' ? `${namespace}.${tag}` : undefined;

export const namingOf = (
  contents: TableOfContents,
  schemas: readonly string[],
  entries?: readonly number[],
): Awaited<ReturnType<ReadNaming>> => {
  const escapes = escapesOf(contents);
  const wanted = entries && new Set(entries);
  const naming = new NamingLive(schemas);
  for (const entry of contents.entries) {
    if (!entry.defn || (wanted && !wanted.has(entry.dumpId))) continue;
    const words = wordsOf(entry.defn, escapes);
    naming.take(readStatementKind(words), words, routineOf(entry));
  }
  return { all: naming.list(), functions: naming.routines() };
};

/** @throws DumpUnreadable */
export const readNaming: ReadNaming = async ({ read, schemas, entries }) =>
  namingOf(await readTableOfContents(read), schemas, entries);
