import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { readAll } from '../support/reading.ts';

/**
 * The server's own lexer decides: many statements are sent to it in one text, and it must find as many as the reader does, with the
 * same values in them.
 */
let postgres: Postgres;
let client: pg.Client;
beforeAll(async () => {
  postgres = await startPostgres(15);
  client = await postgres.session();
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});

const ODD = [
  ';',
  "'",
  '"',
  '\\',
  '$',
  '$$',
  '$a$',
  '/*',
  '*/',
  '--',
  '\n',
  ' ',
  'a',
  'E',
  '(',
  ')',
  'é',
  '😀',
];
const text = fc.array(fc.constantFrom(...ODD), { maxLength: 12 }).map((parts) => parts.join(''));

const doubled = (inside: string): string => `'${inside.replaceAll("'", "''")}'`;
const escaped = (inside: string): string =>
  `'${inside.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const dollar = (inside: string): string => {
  const delimiter = ['$$', '$a$', '$_1$', '$é$'].find(
    (one) => !`${inside}$`.includes(one.slice(0, -1)),
  );
  return delimiter ? `${delimiter}${inside}${delimiter}` : `$zz$${inside}$zz$`;
};

/** An SQL expression, and whether it is a string whose value is known. */
interface Expression {
  readonly sql: string;
  readonly isString: boolean;
}
const string = (write: (inside: string) => string) =>
  text.map((inside): Expression => ({ sql: write(inside), isString: true }));
const other = (...choices: string[]) =>
  fc.constantFrom(...choices).map((sql): Expression => ({ sql, isString: false }));

const blockComment = text.map((inside) => `/*${inside.replace(/\/\*|\*\/|\*$|\/$/g, '')} */`);
const lineComment = text.map((inside) => `--${inside.replaceAll('\n', '')}\n`);
const gap = fc.oneof(fc.constantFrom(' ', '\n', '\t\f'), blockComment, lineComment);

const expressions = (escapes: boolean) =>
  fc.oneof(
    string(escapes ? escaped : doubled),
    string((inside) => `E${escaped(inside)}`),
    string(dollar),
    text.map((inside) => ({ sql: `1 AS "${inside.replaceAll('"', '""')}x"`, isString: false })),
    other(
      '1.5e10',
      '.5',
      '1e5',
      '-1',
      '1-(-2)',
      '2 *-1',
      '1 <> 2',
      "b'01'",
      "X'1F'",
      "n'a;'::text",
    ),
    other('1 AS a$b$c', '1 AS e', '(1)', "('a')", '(SELECT 1)', "'a'\n'b;'", "e'a'\n--'\n'\\';'"),
    fc.tuple(gap, gap).map(([a, b]) => ({ sql: `1${a}*${b}2`, isString: false })),
  );

const statement = (escapes: boolean) =>
  fc
    .tuple(gap, fc.array(expressions(escapes), { minLength: 1, maxLength: 5 }), gap)
    .map(([before, items, after]) => ({
      items,
      sql: `${before}SELECT${before}${items.map(({ sql }) => sql).join(`${after},${before}`)}${after};`,
    }));

describe.each([false, true])('with backslashes that escape: %s', (escapes) => {
  it('the reader finds the statements and strings that the server finds', async () => {
    await client.query(`SET standard_conforming_strings = ${escapes ? 'off' : 'on'}`);
    await client.query('SET escape_string_warning = off; SET backslash_quote = on');
    const first = `SET standard_conforming_strings = ${escapes ? 'off' : 'on'};`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(statement(escapes), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        async (statements, sizes) => {
          const script = statements.map(({ sql }) => sql).join('');
          const answer: unknown = await client.query({ text: script, rowMode: 'array' });
          const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult[];
          const [, ...pieces] = await readAll(first + script, sizes);
          expect(pieces.length).toBe(results.length);
          statements.forEach(({ items }, turn) => {
            const values = results[turn]?.rows[0]?.filter((_, column) => items[column]?.isString);
            const told = pieces[turn]?.words.filter(({ kind }) => kind === 'string');
            expect(told?.map((word) => word.text)).toEqual(expect.arrayContaining(values ?? []));
          });
        },
      ),
      { numRuns: 400 },
    );
  });
});
