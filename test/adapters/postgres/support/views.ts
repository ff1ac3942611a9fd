import fc from 'fast-check';

/**
 * Queries that a view may have: what PostgreSQL prints differently from what was written, and what it finds on the search_path. Over the
 * tables `t` and `u`, which have all of these columns.
 */
export const TABLES = ['t', 'u'].map(
  (name) =>
    `CREATE TABLE gen.${name} (a int, b bigint, n numeric(5,2), c ext.citext, d text, v varchar(10), l ext.ltree, k int[], ok boolean)`,
);

type Grammar = Readonly<Record<'int' | 'text' | 'citext' | 'bool' | 'select', string>>;

export const list = (one: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc.array(one, { minLength: 1, maxLength: most }).map((all) => all.join(', '));

/** Template of what is in its places. */
export const of = (
  parts: TemplateStringsArray,
  ...places: readonly fc.Arbitrary<string>[]
): fc.Arbitrary<string> =>
  fc.tuple(...places).map((found) => parts.map((part, i) => part + (found[i] ?? '')).join(''));

export const is = (...all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all);

/** One arm of a set operation: an integer, a text and a boolean, each of which may be bare. */
const from = is(
  'FROM gen.t',
  'FROM gen.t JOIN gen.u USING (c)',
  'FROM gen.t LEFT JOIN gen.u USING (c, l)',
  'FROM gen.t NATURAL JOIN (SELECT 1 AS one, a FROM gen.u) z',
  'FROM gen.t NATURAL LEFT JOIN (SELECT 2 AS two) z',
  'FROM gen.t FULL JOIN gen.u USING (c)',
);

export const QUERIES: fc.Arbitrary<string> = fc.letrec<Grammar>((tie) => {
  const { int, text, citext, bool } = {
    int: tie('int'),
    text: tie('text'),
    citext: tie('citext'),
    bool: tie('bool'),
  };
  const arm = of`SELECT ${int}, ${fc.oneof(text, is('NULL', "'x'"))}, ${fc.oneof(bool, is('NULL'))} ${from} WHERE ${bool}`;
  return {
    int: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'sql' },
      is('t.a', 't.b', '1', '-1', '2.5', 't.n', 't.k[1]'),
      of`(${int} + ${int})`,
      of`CASE ${citext} WHEN ${citext} THEN ${int} ELSE ${int} END`,
      of`CASE t.l WHEN 'a.b' THEN ${int} END`,
      of`(SELECT ${int} FROM gen.u t LIMIT 1)`,
      of`COALESCE(${int}, 0)`,
      of`cardinality(ARRAY(SELECT ${fc.oneof(text, is('NULL', "'x'"))} FROM gen.u t))`,
    ),
    text: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'sql' },
      is('t.d', 't.v', "'x'::text", 't.d COLLATE "C"'),
      of`(${text} || ${text})`,
      of`NULLIF(${text}, 'y')`,
      of`upper(${text})`,
      of`CASE ${text} WHEN 'q' THEN ${text} END`,
      of`NULLIF(${citext}, ${citext})::text`,
    ),
    citext: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'sql' },
      is('t.c', "'x'::ext.citext"),
      of`NULLIF(${citext}, ${citext})`,
    ),
    bool: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'sql' },
      is('t.ok', 't.a BETWEEN 1 AND 2', "t.v IN ('a', 'b')", 't.k @> ARRAY[1]', "t.d LIKE 'x%'"),
      of`(${bool} AND ${bool})`,
      of`(${bool} OR ${bool})`,
      of`(NOT ${bool})`,
      of`${citext} IS DISTINCT FROM ${citext}`,
      of`${citext} = ${citext}`,
      of`${citext} IN (${list(citext, 3)})`,
      of`${text} = ANY (ARRAY[${list(text, 3)}])`,
      of`(t.a, ${citext}) <= (1, ${citext})`,
      of`(${citext}, t.a) IN (SELECT ${citext}, ${is('t.a', '1', '-1')} FROM gen.u t)`,
      of`EXISTS (SELECT ${fc.oneof(is('NULL', '-1', "'x'", '*'), int)} FROM gen.u t WHERE ${bool})`,
      of`${text} IN (SELECT ${text} FROM gen.u t UNION ALL SELECT NULL)`,
    ),
    select: fc.oneof(
      arm,
      of`${arm} UNION ALL ${arm}`,
      of`${arm} EXCEPT ${arm}`,
      of`SELECT * FROM (${arm} UNION ${arm}) q (p, q, r)`,
      of`WITH w AS (${arm} UNION ALL ${arm}) SELECT count(*), NULL FROM w`,
    ),
  };
}).select;
