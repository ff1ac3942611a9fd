import { hasHidden } from './printable.ts';

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;

/**
 * One word of a POSIX shell that can be pasted into a terminal: it contains no line feed and no control character, which would run or edit
 * the text before it. printf writes a text with such characters; line feeds at its very end are lost.
 */
export const shellWord = (text: string): string => {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  if (!hasHidden(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = Array.from(Buffer.from(text, 'utf8'), octal).join('');
  return `"$(printf '${bytes}')"`;
};

/** A relative path with a folder before it, so that no program reads it as an option. */
export const filePath = (path: string): string => (/^\.{0,2}\//.test(path) ? path : `./${path}`);
