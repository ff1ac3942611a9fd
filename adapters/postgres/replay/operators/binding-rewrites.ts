import { type TokenKind, tokenAt } from '../../sql/tokens.ts';

/**
 * Rewrites the SQL of a statement with operators qualified differently from pg_dump's. The caller checks the result
 * afterwards.
 */
interface Token {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const tokensOf = (text: Buffer): readonly Token[] | undefined => {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const token = tokenAt({ bytes: text, final: true, escapes: false }, at);
    if (!token) return undefined;
    const { kind, from, to } = token;
    if (kind !== 'space') tokens.push({ kind, from, to, text: text.toString('utf8', from, to) });
    at = to;
  }
  return tokens;
};

interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const changed = (text: Buffer, changes: readonly Change[]): Buffer | undefined => {
  if (!changes.length) return undefined;
  const parts: Buffer[] = [];
  let done = 0;
  for (const change of changes) {
    parts.push(text.subarray(done, change.from), Buffer.from(change.text));
    done = change.to;
  }
  return Buffer.concat([...parts, text.subarray(done)]);
};

/** `OPERATOR(s.=)` as `=`: a row comparison has one schema only, that of its first columns. */
export const withoutQualifiers = (text: Buffer): Buffer | undefined => {
  const tokens = tokensOf(text) ?? [];
  const changes = tokens.flatMap(({ from, text: word }, i): Change[] => {
    const [open, , point, symbol, close] = tokens.slice(i + 1, i + 6);
    if (word !== 'OPERATOR' || open?.text !== '(' || point?.text !== '.') return [];
    return symbol && close?.text === ')' ? [{ from, to: close.to, text: symbol.text }] : [];
  });
  return changed(text, changes);
};

/** The part after the schema in `s.array_length(integer[],integer)` or `s.@>(integer[],integer[])`. */
const NAME = /^(?:"(?:[^"]|"")*"|[^".]+)\.("(?:[^"]|"")*"|[^("]+)\(/s;

/**
 * Adds the schema pg_catalog to names that pg_dump left unqualified, because an object of the same name in another schema fits its
 * operands better.
 * @param taken operators and functions in whose place others were found, as SQL writes them
 */
export const withBuiltIns = (text: Buffer, taken: readonly string[]): Buffer | undefined => {
  const names = new Set(taken.flatMap((one) => NAME.exec(one)?.[1] ?? []));
  const tokens = tokensOf(text) ?? [];
  const changes = tokens.flatMap(({ kind, from, to, text: word }, i): Change[] => {
    if (!names.has(word) || tokens[i - 1]?.text === '.') return [];
    if (kind === 'symbol') return [{ from, to, text: `OPERATOR(pg_catalog.${word})` }];
    return tokens[i + 1]?.text === '(' ? [{ from, to, text: `pg_catalog.${word}` }] : [];
  });
  return changed(text, changes);
};
