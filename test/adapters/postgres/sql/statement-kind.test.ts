import { describe, expect, it } from 'vitest';
import { readStatementKind } from '../../../../adapters/postgres/sql/kinds/read-statement-kind.ts';
import type { StatementKind } from '../../../../adapters/postgres/sql/kinds/statement-kind.ts';
import { readAll } from '../support/reading.ts';
import { KINDS_OF, OTHERS } from './statements.ts';

const statement = async (sql: string): Promise<StatementKind | undefined> => {
  const [piece, more] = await readAll(`${sql};\n`);
  if (more) throw new Error('two statements');
  return piece && readStatementKind(piece.words);
};
const name = (schema: string | null, text: string) => ({ schema, name: text });

describe('the kind of a statement', () => {
  it.each(KINDS_OF)('%s', async (sql, expected) => {
    expect(await statement(sql)).toEqual(expected);
  });

  it('is that of a COPY with its columns', async () => {
    const copies = await readAll(
      'COPY "S".t ("a b", c) FROM stdin;\n\\.\nCOPY s."no columns"  FROM stdin;\n\\.\n',
    );
    expect(copies.map(({ words }) => readStatementKind(words))).toEqual([
      { kind: 'copy', table: name('S', 't'), columns: ['a b', 'c'] },
      { kind: 'copy', table: name('s', 'no columns'), columns: [] },
    ]);
  });

  it.each(OTHERS)('is not one that could be left out: %s', async (sql) => {
    expect(['other', 'alter']).toContain((await statement(sql))?.kind);
  });

  it('does not depend on case, space or comments, but on quotes', async () => {
    const expected = { kind: 'create-schema', schema: 's' };
    expect(await statement('create /* a */ sCHEMA -- b\n\tS')).toEqual(expected);
    expect(await statement('CREATE "schema" s')).toEqual({ kind: 'other' });
    expect(await statement('CREATE SCHEMA U&"s"')).toEqual({ kind: 'other' });
  });

  it('is found for statements of any length', async () => {
    const roles = Array.from({ length: 2000 }, (_, n) => `r${n}`);
    expect(await statement(`GRANT SELECT ON TABLE s.t TO ${roles.join(', ')}`)).toMatchObject({
      kind: 'grant',
      roles,
    });
    const more = [...roles, ...roles, ...roles];
    expect(await statement(`GRANT SELECT ON TABLE s.t TO ${more.join(', ')}`)).toEqual({
      kind: 'other',
    });
  });
});
