import { isUtf8 } from 'node:buffer';

/**
 * Texts of an archive as strings, without loss. They are UTF-8, except in archives of databases with the encoding SQL_ASCII, which may have
 * any bytes. A byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 + byte, which no valid text has (the rule of Python's
 * PEP 383, `surrogateescape`).
 */
const ESCAPE = 0xdc00;

export const decodeText = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8') : decodeMixed(bytes);

/** @throws RangeError for a lone surrogate that represents no byte */
export const encodeText = (text: string): Buffer =>
  text.isWellFormed() ? Buffer.from(text, 'utf8') : encodeMixed(text);

const decodeMixed = (bytes: Buffer): string => {
  const parts: string[] = [];
  let plainFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(bytes.toString('utf8', plainFrom, at));
    parts.push(String.fromCharCode(ESCAPE + (bytes[at] ?? 0)));
    at += 1;
    plainFrom = at;
  }
  parts.push(bytes.toString('utf8', plainFrom));
  return parts.join('');
};

/** Number of bytes of the valid character that begins there; 0 if none does. */
const characterLength = (bytes: Buffer, at: number): number => {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const character = bytes.subarray(at, at + length);
  return character.length === length && isUtf8(character) ? length : 0;
};

const encodeMixed = (text: string): Buffer => {
  const parts: Buffer[] = [];
  let plainFrom = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0;
    if (code < 0xd800 || code > 0xdfff) {
      at += code > 0xffff ? 2 : 1;
      continue;
    }
    const byte = code - ESCAPE;
    if (byte < 0x80 || byte > 0xff) throw new RangeError('a lone surrogate represents no byte');
    parts.push(Buffer.from(text.slice(plainFrom, at), 'utf8'), Buffer.from([byte]));
    at += 1;
    plainFrom = at;
  }
  parts.push(Buffer.from(text.slice(plainFrom), 'utf8'));
  return Buffer.concat(parts);
};
