import {
  AMPERSAND,
  BACKSLASH,
  DASH,
  DIGIT,
  DOLLAR,
  DOT,
  DOUBLE_QUOTE,
  endOfRun,
  is,
  isLetter,
  NAME_PART,
  NAME_START,
  NEWLINE,
  OPERATOR,
  PLUS,
  QUOTE,
  RETURN,
  SLASH,
  SPACE,
  STAR,
} from './byte-classes.ts';

/**
 * The tokens of SQL as PostgreSQL's own lexer sees them (src/backend/parser/scan.l, which psql's psqlscan.l follows), found in
 * bytes. In every server encoding, ASCII bytes mean only ASCII characters, so the end of a token is found without decoding.
 */
export type TokenKind =
  /** Spaces or a comment. */
  | 'space'
  | 'name'
  | 'quoted-name'
  | 'string'
  | 'escape-string'
  | 'dollar-string'
  | 'opaque'
  | 'number'
  | 'symbol'
  | 'backslash';

/** `from` and `to` are offsets in bytes. */
export interface Token {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
}

/** The bytes in which a token is searched. */
export interface Span {
  readonly bytes: Buffer;
  /** True if no byte follows them: a token that needs no closing then ends with them. */
  readonly final: boolean;
  /** True while `standard_conforming_strings` is off: a backslash in '...' escapes. */
  readonly escapes: boolean;
}

/** The token that begins at `at`, which is not the end; undefined if its end is not known without more bytes. */
export const tokenAt = (span: Span, at: number): Token | undefined => {
  const { bytes } = span;
  const byte = bytes[at];
  if (is(byte, SPACE)) return token('space', at, endOfRun(bytes, at, SPACE));
  if (is(byte, NAME_START)) return nameOrPrefixed(span, at);
  if (byte === QUOTE) return string(span, at, at, span.escapes ? 'escape-string' : 'string');
  if (byte === DOUBLE_QUOTE) {
    return token('quoted-name', at, delimited(span, at + 1, DOUBLE_QUOTE));
  }
  if (byte === DOLLAR) return dollar(span, at);
  if (is(byte, DIGIT)) return number(span, at);
  if (byte === DOT) {
    if (isCut(span, at + 1)) return undefined;
    return is(bytes[at + 1], DIGIT) ? number(span, at) : token('symbol', at, at + 1);
  }
  if (is(byte, OPERATOR)) return commentOrOperator(span, at);
  return token(byte === BACKSLASH ? 'backslash' : 'symbol', at, at + 1);
};

/** Describes the token from `at` on that the input does not close. */
export const openFrom = (bytes: Buffer, at: number): string => {
  if (bytes[at] === SLASH) return 'a comment';
  if (bytes[at] === DOLLAR) return 'a dollar quote';
  const name = bytes[at + 1] === AMPERSAND ? at + 2 : at;
  return bytes[name] === DOUBLE_QUOTE ? 'a quoted name' : 'a quoted string';
};

const MORE = -1;

const token = (kind: TokenKind, from: number, to: number): Token | undefined =>
  to === MORE ? undefined : { kind, from, to };

/** True if these bytes end, but others follow. */
const isCut = ({ bytes, final }: Span, at: number): boolean => at >= bytes.length && !final;

const wholeRun = (span: Span, at: number, kind: number): number => {
  const to = endOfRun(span.bytes, at, kind);
  return isCut(span, to) ? MORE : to;
};

/** A name, or a letter that changes the meaning of the quotes after it. */
const nameOrPrefixed = (span: Span, at: number): Token | undefined => {
  const { bytes } = span;
  const to = wholeRun(span, at, NAME_PART);
  if (to !== at + 1) return token('name', at, to);
  const letter = bytes[at];
  if (bytes[to] === QUOTE) {
    if (isLetter(letter, 'e')) return string(span, at, to, 'escape-string');
    if (isLetter(letter, 'b') || isLetter(letter, 'x')) return string(span, at, to, 'opaque');
  }
  if (!isLetter(letter, 'u') || bytes[to] !== AMPERSAND) return token('name', at, to);
  if (isCut(span, to + 1)) return undefined;
  if (bytes[to + 1] === QUOTE) return string(span, at, to + 1, 'opaque');
  if (bytes[to + 1] !== DOUBLE_QUOTE) return token('name', at, to);
  return token('opaque', at, delimited(span, to + 2, DOUBLE_QUOTE));
};

/** The end of a token that a quote closes; two quotes represent one. */
const delimited = (span: Span, from: number, quote: number): number => {
  const { bytes } = span;
  for (let close = bytes.indexOf(quote, from); ; close = bytes.indexOf(quote, close + 2)) {
    if (close < 0 || isCut(span, close + 1)) return MORE;
    if (bytes[close + 1] !== quote) return close + 1;
  }
};

/** The same, if a backslash escapes the character after it. */
const escaped = (span: Span, from: number): number => {
  const { bytes } = span;
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) {
      if (isCut(span, at + 1)) return MORE;
      if (bytes[at + 1] !== QUOTE) return at + 1;
      at += 1;
    }
  }
  return MORE;
};

/** A string continues in the next one if a line ends between them. The next one is read like the first. */
const string = (
  span: Span,
  from: number,
  quote: number,
  kind: 'string' | 'escape-string' | 'opaque',
): Token | undefined => {
  const close = (open: number): number =>
    kind === 'escape-string' ? escaped(span, open + 1) : delimited(span, open + 1, QUOTE);
  let to = close(quote);
  let segments = 1;
  for (; to !== MORE; segments += 1) {
    const next = afterLine(span, to);
    if (next === MORE) return undefined;
    if (next === to || span.bytes[next] !== QUOTE) break;
    to = close(next);
  }
  return token(segments > 1 ? 'opaque' : kind, from, to);
};

/** Where the SQL continues after spaces and `--` comments in which a line ends; `at` if none does. */
const afterLine = (span: Span, at: number): number => {
  const { bytes } = span;
  let to = at;
  let line = false;
  for (;;) {
    if (isCut(span, to)) return MORE;
    const byte = bytes[to];
    if (byte === DASH) {
      const after = lineComment(span, to);
      if (after === to || after === MORE) return after === MORE ? MORE : line ? to : at;
      to = after;
    } else if (is(byte, SPACE)) {
      line ||= byte === NEWLINE || byte === RETURN;
      to += 1;
    } else return line ? to : at;
  }
};

/** The end of a `--` comment, before the end of its line; `at` if there is none. */
const lineComment = (span: Span, at: number): number => {
  const { bytes } = span;
  if (isCut(span, at + 1)) return MORE;
  if (bytes[at + 1] !== DASH) return at;
  let to = at + 2;
  while (to < bytes.length && bytes[to] !== NEWLINE && bytes[to] !== RETURN) to += 1;
  return isCut(span, to) ? MORE : to;
};

/** Block comments nest. */
const blockComment = (bytes: Buffer, at: number): number => {
  let depth = 1;
  for (let to = at + 2; to + 1 < bytes.length; to += 1) {
    if (bytes[to] === STAR && bytes[to + 1] === SLASH) {
      depth -= 1;
      to += 1;
      if (depth === 0) return to + 1;
    } else if (bytes[to] === SLASH && bytes[to + 1] === STAR) {
      depth += 1;
      to += 1;
    }
  }
  return MORE;
};

const opensComment = (bytes: Buffer, at: number): boolean =>
  bytes[at] === DASH ? bytes[at + 1] === DASH : bytes[at] === SLASH && bytes[at + 1] === STAR;

const commentOrOperator = (span: Span, at: number): Token | undefined => {
  const { bytes } = span;
  if (isCut(span, at + 1)) return undefined;
  if (opensComment(bytes, at)) {
    return token('space', at, bytes[at] === DASH ? lineComment(span, at) : blockComment(bytes, at));
  }
  let to = at + 1;
  while (is(bytes[to], OPERATOR) && !opensComment(bytes, to)) to += 1;
  return token('symbol', at, isCut(span, to) ? MORE : to);
};

const dollar = (span: Span, at: number): Token | undefined => {
  const { bytes } = span;
  if (is(bytes[at + 1], DIGIT)) return token('symbol', at, wholeRun(span, at + 1, DIGIT));
  let tag = at + 1;
  while (is(bytes[tag], NAME_PART) && bytes[tag] !== DOLLAR) tag += 1;
  if (isCut(span, tag)) return undefined;
  if (bytes[tag] !== DOLLAR) return token('symbol', at, at + 1);
  const delimiter = bytes.subarray(at, tag + 1);
  const close = bytes.indexOf(delimiter, tag + 1);
  return token('dollar-string', at, close < 0 ? MORE : close + delimiter.length);
};

/** Digits, a fraction, an exponent. Any other character after a digit begins a new token. */
const number = (span: Span, at: number): Token | undefined => {
  const { bytes } = span;
  let to = endOfRun(bytes, at, DIGIT);
  if (isCut(span, to + 1)) return undefined;
  if (bytes[to] === DOT && bytes[to + 1] !== DOT) to = endOfRun(bytes, to + 1, DIGIT);
  if (isCut(span, to + 2)) return undefined;
  if (isLetter(bytes[to], 'e')) {
    const signed = bytes[to + 1] === PLUS || bytes[to + 1] === DASH ? to + 2 : to + 1;
    if (is(bytes[signed], DIGIT)) to = wholeRun(span, signed, DIGIT);
  }
  return token('number', at, to);
};
