import type { Token } from './tokens.ts';

/** A token of a statement, as far as the statement's kind may depend on it. Comments and spaces are not words. */
export type Word =
  /** An identifier or key word: folded to lower case, or, if `quoted`, unchanged from between its quotes. */
  | { readonly kind: 'name'; readonly text: string; readonly quoted: boolean }
  /** The value of a string, in any form of quoting. */
  | { readonly kind: 'string'; readonly text: string }
  /** An operator is one symbol; brackets, commas, points, colons and the like are one each. */
  | { readonly kind: 'number' | 'symbol'; readonly text: string }
  /** `U&"..."`, `B'...'` and other forms that pg_dump never uses where the kind depends on them; as written. */
  | { readonly kind: 'opaque'; readonly text: string };

const QUOTE = 0x27;
const NOT_PLAIN_ESCAPE = /\\[^\\']/;

const SYMBOLS = Array.from(
  { length: 128 },
  (_, byte): Word => ({ kind: 'symbol', text: String.fromCharCode(byte) }),
);

/** The word of a token. Bytes that are not UTF-8 become U+FFFD, as in everything that node-postgres reads. */
export const wordOf = (bytes: Buffer, { kind, from, to }: Token): Word => {
  const text = (start: number, end: number): string => bytes.toString('utf8', start, end);
  switch (kind) {
    case 'name':
      return { kind, text: folded(text(from, to)), quoted: false };
    case 'quoted-name':
      return { kind: 'name', text: text(from + 1, to - 1).replaceAll('""', '"'), quoted: true };
    case 'string':
      return { kind, text: text(from + 1, to - 1).replaceAll("''", "'") };
    case 'escape-string': {
      const inside = text(from + (bytes[from] === QUOTE ? 1 : 2), to - 1);
      if (NOT_PLAIN_ESCAPE.test(inside.replaceAll('\\\\', ''))) {
        return { kind: 'opaque', text: text(from, to) };
      }
      return { kind: 'string', text: inside.replace(/''|\\([\\'])/g, (_, one) => one ?? "'") };
    }
    case 'dollar-string': {
      const delimiter = bytes.indexOf('$', from + 1) + 1 - from;
      return { kind: 'string', text: text(from + delimiter, to - delimiter) };
    }
    case 'opaque':
    case 'number':
      return { kind, text: text(from, to) };
    default:
      return (
        (to === from + 1 && SYMBOLS[bytes[from] ?? 0]) || { kind: 'symbol', text: text(from, to) }
      );
  }
};

/** ASCII only: the folding of other letters depends on the server's locale, and pg_dump quotes them. */
const folded = (name: string): string => name.replace(/[A-Z]+/g, (part) => part.toLowerCase());
