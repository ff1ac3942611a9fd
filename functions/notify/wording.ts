import { millis } from '../../core/backup.ts';
import { printable } from '../../core/printable.ts';

/**
 * How mails write numbers, times and names. Names come from customers' databases: any name stays on one
 * line, has a limited length, and can't reverse the direction of the text after it.
 */

/** Prose on one line of at most `most` characters: line breaks become spaces, other hidden characters escapes. */
export const oneLine = (text: string, most = 120): string => {
  const line = printable(text.replace(/[\t\r\n]/g, ' '))
    .replace(/ +/g, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : line;
};

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** A name on one line: every hidden character, line breaks too, is written as an escape. */
export const nameLine = (name: string, most?: number): string => oneLine(printable(name), most);

/** Bytes in decimal units, three digits: `12.3 MB`. */
export const sizeOf = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (Number(value.toPrecision(3)) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const shown = unit === 0 ? String(value) : value.toPrecision(value >= 1000 ? 4 : 3);
  return `${shown} ${bytes === 1 ? 'byte' : UNITS[unit]}`;
};

/** `0.8 s`, `42 s`, `3 min 5 s`, `2 h 4 min`. */
export const durationOf = (ms: number): string => {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** `2026-11-21 02:00:07 UTC` */
export const timeOf = (isoTime: string): string =>
  `${new Date(millis(isoTime)).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `12,345` */
export const numberOf = (count: number): string => count.toLocaleString('en-US');

/** `1 backup`, `2 backups` */
export const counted = (count: number, noun: string): string =>
  `${numberOf(count)} ${noun}${count === 1 ? '' : 's'}`;

/** A statement must not be changed or cut: one that is too long is only in the API. */
const LONGEST_STATEMENT = 4000;
export const isShowable = (sql: string): boolean =>
  sql.length <= LONGEST_STATEMENT &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(sql.replaceAll('\n', ''));
