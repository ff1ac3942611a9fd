import { readStatements } from '../../../../adapters/postgres/sql/split-statements.ts';
import type { Word } from '../../../../adapters/postgres/sql/statement-words.ts';

/** A piece that was read to its end. */
export interface ReadPiece {
  readonly text: string;
  readonly words: readonly Word[];
  /** Of a COPY alone. */
  readonly rows?: string;
}

/** Cuts bytes into chunks of the given sizes, repeatedly. */
export async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    // A copy, so that a test finds a reader that writes to its input.
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
}

/** Bytes as a string in which each byte is a character, so that nothing is lost. */
const exact = (bytes: Buffer): string => bytes.toString('latin1');

export const readAll = async (
  input: string | Buffer,
  sizes: readonly number[] = [],
): Promise<ReadPiece[]> => {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const pieces: ReadPiece[] = [];
  for await (const piece of readStatements(inChunks(bytes, sizes))) {
    const { text, words } = piece;
    if (piece.kind === 'statement') pieces.push({ text: exact(text), words });
    else {
      const rows: Buffer[] = [];
      for await (const some of piece.data) rows.push(some);
      pieces.push({ text: exact(text), words, rows: exact(Buffer.concat(rows)) });
    }
  }
  return pieces;
};

/** The texts of the statements of some ASCII SQL. */
export const split = async (sql: string): Promise<string[]> =>
  (await readAll(sql)).map(({ text }) => text);
