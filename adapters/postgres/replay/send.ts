import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { giveBack } from '../../../core/chunks.ts';
import { RestoreRefused } from '../../../core/errors/restore.ts';
import type { Piece } from '../sql/split-statements.ts';
import { type Doing, refusal } from './statement-errors.ts';

/** How the pieces of a backup's text go to the server. */

/** node-postgres knows it, its types don't. */
interface ExtendedQuery extends pg.QueryConfig {
  readonly queryMode: 'extended';
}

/** Databases of SQL_ASCII may hold names in any bytes, which a JavaScript string can't. */
export const sqlOf = (text: Buffer, object: string): string => {
  if (isUtf8(text)) return text.toString();
  throw new RestoreRefused([
    `The definition of ${object} holds bytes that are no UTF-8. GET .../restore-guide has the commands to bring it back by hand.`,
  ]);
};

/**
 * Sends one statement. The extended protocol takes one and no more: whatever another lexer than the server's own thinks of a
 * text, a second statement in it is an error.
 */
export const send = async (client: pg.Client, text: Buffer, doing: Doing): Promise<void> => {
  const query: ExtendedQuery = { text: sqlOf(text, doing.object), queryMode: 'extended' };
  await client.query(query).catch((error: unknown) => {
    throw refusal(error, doing);
  });
};

/** Larger than what a socket takes before it asks for a pause, so that a write ends once its bytes are out of Node's hands. */
const PIECE_BYTES = 256 * 1024;
const PIECES = 4;

/** Where the rows of a COPY are gathered before they are sent. */
export const makeRowRoom = (): Buffer => Buffer.allocUnsafeSlow(PIECES * PIECE_BYTES);

/**
 * The rows in pieces of the room, one behind the other, then from its beginning again; the last piece may be shorter. Whoever takes them may
 * have fewer than all pieces in hand when it asks for the next. Takes the memory of what it reads.
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
    giveBack(chunk);
  }
  if (to > from) yield room.subarray(from, to);
}

interface RowRoom {
  /** Of `makeRowRoom`; nobody else uses it meanwhile. */
  readonly room: Buffer;
  /** The table is one that the transaction in progress has made: nobody else sees its rows before they are all there. */
  readonly frozen: boolean;
}

/**
 * Rows that are written as VACUUM would leave them: indexes and counts have nothing to mark on them, nor has a VACUUM after the restore, and
 * a transaction whose snapshot is older than a swap finds rows, not an empty table.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-PARAMS-FREEZE
 */
const freezing = (sql: string): string => `${sql.replace(/;$/, '')} WITH (FREEZE)`;

/**
 * Streams the rows of a COPY, whose memory is given back as they go; answers how many the server took.
 * @throws the error of the rows' own source, as it is
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
  // With as much in hand it asks for no more.
  const inHand = { highWaterMark: room.length };
  const target = client.query(copyFrom(frozen ? freezing(sql) : sql, inHand));
  try {
    await pipeline(watched(), target);
    return target.rowCount;
  } catch (error) {
    throw brokenSource ? brokenSource.error : refusal(error, doing);
  }
};
