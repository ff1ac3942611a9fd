import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The last that a program said on standard error: all that is kept of its log, in memory and never on the disk that may be full. */
export interface LastWords {
  /** All of it, at most 4,000 characters. */
  all(): string;
  /** Its last three lines in one, without control characters, for a message: at most 400 characters. */
  brief(): string;
}

const KEPT = 4_000;
const BRIEF = 400;

/** Said of every session that came too early or was ended with the server: they say nothing of the reason. */
const OF_NO_MATTER =
  /^FATAL: +(the database system is (starting up|shutting down)|terminating connection)/;

export const listen = (stderr: Readable): LastWords => {
  const decoder = new StringDecoder();
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said = (said + decoder.write(chunk)).slice(-KEPT);
  });
  return {
    all: () => said,
    brief: () =>
      said
        .split('\n')
        .filter((line) => line.trim() && !OF_NO_MATTER.test(line))
        .slice(-3)
        .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim())
        .join('; ')
        .slice(-BRIEF),
  };
};

/** Whether a program's words, or an SQLSTATE, speak of a disk without room: ENOSPC and EDQUOT in the C library's words. */
export const speaksOfFullDisk = (said: string): boolean =>
  /No space left on device|Disk quota exceeded/.test(said);
