import { DumpUnreadable } from '../../../core/errors/restore.ts';

/** Reads bytes of a stored object: as many as asked for, fewer only where the object ends. */
export type ReadBytes = (from: number, bytes: number) => Promise<Buffer>;

/** Where and why a table of contents makes no sense. */
export const unreadableAt = (at: number, why: string): DumpUnreadable =>
  new DumpUnreadable(`byte ${at} of its table of contents`, why);

/** Thrown where a value goes on behind the bytes that are there. */
export class MoreBytesWanted extends Error {
  /** Bytes that the value needs at least, from where its reading began. */
  readonly bytes: number;
  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

/** The values of an archive, as pg_dump writes them: `ReadInt`, `ReadStr`, `ReadOffset` of src/bin/pg_dump/pg_backup_archiver.c. */
export class ArchiveValues {
  readonly #bytes: Buffer;
  /** Place of the first byte in the table of contents. */
  readonly #from: number;
  #at = 0;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#from = from;
  }

  /** Place of the next byte in the table of contents. */
  get place(): number {
    return this.#from + this.#at;
  }

  /** Bytes read so far. */
  get read(): number {
    return this.#at;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** @throws DumpUnreadable for a number that is none of 32 bits, or has no sign */
  integer(): number {
    const place = this.place;
    const sign = this.byte();
    const value = this.#number(INTEGER_BYTES);
    if (sign > 1 || value === undefined || value > 0x7fff_ffff) {
      throw unreadableAt(place, 'there is no integer');
    }
    return sign === 1 ? -value : value;
  }

  /** Null for one of negative length. */
  string(): string | null {
    const place = this.place;
    const length = this.integer();
    if (length < 0) return null;
    if (length > LONGEST) throw unreadableAt(place, `a text of ${length} bytes begins there`);
    return this.take(length).toString('utf8');
  }

  /** A place in the file; null where none is noted, or there is nothing. */
  offset(bytes: number): number | null {
    const place = this.place;
    const state = this.byte();
    const value = this.#number(bytes);
    if (state < NOT_SET || state > NO_DATA || value === undefined) {
      throw unreadableAt(place, 'there is no place of rows');
    }
    return state === SET ? value : null;
  }

  /** Smallest byte first; undefined if it is too large to be counted. */
  #number(bytes: number): number | undefined {
    let value = 0;
    this.take(bytes).forEach((byte, place) => {
      value += byte * 2 ** (8 * place);
    });
    return Number.isSafeInteger(value) ? value : undefined;
  }

  take(bytes: number): Buffer {
    const to = this.#at + bytes;
    if (to > this.#bytes.length) throw new MoreBytesWanted(to);
    const taken = this.#bytes.subarray(this.#at, to);
    this.#at = to;
    return taken;
  }
}

/** Of an integer without its sign, on every machine that has a PostgreSQL. */
export const INTEGER_BYTES = 4;
/** A definition holds at most what a statement may; PostgreSQL itself takes none of 1 GB. */
const LONGEST = 64 * 1024 * 1024;
const NOT_SET = 1;
const SET = 2;
const NO_DATA = 3;
