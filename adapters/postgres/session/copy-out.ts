import pg from 'pg';

/** The driver's own query drops the rows of a COPY; this one passes them on. Pipelined sessions accept a subclass, unlike pg-copy-streams. */
export class CopyOut extends pg.Query {
  readonly #onPiece: (piece: Buffer) => void;

  constructor(
    sql: string,
    onPiece: (piece: Buffer) => void,
    done: (error: Error | undefined, result?: pg.QueryResult) => void,
  ) {
    super(sql, done);
    this.#onPiece = onPiece;
  }

  /** Called by the driver: https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/query.js */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#onPiece(chunk);
  }
}

/**
 * Runs `COPY ... TO STDOUT` and passes on the output: the server sends each row as one piece, in the binary format with the header before
 * the first and the trailer as the last. A piece is only valid during the call.
 *
 * @throws the driver's errors, and what `onPiece` throws, after the server has sent everything
 */
export const copyOut = async (
  client: pg.Client,
  sql: string,
  onPiece: (piece: Buffer) => void,
): Promise<void> => {
  let failed: { readonly error: unknown } | undefined;
  const take = (piece: Buffer): void => {
    if (failed) return;
    try {
      onPiece(piece);
    } catch (error) {
      failed = { error };
    }
  };
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyOut(sql, take, (error) => (error ? reject(error) : resolve())));
  });
  if (failed) throw failed.error;
};
