import type pg from 'pg';
import type { OutsideForeignKey } from '../../../../core/restore-ports.ts';
import { meaningOf } from '../../sql/kinds/read-statement-kind.ts';
import { type Piece, readStatements } from '../../sql/split-statements.ts';

/** A foreign key's statement, which comes out of a backup: it is sent only where it is one, and nothing else beside it. */
async function* whole(sql: string): AsyncGenerator<Buffer> {
  yield Buffer.from(`${sql};\n`);
}

export const isKeyStatement = async ({ table, name, sql }: OutsideForeignKey): Promise<boolean> => {
  const pieces: Piece[] = [];
  try {
    for await (const piece of readStatements(whole(sql))) pieces.push(piece);
  } catch {
    return false;
  }
  const [piece, ...more] = pieces;
  if (piece?.kind !== 'statement' || more.length) return false;
  const meaning = meaningOf(piece.words);
  return (
    meaning.kind === 'foreign-key' &&
    meaning.table.schema === table.schema &&
    meaning.table.name === table.name &&
    meaning.constraint === name
  );
};

/** node-postgres knows it, its types don't. */
interface ExtendedQuery extends pg.QueryConfig {
  readonly queryMode: 'extended';
}

/** The extended protocol takes one statement and no more. */
export const sendAlone = async (client: pg.Client, text: string): Promise<void> => {
  const query: ExtendedQuery = { text, queryMode: 'extended' };
  await client.query(query);
};
