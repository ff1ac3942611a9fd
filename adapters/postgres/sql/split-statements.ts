/**
 * Splits the SQL that pg_dump and pg_restore write into statements and rows. Names, bodies, comments and rows come from a
 * tenant and are not trusted: a statement ends only where PostgreSQL's own lexer ends it. Each piece is passed on byte
 * for byte; anything that is not a statement, rows or a comment is an error.
 */
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { Feed } from './byte-feed.ts';
import { type NextRows, rowsOf } from './copy-rows.ts';
import { isKey } from './function-body.ts';
import { readStatementKind } from './kinds/read-statement-kind.ts';
import { nextStatement, type Statement } from './next-statement.ts';
import type { Word } from './statement-words.ts';

export type Piece =
  | { readonly kind: 'statement'; readonly text: Buffer; readonly words: readonly Word[] }
  | {
      readonly kind: 'copy';
      /** `COPY ... FROM stdin;` */
      readonly text: Buffer;
      readonly words: readonly Word[];
      /** The rows, a newline after each, without the `\.` after the last. Unread rows are skipped. */
      readonly data: AsyncIterable<Buffer>;
    };

/**
 * Reads piece by piece. Memory holds one statement at a time, and only those rows that the stream delivers at once.
 * @throws DumpUnreadable if the input ends in the middle of a piece, or contains what no dump has: a psql command
 *   other than the `\restrict` that protects against them, or a COPY of another form
 */
export async function* readStatements(input: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const feed = new Feed(input);
  let escapes = false;
  try {
    for (;;) {
      const statement = await nextStatement(feed, escapes);
      if (!statement) return;
      const { text, words } = statement;
      if (isKey(words[0], 'copy')) {
        await passLine(feed, statement);
        const next = rowsOf(feed, statement.at);
        yield { kind: 'copy', text, words, data: iterate(next) };
        while (await next());
      } else {
        escapes = escapesAfter(statement, escapes);
        yield { kind: 'statement', text, words };
      }
    }
  } finally {
    await feed.close();
  }
}

async function* iterate(next: NextRows): AsyncGenerator<Buffer> {
  for (let rows = await next(); rows; rows = await next()) yield rows;
}

const unreadable = ({ at }: Statement, why: string): DumpUnreadable =>
  new DumpUnreadable(`byte ${at} of its SQL`, why);

const NEWLINE = 0x0a;

/**
 * Moves to the rows, which begin on the line after the COPY. Any other COPY reads or writes files, or runs programs.
 */
const passLine = async (feed: Feed, statement: Statement): Promise<void> => {
  if (readStatementKind(statement.words).kind !== 'copy') {
    throw unreadable(statement, 'there is a COPY that is not of the form COPY ... FROM stdin');
  }
  if (feed.bytes.length === 0) await feed.more();
  if (feed.bytes[0] !== NEWLINE) throw unreadable(statement, 'no line of rows follows the COPY');
  feed.use(1);
};

/**
 * Client-only encodings in which a part of a character may look like a quote.
 * https://www.postgresql.org/docs/current/multibyte.html#CHARSET-TABLE
 */
const UNSAFE_ENCODINGS =
  /^(sjis|shiftjis|mskanji|big5|win9(32|36|49|50)|windows9(32|36|49|50)|gbk|uhc|gb18030|johab)/;
const ON = /^(on|true|yes|1)$/i;
const OFF = /^(off|false|no|0)$/i;

/** Whether a backslash in '...' escapes after this statement. */
const escapesAfter = (statement: Statement, escapes: boolean): boolean => {
  const { words } = statement;
  if (!isKey(words[0], 'set') && !isKey(words[0], 'select')) return escapes;
  const setting = readStatementKind(words);
  if (setting.kind !== 'setting') return escapes;
  const value = setting.values.join();
  if (setting.name === 'client_encoding') {
    if (UNSAFE_ENCODINGS.test(value.toLowerCase().replace(/[^a-z0-9]/g, ''))) {
      throw unreadable(statement, `it is in ${value}, which can't be read safely`);
    }
  } else if (setting.name === 'standard_conforming_strings') {
    if (OFF.test(value)) return true;
    if (ON.test(value)) return false;
    throw unreadable(statement, 'it sets standard_conforming_strings to neither on nor off');
  }
  return escapes;
};
