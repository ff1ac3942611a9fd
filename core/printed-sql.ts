import { hasHidden, replaceHidden } from './printable.ts';

/**
 * Names and values in SQL that a person reads, pastes or gives to psql. The server reads them back unchanged, and no character in
 * them moves a cursor, ends a line or is invisible. (SQL that Larder itself sends needs none of this.)
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS-UESCAPE
 */
const hex = (codePoint: number, digits: number): string =>
  codePoint.toString(16).padStart(digits, '0');

const inIdentifier = (codePoint: number): string =>
  codePoint > 0xffff ? `\\+${hex(codePoint, 6)}` : `\\${hex(codePoint, 4)}`;

const inLiteral = (codePoint: number): string =>
  codePoint > 0xffff ? `\\U${hex(codePoint, 8)}` : `\\u${hex(codePoint, 4)}`;

/** `"name"`, or `U&"a\202eb"` if it has invisible characters. */
export const printedIdentifier = (name: string): string => {
  const doubled = name.replaceAll('"', '""');
  return hasHidden(name)
    ? `U&"${replaceHidden(doubled.replaceAll('\\', '\\\\'), inIdentifier)}"`
    : `"${doubled}"`;
};

/** `'text'`, or `E'a\u202eb'`: `standard_conforming_strings` does not change the meaning of an E string, but that of `U&'…'`. */
export const printedLiteral = (text: string): string => {
  const doubled = text.replaceAll("'", "''");
  return hasHidden(text) || text.includes('\\')
    ? `E'${replaceHidden(doubled.replaceAll('\\', '\\\\'), inLiteral)}'`
    : `'${doubled}'`;
};
