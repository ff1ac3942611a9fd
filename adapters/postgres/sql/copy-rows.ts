import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { Feed } from './byte-feed.ts';

/**
 * The rows after a COPY: everything up to a line that is exactly `\.`. A backslash in a value is doubled, so no row can be
 * that line. Nothing is done for each row, because nearly all bytes of a restore pass here.
 */
const TERMINATOR = Buffer.from('\\.\n');
const AFTER_A_ROW = Buffer.from('\n\\.\n');
const NEWLINE = 0x0a;
const POINT = 0x2e;
const BACKSLASH = 0x5c;

/** The next bytes of the rows, in the stream's own chunks if possible; undefined after the last. @throws DumpUnreadable */
export type NextRows = () => Promise<Buffer | undefined>;

/** @param feed is directly after the line of the COPY, which begins at byte `copyAt` */
export const rowsOf = (feed: Feed, copyAt: number): NextRows => {
  let lineBegins = true;
  let ended = false;
  return async () => {
    while (!ended) {
      const { bytes } = feed;
      const begun = Math.min(bytes.length, TERMINATOR.length);
      const mayEnd = lineBegins && TERMINATOR.compare(bytes, 0, begun, 0, begun) === 0;
      if (mayEnd && begun === TERMINATOR.length) {
        feed.use(begun);
        ended = true;
      } else if (mayEnd || begun === 0) {
        if (!(await feed.more())) {
          throw new DumpUnreadable(
            `byte ${feed.used + bytes.length} of its SQL`,
            `it ends among the rows of the COPY at byte ${copyAt}`,
          );
        }
      } else {
        const length = rowBytes(bytes);
        feed.use(length);
        lineBegins = bytes[length - 1] === NEWLINE;
        return bytes.subarray(0, length);
      }
    }
    return undefined;
  };
};

/** Number of bytes that are certainly rows: the end may be the beginning of the terminator. */
const rowBytes = (bytes: Buffer): number => {
  const end = terminatorIn(bytes);
  if (end >= 0) return end + 1;
  for (let held = AFTER_A_ROW.length - 1; held > 1; held -= 1) {
    const tail = bytes.length - held;
    if (tail >= 0 && AFTER_A_ROW.compare(bytes, tail, bytes.length, 0, held) === 0) return tail + 1;
  }
  return bytes.length;
};

/**
 * First position of `AFTER_A_ROW`, or -1. Buffer.indexOf does extra work at each occurrence of the first byte of the
 * pattern: with short rows, or many NULLs, that is nearly everywhere. So the search starts with the byte of the pattern
 * that is rarest in these rows.
 */
const terminatorIn = (bytes: Buffer): number => {
  const skipped = rarest(bytes);
  const wanted = FROM_EACH[skipped] ?? AFTER_A_ROW;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
    const from = at - skipped;
    if (from >= 0 && AFTER_A_ROW.compare(bytes, from, at, 0, skipped) === 0) return from;
  }
  return -1;
};

const FROM_EACH = [0, 1, 2].map((skipped) => AFTER_A_ROW.subarray(skipped));
const SAMPLE = 2048;

/** The position in `AFTER_A_ROW` of the byte that seems rarest in the rows. */
const rarest = (bytes: Buffer): number => {
  const counts = [0, 0, 0];
  const end = Math.min(bytes.length, SAMPLE);
  for (let at = 0; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === NEWLINE) counts[0] = (counts[0] ?? 0) + 1;
    else if (byte === BACKSLASH) counts[1] = (counts[1] ?? 0) + 1;
    else if (byte === POINT) counts[2] = (counts[2] ?? 0) + 1;
  }
  return counts.indexOf(Math.min(...counts));
};
