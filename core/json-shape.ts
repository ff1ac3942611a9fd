import { InvalidInput } from './errors/request.ts';

/** Bounds of a JSON document. */
export interface JsonBounds {
  /** Objects and arrays within each other. */
  readonly mostDepth: number;
  /** Members and elements in total. */
  readonly mostValues: number;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];

/** The position after a string that begins at `from`. */
const afterString = (text: string, from: number): number => {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
};

/**
 * Checks the shape of JSON before it is parsed. A parsed value takes many times the memory of its text, up to 20 bytes for each one, and code that
 * walks through deep nesting runs out of stack. Whoever may write below a prefix of the vault could so end the process that reads there.
 * @throws InvalidInput
 */
export const checkJsonShape = (
  what: string,
  { mostDepth, mostValues }: JsonBounds,
  text: string,
): void => {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = afterString(text, at);
      continue;
    }
    if (OPENING.includes(code)) depth += 1;
    if (CLOSING.includes(code)) depth -= 1;
    if (code === COMMA || OPENING.includes(code)) values += 1;
    if (depth > mostDepth)
      throw new InvalidInput(what, [`it is nested more than ${mostDepth} times`]);
    if (values > mostValues)
      throw new InvalidInput(what, [`it has more than ${mostValues} values`]);
    at += 1;
  }
};
