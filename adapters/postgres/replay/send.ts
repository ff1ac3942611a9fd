import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { releaseMemory } from '../../../core/chunks.ts';
import { RestoreRefused } from '../../../core/errors/restore.ts';
import type { Piece } from '../sql/split-statements.ts';
import { type Doing, refusal } from './statement-errors.ts';

/** Sends the statements and rows of a backup's SQL to the server. */

/** node-postgres supports it, but its types do not have it. */
interface ExtendedQuery extends pg.QueryConfig {
  readonly queryMode: 'extended';
}

/** Databases of SQL_ASCII may have names in any bytes, which a JavaScript string cannot hold. */
export const sqlOf = (text: Buffer, object: string): string => {
  if (isUtf8(text)) return text.toString();
  throw new RestoreRefused([
    `The definition of ${object} contains bytes that are not UTF-8. GET .../restore-guide has the commands to restore it by hand.`,
  ]);
};

/**
 * Sends one statement. The extended protocol accepts one statement only: even if our lexer and the server's disagree on the
 * SQL, a second statement in it is an error.
 */
export const send = async (client: pg.Client, text: Buffer, doing: Doing): Promise<void> => {
  const query: ExtendedQuery = { text: sqlOf(text, doing.object), queryMode: 'extended' };
  await client.query(query).catch((error: unknown) => {
    throw refusal(error, doing);
  });
};

/** Larger than the size at which a socket asks for a pause, so that a write ends once its bytes have left Node. */
const PIECE_BYTES = 256 * 1024;
const PIECES = 4;

/** Allocates the buffer in which rows of a COPY are collected before they are sent. */
export const makeRowRoom = (): Buffer => Buffer.allocUnsafeSlow(PIECES * PIECE_BYTES);

/**
 * The rows in pieces of the buffer, one after the other, then from its beginning again; the last piece may be shorter. When the consumer
 * asks for the next piece, it must hold fewer than all pieces. Releases the memory of the chunks that it reads.
 */
async function* gathered(data: AsyncIterable<Buffer>, room: Buffer): AsyncGenerator<Buffer> {
  let from = 0;
  let to = 0;
  for await (const chunk of data) {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(room, to, at, at + from + PIECE_BYTES - to);
      at += copied;
      to += copied;
      if (to === from + PIECE_BYTES) {
        yield room.subarray(from, to);
        from = to % room.length;
        to = from;
      }
    }
    releaseMemory(chunk);
  }
  if (to > from) yield room.subarray(from, to);
}

interface RowRoom {
  /** From `makeRowRoom`; used by no other caller meanwhile. */
  readonly room: Buffer;
  /** The current transaction created the table: no other session sees its rows before all of them are loaded. */
  readonly frozen: boolean;
}

/**
 * Writes rows as VACUUM would leave them. Later reads of indexes and counts, and a VACUUM after the restore, have nothing to mark on them. A
 * transaction whose snapshot is older than a swap finds rows, not an empty table.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-PARAMS-FREEZE
 */
const freezing = (sql: string): string => `${sql.replace(/;$/, '')} WITH (FREEZE)`;

/**
 * Streams the rows of a COPY and releases their memory on the way. @returns the number of rows that
 * the server accepted
 * @throws the error of the rows' own source, unchanged
 */
export const copyRows = async (
  client: pg.Client,
  { text, data }: Extract<Piece, { readonly kind: 'copy' }>,
  doing: Doing,
  { frozen, room }: RowRoom,
): Promise<number> => {
  let brokenSource: { readonly error: unknown } | undefined;
  const watched = async function* () {
    try {
      yield* gathered(data, room);
    } catch (error) {
      brokenSource = { error };
      throw error;
    }
  };
  const sql = sqlOf(text, doing.object);
  // With this many bytes pending, the stream asks for no more.
  const inHand = { highWaterMark: room.length };
  const target = client.query(copyFrom(frozen ? freezing(sql) : sql, inHand));
  try {
    await pipeline(watched(), target);
    return target.rowCount;
  } catch (error) {
    throw brokenSource ? brokenSource.error : refusal(error, doing);
  }
};
