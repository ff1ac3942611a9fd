import { describe, expect, it } from 'vitest';
import { formOf } from '../../../../adapters/postgres/catalog/expressions/normal-form.ts';

/** As a server wrote them, and as it wrote them again after a dump and restore. */
describe('the normal form of an expression', () => {
  it.each([
    [
      "(((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
      "(((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
    ],
    [
      "((ARRAY[ARRAY[s, 'b'::character varying], ARRAY[x.s2, f(1, 2)]])::character varying(5)[])",
      "(ARRAY[ARRAY[(s)::character varying(5), ('b'::character varying)::character varying(5)], ARRAY[(x.s2)::character varying(5), (f(1, 2))::character varying(5)]])",
    ],
    [
      '(((a >= 1) AND (a <= 2)) AND (b > 3) AND ((c = 1) OR (c = 2)))',
      '((a >= 1) AND (a <= 2) AND (b > 3) AND ((c = 1) OR (c = 2)))',
    ],
    ['(EXISTS ( SELECT NULL::text))', '(EXISTS ( SELECT NULL::text AS text))'],
    [
      "SELECT q.b FROM ( SELECT t.d AS b UNION ALL SELECT '-1'::integer) q",
      "SELECT q.b FROM ( SELECT t.d AS b UNION ALL SELECT '-1'::integer AS int4) q",
    ],
    [
      'ARRAY( SELECT NULL::numeric(5,2), ( SELECT (1)::double precision))',
      'ARRAY( SELECT NULL::numeric(5,2) AS "numeric", ( SELECT (1)::double precision AS float8) AS float8)',
    ],
    [
      `( SELECT NULL::ext."My Type", '{}'::timestamp(3) with time zone[])`,
      `( SELECT NULL::ext."My Type" AS "My Type", '{}'::timestamp(3) with time zone[] AS timestamptz)`,
    ],
    [`( SELECT ('x'::text COLLATE "C"))`, `( SELECT ('x'::text COLLATE "C") AS text)`],
    [
      "( SELECT CASE x WHEN 1 THEN 2 ELSE (( SELECT '-1'::integer))::bigint END)",
      "( SELECT CASE x WHEN 1 THEN 2 ELSE (( SELECT '-1'::integer AS int4))::bigint END AS int4)",
    ],
    ['(ARRAY[t.v, (t.v COLLATE "C")])::text[]', 'ARRAY[(t.v)::text, ((t.v)::text COLLATE "C")]'],
    ['FROM (a LEFT JOIN b ON TRUE)', 'FROM (a LEFT JOIN b ON (true))'],
  ])('is the same in %s and %s', (written, writtenBack) => {
    expect(formOf(writtenBack)).toEqual(formOf(written));
  });

  it.each([
    ["s = 'a'", "s = 'b'"],
    ["s = 'a'", "t = 'a'"],
    ['n > 1', 'n < 1'],
    ['n > 1', 'n > 11'],
    ['"A" = 1', 'a = 1'],
    ["s = 'it''s'", "s = 'its'"],
    ["s = 'a  b'", "s = 'a b'"],
    ['(a - b)', '(b - a)'],
    ['((a - b) - c)', '(a - (b - c))'],
    ['((a AND b) OR c)', '(a AND (b OR c))'],
    ['(NOT (a AND b))', '((NOT a) AND b)'],
    ['(a = ANY (ARRAY[1, 2]))', '(a = ANY (ARRAY[2, 1]))'],
    ["('a'::text)::character(1)", "('a'::character(1))::text"],
    ['(x)::numeric(5,2)', '(x)::numeric(5,1)'],
    ['(ARRAY[a, b])::text[]', '(ARRAY[a, b])::bytea[]'],
    ['ARRAY[]::text[]', 'ARRAY[]::integer[]'],
    ['(a)::timestamp(3) without time zone', '(a)::timestamp(3) with time zone'],
    ['GROUPING SETS ((a, b))', 'GROUPING SETS (a, b)'],
    ["E'\\'' = x", "E'\\\\' = x"],
    ["B'101'", "X'101'"],
    ['SELECT NULL::text AS "?column?"', 'SELECT NULL::text AS text'],
    ['SELECT NULL::text AS a', 'SELECT NULL::text AS b'],
    ['SELECT NULL::text AS int4', 'SELECT NULL::text AS text'],
    ['SELECT t.a AS text', 'SELECT t.a'],
    ['JOIN b ON (true)', 'JOIN b ON (false)'],
  ])('differs between %s and %s', (one, other) => {
    expect(formOf(other)).not.toEqual(formOf(one));
  });

  it('keeps all names for digests of older versions', () => {
    expect(formOf('SELECT NULL::text AS text', 2)).not.toEqual(formOf('SELECT NULL::text', 2));
  });

  it('omits no part of a text, whatever it is', () => {
    const odd = '((a ]) \'unended €{} $1 ; \\ é "x';
    expect(JSON.stringify(formOf(odd))).toBe(JSON.stringify(odd));
    expect(formOf('a {b} ? ;')).toEqual(['a', '{', 'b', '}', '?', ';']);
  });
});
