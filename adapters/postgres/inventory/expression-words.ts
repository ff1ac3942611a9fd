/**
 * The words of an expression as the server writes it back, each once and sorted. What pg_dump wrote is read by a server and written
 * back by it, and the second text need not be the first: `(ARRAY['a'::varchar, 'b'::varchar])::text[]` comes back as
 * `ARRAY[('a'::varchar)::text, ('b'::varchar)::text]`. Brackets and casts move; names, values and operators stay.
 */
const WORD =
  /"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[-+*/<>=~!@#%^&|`?]+/gu;

export const wordsOf = (expression: string): string[] =>
  [...new Set(expression.match(WORD) ?? [])].sort();
