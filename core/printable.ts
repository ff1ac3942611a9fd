/**
 * Text that a tenant chose, written so that a terminal, a mail or a page shows all of it: control characters (C0, DEL, C1), bidirectional
 * controls, zero-width and other ignorable characters, line and paragraph separators and unpaired surrogates become escapes.
 * Every surface that shows text to people uses one of these functions once, at its edge; records keep names unchanged.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

export const hasHidden = (text: string): boolean => text.search(HIDDEN) >= 0;

/** Replaces each hidden character with the result of `written`, except those in `kept`. */
export const replaceHidden = (
  text: string,
  written: (codePoint: number) => string,
  kept = '',
): string =>
  text.replace(HIDDEN, (character) =>
    kept.includes(character) ? character : written(character.codePointAt(0) ?? 0),
  );

const inProse = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;

/** For prose and names: `a\u{202e}b`, on one line. */
export const printable = (text: string): string => replaceHidden(text, inProse);

/** The same for a text of several lines: line feeds stay. */
export const printableLines = (text: string): string => replaceHidden(text, inProse, '\n');

/** The UTF-16 code units of a code point, each as `\uXXXX`. */
const utf16Escapes = (codePoint: number): string =>
  Array.from({ length: codePoint > 0xffff ? 2 : 1 }, (_, at) =>
    String.fromCodePoint(codePoint).charCodeAt(at).toString(16).padStart(4, '0'),
  )
    .map((unit) => `\\u${unit}`)
    .join('');

/** JSON without hidden characters that parses to the same value; `indent` as for JSON.stringify. */
export const printableJson = (value: unknown, indent?: number): string =>
  replaceHidden(JSON.stringify(value, null, indent), utf16Escapes, '\n');
