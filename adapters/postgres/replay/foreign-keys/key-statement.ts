import type pg from 'pg';
import type { OutsideForeignKey } from '../../../../core/restore-ports.ts';
import { readStatementKind } from '../../sql/kinds/read-statement-kind.ts';
import { type Piece, readStatements } from '../../sql/split-statements.ts';

/** Reads a foreign key's statement from a backup. It is sent only if it is exactly one foreign key. */
async function* whole(sql: string): AsyncGenerator<Buffer> {
  yield Buffer.from(`${sql};\n`);
}

type ForeignKeyStatement = Extract<
  ReturnType<typeof readStatementKind>,
  { readonly kind: 'foreign-key' }
>;

/** @returns undefined if the SQL is not exactly one foreign key of the table */
export const keyStatement = async ({
  table,
  name,
  sql,
}: OutsideForeignKey): Promise<ForeignKeyStatement | undefined> => {
  const pieces: Piece[] = [];
  try {
    for await (const piece of readStatements(whole(sql))) pieces.push(piece);
  } catch {
    return undefined;
  }
  const [piece, ...more] = pieces;
  if (piece?.kind !== 'statement' || more.length) return undefined;
  const statement = readStatementKind(piece.words);
  return statement.kind === 'foreign-key' &&
    statement.table.schema === table.schema &&
    statement.table.name === table.name &&
    statement.constraint === name
    ? statement
    : undefined;
};

/** node-postgres supports it, but its types do not have it. */
interface ExtendedQuery extends pg.QueryConfig {
  readonly queryMode: 'extended';
}

/** The extended protocol accepts exactly one statement. */
export const sendAlone = async (client: pg.Client, text: string): Promise<void> => {
  const query: ExtendedQuery = { text, queryMode: 'extended' };
  await client.query(query);
};
