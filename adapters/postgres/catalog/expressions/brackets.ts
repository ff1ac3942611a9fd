/**
 * An expression as the server writes it, in tokens and brackets. Only white space is lost.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export interface Brackets {
  readonly open: '(' | '[';
  readonly items: readonly Written[];
}
export type Written = string | Brackets;

const TOKEN =
  /[Ee]'(?:[^'\\]|''|\\.)*'|(?:[BbNnXx]|[Uu]&)?'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|\$\d+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|::|[-+*/<>=~!@#%^&|`?]+|\S/gsu;

const CLOSES = { ')': '(', ']': '[' } as const;

/** @returns undefined if brackets do not match, which no server writes */
export const bracketsOf = (expression: string): readonly Written[] | undefined => {
  let items: Written[] = [];
  const around: { readonly open: '(' | '['; readonly outer: Written[] }[] = [];
  for (const [token] of expression.matchAll(TOKEN)) {
    if (token === '(' || token === '[') {
      around.push({ open: token, outer: items });
      items = [];
    } else if (token === ')' || token === ']') {
      const from = around.pop();
      if (from?.open !== CLOSES[token]) return undefined;
      from.outer.push({ open: from.open, items });
      items = from.outer;
    } else items.push(token);
  }
  return around.length ? undefined : items;
};
