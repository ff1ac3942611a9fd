import { type TokenKind, tokenAt } from '../../sql/tokens.ts';

/** A statement's text with its operators qualified otherwise than pg_dump did it. What it comes to is looked at afterwards. */
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

/** `OPERATOR(s.=)` as `=`: the schema of a comparison of rows is written once, and is that of its first columns. */
export const withoutQualifiers = (text: Buffer): Buffer | undefined => {
  const tokens = tokensOf(text) ?? [];
  const changes = tokens.flatMap(({ from, text: word }, i): Change[] => {
    const [open, , point, symbol, close] = tokens.slice(i + 1, i + 6);
    if (word !== 'OPERATOR' || open?.text !== '(' || point?.text !== '.') return [];
    return symbol && close?.text === ')' ? [{ from, to: close.to, text: symbol.text }] : [];
  });
  return changed(text, changes);
};

/** What stands behind the schema in `s.array_length(integer[],integer)` or `s.@>(integer[],integer[])`. */
const NAME = /^(?:"(?:[^"]|"")*"|[^".]+)\.("(?:[^"]|"")*"|[^("]+)\(/s;

/**
 * With the schema of what pg_dump left unqualified, which is in pg_catalog: something of the name elsewhere fits its operands better.
 * @param taken operators and functions that were found in place of those, as SQL writes them
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
