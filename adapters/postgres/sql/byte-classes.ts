/** The bytes that separate tokens of SQL, with the classes of scan.l. */
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const DOUBLE_QUOTE = 0x22;
export const DOLLAR = 0x24;
export const AMPERSAND = 0x26;
export const QUOTE = 0x27;
export const STAR = 0x2a;
export const PLUS = 0x2b;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const BACKSLASH = 0x5c;

export const SPACE = 1;
export const NAME_START = 2;
export const NAME_PART = 4;
export const DIGIT = 8;
export const OPERATOR = 16;

const kinds = new Uint8Array(256);
const mark = (characters: string, kind: number): void => {
  for (const byte of Buffer.from(characters, 'latin1')) kinds[byte] = (kinds[byte] ?? 0) | kind;
};
mark(' \t\n\r\f\v', SPACE);
mark('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', NAME_START | NAME_PART);
mark('0123456789', DIGIT | NAME_PART);
mark('$', NAME_PART);
mark('~!@#^&|`?+-*/%<>=', OPERATOR);
kinds.fill(NAME_START | NAME_PART, 0x80);

export const is = (byte: number | undefined, kind: number): boolean =>
  byte !== undefined && ((kinds[byte] ?? 0) & kind) !== 0;

export const isLetter = (byte: number | undefined, letter: string): boolean =>
  byte !== undefined && (byte | 0x20) === letter.charCodeAt(0);

/** The end of a run of bytes of that kind. */
export const endOfRun = (bytes: Buffer, at: number, kind: number): number => {
  let to = at;
  while (is(bytes[to], kind)) to += 1;
  return to;
};
