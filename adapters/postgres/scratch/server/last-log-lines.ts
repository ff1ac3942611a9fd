import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The last lines that a program wrote to standard error: no other log is kept. They are in memory, not on the disk, which may be full. */
export interface LastWords {
  /** All of it, at most 4,000 characters. */
  all(): string;
  /** Its reason in one line for a message, without control characters: at most 400 characters. */
  brief(): string;
}

const KEPT = 4_000;
const BRIEF = 400;

/** Written at every start and end, or for every session that came too early or was ended with the server: they hold no reason. */
const OF_NO_MATTER =
  /^(LOG|FATAL): +(starting PostgreSQL|listening on|(the )?database system (was|is) (shut|starting|ready)|terminating (any other|connection)|shutting down because)/;

/** Error lines of initdb and of the server: the lines around them are hints, statements and consequences. */
const REASON = /\b(PANIC|FATAL|ERROR|error): /;

export const listen = (stderr: Readable): LastWords => {
  const decoder = new StringDecoder();
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said = (said + decoder.write(chunk)).slice(-KEPT);
  });
  return { all: () => said, brief: () => briefly(said) };
};

const briefly = (said: string): string => {
  const lines = said.split('\n').filter((line) => line.trim() && !OF_NO_MATTER.test(line));
  const reasons = lines.filter((line) => REASON.test(line));
  return (reasons.length ? reasons : lines)
    .slice(-3)
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim())
    .join('; ')
    .slice(-BRIEF);
};

/** Whether a program's messages, or an SQLSTATE, report a full disk: ENOSPC and EDQUOT in the C library's words. */
export const speaksOfFullDisk = (said: string): boolean =>
  /No space left on device|Disk quota exceeded/.test(said);
