import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { RestoreRefused } from '../../../core/errors.ts';
import { type Doing, refusal } from './refusals.ts';
import type { Piece } from './statements.ts';

/** How the pieces of a backup's text go to the server. */

/** node-postgres knows it, its types don't. */
interface ExtendedQuery extends pg.QueryConfig {
  readonly queryMode: 'extended';
}

/** Databases of SQL_ASCII may hold names in any bytes, which a JavaScript string can't. */
const textOf = (text: Buffer, object: string): string => {
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
  const query: ExtendedQuery = { text: textOf(text, doing.object), queryMode: 'extended' };
  await client.query(query).catch((error: unknown) => {
    throw refusal(error, doing);
  });
};

/** Rows under way to the server, bytes: enough to keep it busy while more are read. */
const IN_FLIGHT = 1024 ** 2;

/** Streams the rows of a COPY; answers how many the server took. @throws the error of the rows' own source, as it is */
export const copyRows = async (
  client: pg.Client,
  { text, data }: Extract<Piece, { readonly kind: 'copy' }>,
  doing: Doing,
): Promise<number> => {
  let brokenSource: { readonly error: unknown } | undefined;
  const watched = async function* () {
    try {
      yield* data;
    } catch (error) {
      brokenSource = { error };
      throw error;
    }
  };
  const target = client.query(copyFrom(textOf(text, doing.object), { highWaterMark: IN_FLIGHT }));
  try {
    await pipeline(watched(), target);
    return target.rowCount;
  } catch (error) {
    throw brokenSource ? brokenSource.error : refusal(error, doing);
  }
};
