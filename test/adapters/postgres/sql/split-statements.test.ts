import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatements } from '../../../../adapters/postgres/sql/split-statements.ts';
import { inChunks, readAll, split } from '../support/reading.ts';

/** Statements that contain what looks like the end of one, each of which is a single one to the server. */
const WHOLE = [
  `SELECT 'a;b', 'it''s; fine';`,
  `SELECT "a;b", "it""s; fine";`,
  `SELECT E'it\\'s; fine \\\\';`,
  `SELECT e'a' -- it's; here\n  'b\\'; c';`,
  `SELECT 'a\\';`,
  `SELECT U&'\\0041;' UESCAPE '!', U&"x;y", N'a;b', B'01', X'1F';`,
  `SELECT $$a; b$$, $tag$ $$; $ta$ ; $tag$, $é$;$é$, a$b$c;`,
  `SELECT $1, $2$a;`,
  `SELECT 1 /* a; /* nested; */ ' " $$ ; */ + 2;`,
  `SELECT 1 -- a; ' " $$ /*\n+ 2;`,
  `SELECT 1 */* ; */ 2 +-- ;\n3;`,
  `CREATE RULE r AS ON UPDATE TO t DO ALSO (INSERT INTO l VALUES (1); NOTIFY "c;");`,
  `CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;`,
  `create or replace procedure p() begin atomic select 1; select (case 1 when 1 then 2 end); end;`,
  `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT begin.id FROM s.begin; SELECT "end" FROM "case"; END;`,
  `CREATE FUNCTION s.begin(atomic int) RETURNS begin LANGUAGE sql AS 'x';`,
  `CREATE FUNCTION s.begin() RETURNS int LANGUAGE sql RETURN 1;`,
  `CREATE TABLE begin (atomic int, "end" int);`,
  `CREATE VIEW v AS SELECT CASE WHEN a THEN b END FROM t;`,
  `COMMENT ON TABLE t IS 'x\n\\.\n-- Name: x; Type: EXTENSION\n\\connect other\n; DROP TABLE t;';`,
  `CREATE TABLE "a\n\\.\n\\! ls\n;" ("""; DROP SCHEMA s; --" int);`,
  `SELECT 1.5e10, 1e, .5, 1..2, 0x1F, 1_000, e'\\';';`,
  `SELECT 'a'::text, a::"char", b[1:2], c => 1;`,
  `SELECT '\u00e9\u{1f600};', "é;";`,
];

describe('a statement', () => {
  it.each(WHOLE)('is whole: %s', async (sql) => {
    const whole = await readAll(sql);
    expect(whole.map(({ text }) => text)).toEqual([Buffer.from(sql).toString('latin1')]);
    for (const size of [1, 2, 3, 5]) expect(await readAll(sql, [size])).toEqual(whole);
  });

  it('ends where the next begins, without the text between them', async () => {
    expect(await split('\n-- x;\n/* y; */SELECT 1;SELECT 2 ; ; ;\n\n  SELECT 3;-- end')).toEqual([
      'SELECT 1;',
      'SELECT 2 ;',
      'SELECT 3;',
    ]);
  });

  it('of a routine ends with its body, and the next one with its own semicolon', async () => {
    const body = 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;';
    expect(await split(`${body}\nSELECT 1;\nSELECT 2;`)).toEqual([body, 'SELECT 1;', 'SELECT 2;']);
  });

  it('has words that are folded, unquoted and unescaped', async () => {
    const [piece] = await readAll(
      `ALTER Table "A ""b"" ;".ÀB$1 x 'it''s \\' E'it\\'s ''\\\\' $q$a'b$q$ 1.5e-3 <> (-1) U&"a" E'\\n' 'a'\n'b';`,
    );
    expect(piece?.words.map((word) => [word.kind, word.text])).toEqual([
      ['name', 'alter'],
      ['name', 'table'],
      ['name', 'A "b" ;'],
      ['symbol', '.'],
      ['name', 'Àb$1'],
      ['name', 'x'],
      ['string', `it's \\`],
      ['string', `it's '\\`],
      ['string', "a'b"],
      ['number', '1.5e-3'],
      ['symbol', '<>'],
      ['symbol', '('],
      ['symbol', '-'],
      ['number', '1'],
      ['symbol', ')'],
      ['opaque', 'U&"a"'],
      ['opaque', "E'\\n'"],
      ['opaque', "'a'\n'b'"],
    ]);
  });

  it('of more words than are kept does not look as if it ended with them', async () => {
    const [piece] = await readAll(`GRANT a ON b TO ${'x, '.repeat(5000)}y;`);
    expect(piece?.words.length).toBe(4097);
    expect(piece?.words.at(-1)).toEqual({ kind: 'opaque', text: '' });
  });

  it('may contain bytes that are not UTF-8, as in a database of SQL_ASCII', async () => {
    const sql = Buffer.concat([
      Buffer.from("SELECT '"),
      Buffer.from([0xff, 0xe4, 0x80]),
      Buffer.from(';\', "'),
      Buffer.from([0xfc]),
      Buffer.from('";'),
    ]);
    expect(await readAll(sql, [1])).toMatchObject([{ text: sql.toString('latin1') }]);
  });
});

describe('backslashes in strings', () => {
  const ambiguous = String.raw`SELECT 'a\'; SELECT 2; --';`;

  it('are plain characters, unless the dump says otherwise', async () => {
    expect(await split(ambiguous)).toEqual([String.raw`SELECT 'a\';`, 'SELECT 2;']);
  });

  it.each([
    'SET standard_conforming_strings = off;',
    "set session Standard_Conforming_Strings to 'OFF';",
    "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);",
  ])('escape after %s', async (off) => {
    const on = 'SET standard_conforming_strings = on;';
    expect((await split(off + ambiguous)).slice(1)).toEqual([ambiguous]);
    expect((await split(off + on + ambiguous)).slice(2)).toEqual([
      String.raw`SELECT 'a\';`,
      'SELECT 2;',
    ]);
  });
});

describe('the rows of a COPY', () => {
  const copy = 'COPY s.t (a) FROM stdin;';
  const after = 'SELECT 1;';
  const rowsOf = async (rows: string, sizes: readonly number[] = []) => {
    const pieces = await readAll(`${copy}\n${rows}\\.\n\n\n${after}`, sizes);
    expect(pieces.map(({ text }) => text)).toEqual([copy, after]);
    return pieces[0]?.rows;
  };

  it.each([
    '',
    '\n',
    '\n\n',
    '1\n',
    '\\N\n',
    '\\\\.\n',
    'x\\.\n',
    '\\.x\n',
    '\\. \n',
    '\\.\r\n',
    ' \\.\n',
    '\\\n\\..\n',
    '.\n.\n\\N.\n',
    `.\n${'\\\\\n\n'.repeat(20)}`,
    'it\'s; $$ /* -- "\n\\\\connect x\n',
  ])('may be %j', async (rows) => {
    for (const size of [1, 2, 3, 4, 5, 7, 1000]) expect(await rowsOf(rows, [size])).toBe(rows);
  });

  it('are found in chunks of any size', async () => {
    const line = fc.array(fc.constantFrom('\\', '.', '\r', 'N', 'a', '\t', ';', "'"), {
      maxLength: 6,
    });
    const rows = fc.array(
      line.map((parts) => `${parts.join('')}\n`).filter((one) => one !== '\\.\n'),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(
        rows.map((lines) => lines.join('')),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
        async (text, sizes) => {
          expect(await rowsOf(text, sizes)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of one kind of byte or another are all searched', async () => {
    for (const row of ['1\n', '\\N\t\\N\n', '1.5.5\n', 'no such byte']) {
      const rows = `${row.repeat(20_000)}\n`;
      for (const size of [4096, 65_536]) expect(await rowsOf(rows, [size])).toBe(rows);
    }
  });

  it('are passed on in the chunks in which they arrive, not copied', async () => {
    const chunk = Buffer.from('1\t2\n'.repeat(1000));
    const input = async function* () {
      yield Buffer.from(`${copy}\n`);
      yield chunk;
      yield Buffer.from('\\.\n');
    };
    for await (const piece of readStatements(input())) {
      if (piece.kind !== 'copy') continue;
      for await (const rows of piece.data) expect(rows.buffer).toBe(chunk.buffer);
    }
  });

  it('are skipped if they are not read', async () => {
    const sql = Buffer.from(`${copy}\n${'1;\n'.repeat(100)}\\.\n${after}`);
    for (const read of [0, 1, 2]) {
      const seen: string[] = [];
      for await (const piece of readStatements(inChunks(sql, [10]))) {
        seen.push(piece.text.toString());
        let chunks = 0;
        if (piece.kind === 'copy' && read > 0) {
          for await (const _ of piece.data) {
            chunks += 1;
            if (chunks === read) break;
          }
        }
      }
      expect(seen).toEqual([copy, after]);
    }
  });
});

describe('SQL that no dump holds, or that is incomplete', () => {
  const cases: [string, string, string][] = [
    ['a statement', 'SELECT 1;\nSELECT 2', 'byte 10 .*in the middle of the statement'],
    ['a body', 'CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;', 'in the middle of the statement'],
    ['brackets', 'CREATE RULE r AS ON UPDATE TO t DO (SELECT 1;', 'in the middle of the statement'],
    ['a string', "SELECT 'a;", 'byte 7 .*a quoted string'],
    ['a string that escapes', "SELECT E'a\\';", 'byte 7 .*a quoted string'],
    ['a quoted name', 'SELECT "a;', 'byte 7 .*a quoted name'],
    ['a dollar quote', 'SELECT $a$b;$b$', 'byte 7 .*a dollar quote'],
    ['a comment', 'SELECT 1; /* /* */', 'byte 10 .*a comment'],
    ['rows', 'COPY s.t (a) FROM stdin;\n1\n', 'byte 27 .*rows of the COPY at byte 0'],
    ['the line that ends rows', 'COPY s.t (a) FROM stdin;\n1\n\\.', 'rows of the COPY'],
    ['the line of a COPY', 'COPY s.t (a) FROM stdin;', 'no line of rows'],
    ['a COPY with more on its line', 'COPY s.t (a) FROM stdin; 1\n\\.\n', 'no line of rows'],
    ['a COPY of a program', "COPY s.t FROM PROGRAM 'ls';", 'not of the form'],
    ['a COPY with options', 'COPY s.t FROM stdin WITH (FORMAT csv);\n', 'not of the form'],
    ['a COPY to somewhere', 'COPY s.t TO stdout;\n', 'not of the form'],
    ['another database', 'SELECT 1;\n\\connect other\n', 'byte 10 .*psql.*connect'],
    ['a program', '\\! ls\n', 'psql'],
    ['a guard with more', '\\restrict x y\n', 'psql'],
    ['half a guard', '\\restrict x', 'psql'],
    ['a guard in a statement', 'SELECT 1\n\\restrict x\n;', 'byte 9 .*backslash'],
    ['a zero byte', "SELECT 'a\0b';", 'zero byte'],
    ['an encoding with quotes in it', "SET client_encoding = 'SJIS';", 'SJIS'],
    ['strings of no known kind', 'SET standard_conforming_strings = maybe;', 'neither'],
  ];

  it.each(cases)('is refused by name: %s', async (_, sql, why) => {
    for (const sizes of [[], [1]]) {
      await expect(readAll(sql, sizes)).rejects.toMatchObject({
        name: 'DumpUnreadable',
        retryable: false,
        message: expect.stringMatching(new RegExp(why)),
      });
    }
  });

  it('is refused, wherever it is cut in the middle of something', async () => {
    const parts = ['SET a = 1;', '\n\n', 'COPY s.t (a) FROM stdin;\n1\n2\n\\.\n', '\n'];
    const between = new Set<number>([0]);
    for (let at = 0, turn = 0; turn < parts.length; turn += 2) {
      at += parts[turn]?.length ?? 0;
      for (const end = at + (parts[turn + 1]?.length ?? 0); at < end; at += 1) between.add(at);
      between.add(at);
    }
    const last = `SELECT 'x', "y", $$z$$ /* c */;`;
    const whole = parts.join('') + last;
    for (let bytes = 0; bytes < whole.length; bytes += 1) {
      const read = readAll(whole.slice(0, bytes)).then(
        () => true,
        (error: Error) => (error.name === 'DumpUnreadable' ? false : Promise.reject(error)),
      );
      expect([bytes, await read]).toEqual([bytes, between.has(bytes)]);
    }
    expect((await split(whole)).at(-1)).toBe(last);
  });

  it('is accepted if it is the `\\restrict` guard', async () => {
    const sql = '\\restrict aB3\n\nSELECT 1;\n\\unrestrict aB3\n\n';
    for (const sizes of [[], [1]]) {
      expect((await readAll(sql, sizes)).map(({ text }) => text)).toEqual(['SELECT 1;']);
    }
  });

  it('releases its input when the reader stops', async () => {
    let closed = false;
    const input = async function* () {
      try {
        for (;;) yield Buffer.from('SELECT 1;\n');
      } finally {
        closed = true;
      }
    };
    for await (const piece of readStatements(input())) if (piece) break;
    expect(closed).toBe(true);
  });
});
