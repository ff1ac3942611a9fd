import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { Feed } from './byte-feed.ts';
import { type BodyDepth, bodyDepth } from './function-body.ts';
import { type Word, wordOf } from './statement-words.ts';
import { openFrom, type Token, tokenAt } from './tokens.ts';

/** A statement with its final semicolon, without the bytes before it. `at` is the offset of its first byte in the stream. */
export interface Statement {
  readonly text: Buffer;
  readonly words: readonly Word[];
  readonly at: number;
}

/**
 * Number of words of a statement that are kept. The longest statement whose kind depends on all of its words is a
 * COPY of 1,600 columns.
 */
const MOST_WORDS = 4096;
/** Represents all words beyond the limit, so that a longer statement does not look as if it ended there. */
const MORE_WORDS: Word = { kind: 'opaque', text: '' };
/** No statement of pg_dump comes near this size. */
const MOST_BYTES = 256 * 1024 * 1024;
/** A guard's key has 63 characters. */
const LONGEST_GUARD = 200;
const NEWLINE = 0x0a;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
/** pg_dump protects a script against psql commands in names and rows: CVE-2025-8714. */
const GUARD = /^\\(?:un)?restrict [A-Za-z0-9]+$/;

interface Scan {
  readonly words: Word[];
  readonly body: BodyDepth;
  brackets: number;
  /** The statement's first byte in the feed's bytes, if it has begun, and the position up to which they are read. */
  from: number;
  to: number;
}

/**
 * Reads the next statement.
 * @param escapes true while a backslash in '...' escapes
 * @returns undefined at the end of the stream
 * @throws DumpUnreadable
 */
export const nextStatement = async (
  feed: Feed,
  escapes: boolean,
): Promise<Statement | undefined> => {
  const words: Word[] = [];
  const scan: Scan = { words, body: bodyDepth(words), brackets: 0, from: 0, to: 0 };
  while (!scanned(feed, scan, escapes)) {
    if (feed.final) return ended(feed, scan);
    if (feed.bytes.length > MOST_BYTES) {
      throw unreadable(feed, scan.from, `a statement of over ${MOST_BYTES} bytes begins there`);
    }
    await feed.more();
  }
  const text = feed.bytes.subarray(scan.from, scan.to);
  // The server's protocol ends a statement with a zero byte: the server would read the rest as
  // something else.
  if (text.includes(0)) throw unreadable(feed, scan.from, 'a statement holds a zero byte');
  const at = feed.used + scan.from;
  feed.use(scan.to);
  return { text, words, at };
};

const ended = (feed: Feed, { words, from, to }: Scan): undefined => {
  if (to < feed.bytes.length) {
    throw unreadable(feed, to, `it ends with ${openFrom(feed.bytes, to)} open, which begins there`);
  }
  if (words.length > 0) {
    throw unreadable(feed, from, 'it ends in the middle of the statement that begins there');
  }
  return undefined;
};

const unreadable = (feed: Feed, offset: number, why: string): DumpUnreadable =>
  new DumpUnreadable(`byte ${feed.used + offset} of its SQL`, why);

/** Scans the bytes that were read. True at the end of the statement. */
const scanned = (feed: Feed, scan: Scan, escapes: boolean): boolean => {
  const span = { bytes: feed.bytes, final: feed.final, escapes };
  while (scan.to < span.bytes.length) {
    const token = tokenAt(span, scan.to);
    if (!token) return false;
    if (token.kind === 'backslash') {
      if (!passGuard(feed, scan)) return false;
    } else {
      scan.to = token.to;
      if (token.kind !== 'space' && take(scan, token, span.bytes)) return true;
    }
  }
  return false;
};

/** Adds a token that is not a space. True if it ends the statement. */
const take = (scan: Scan, token: Token, bytes: Buffer): boolean => {
  const { words, body } = scan;
  const symbol = token.kind === 'symbol' && token.to === token.from + 1 ? bytes[token.from] : 0;
  if (symbol === SEMICOLON && scan.brackets === 0 && !body.inside()) return words.length > 0;
  if (words.length === 0) scan.from = token.from;
  if (symbol === OPEN) scan.brackets += 1;
  else if (symbol === CLOSE && scan.brackets > 0) scan.brackets -= 1;
  if (words.length <= MOST_WORDS || token.kind === 'name') {
    const word = wordOf(bytes, token);
    if (words.length < MOST_WORDS) words.push(word);
    else if (words.length === MOST_WORDS) words.push(MORE_WORDS);
    if (scan.brackets === 0) body.take(word);
  }
  return false;
};

/** Moves after the line of a guard. False if the line may continue after the bytes that were read. */
const passGuard = (feed: Feed, scan: Scan): boolean => {
  const { bytes, final } = feed;
  if (scan.words.length > 0) {
    throw unreadable(feed, scan.to, 'a statement contains a backslash outside of all quotes');
  }
  const newline = bytes.indexOf(NEWLINE, scan.to);
  const length = (newline < 0 ? bytes.length : newline) - scan.to;
  if (newline < 0 && !final && length < LONGEST_GUARD) return false;
  const line = bytes.toString('latin1', scan.to, scan.to + Math.min(length, LONGEST_GUARD));
  if (!GUARD.test(line) || newline < 0) {
    const command = quoted(line.split(/\s/, 1).join('').slice(0, 20));
    throw unreadable(feed, scan.to, `there is a psql command, ${command}`);
  }
  scan.to = newline + 1;
  return true;
};
