import { DumpUnreadable } from '../../../../core/errors/restore.ts';
import { decodeText } from './text.ts';

/** Thrown if a value continues after the available bytes. */
export class MoreBytesWanted extends Error {
  /** Bytes that the values need at least, from where reading began. */
  readonly bytes: number;
  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

/** Where an entry's rows begin, in bytes from the start of the archive, if pg_dump recorded it: it can't if it writes into a pipe. */
export interface BlockOffset {
  readonly state: keyof typeof OFFSET_STATES;
  readonly at: number;
}

/** K_OFFSET_POS_NOT_SET and so on of src/bin/pg_dump/pg_backup_archiver.h. */
export const OFFSET_STATES = { 'not-set': 1, set: 2, 'no-data': 3 } as const;

/** A definition is at most as long as a statement may be. */
const LONGEST_TEXT = 64 * 1024 * 1024;
/** Bytes of an integer, as PostgreSQL has it on every machine; an archive's header may say otherwise. */
export const INTEGER_BYTES = 4;
export const LARGEST_INTEGER = 0x7fff_ffff;

/**
 * The values of an archive, as pg_dump writes them: `ReadInt`, `ReadStr`, `ReadOffset` of src/bin/pg_dump/pg_backup_archiver.c. It accepts
 * one form of each value only, so that the values can be written again byte for byte.
 */
export class ValueReader {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #describe: (place: number) => string;
  /** Width of an integer without its sign; the header sets it. */
  integerBytes: number;
  #at = 0;

  /**
   * @param from place of the first byte
   * @param describe names a place in an error
   */
  constructor(
    bytes: Buffer,
    from: number,
    integerBytes: number,
    describe: (place: number) => string,
  ) {
    this.#bytes = bytes;
    this.#from = from;
    this.integerBytes = integerBytes;
    this.#describe = describe;
  }

  /** Place of the next byte. */
  get place(): number {
    return this.#from + this.#at;
  }

  /** Bytes read so far. */
  get read(): number {
    return this.#at;
  }

  unreadable(place: number, why: string): DumpUnreadable {
    return new DumpUnreadable(this.#describe(place), why);
  }

  take(bytes: number): Buffer {
    const to = this.#at + bytes;
    if (to > this.#bytes.length) throw new MoreBytesWanted(to);
    const taken = this.#bytes.subarray(this.#at, to);
    this.#at = to;
    return taken;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** @throws DumpUnreadable for a number that does not fit into 32 bits or has no sign */
  integer(): number {
    const { place } = this;
    const sign = this.byte();
    const value = this.#number(this.integerBytes);
    const isNegativeZero = sign === 1 && value === 0;
    if (sign > 1 || value === undefined || value > LARGEST_INTEGER || isNegativeZero) {
      throw this.unreadable(place, 'there is no integer');
    }
    return sign === 1 ? -value : value;
  }

  /** Null for a text of length -1, which means no text. */
  text(): string | null {
    const { place } = this;
    const length = this.integer();
    if (length === -1) return null;
    if (length < 0 || length > LONGEST_TEXT) {
      throw this.unreadable(place, `a text of ${length} bytes begins there`);
    }
    return decodeText(this.take(length));
  }

  /** @param bytes width of the place in the file */
  offset(bytes: number): BlockOffset {
    const { place } = this;
    const code = this.byte();
    const at = this.#number(bytes);
    const state = stateOf(code);
    if (!state || at === undefined) throw this.unreadable(place, 'there is no place of rows');
    return { state, at };
  }

  /** Smallest byte first; undefined if it is too large for a number. */
  #number(bytes: number): number | undefined {
    const taken = this.take(bytes);
    if (bytes === INTEGER_BYTES) return taken.readUInt32LE();
    let value = 0;
    for (const [power, byte] of taken.entries()) value += byte && byte * 2 ** (8 * power);
    return Number.isSafeInteger(value) ? value : undefined;
  }
}

const stateOf = (code: number): BlockOffset['state'] | undefined => {
  if (code === OFFSET_STATES['not-set']) return 'not-set';
  if (code === OFFSET_STATES.set) return 'set';
  return code === OFFSET_STATES['no-data'] ? 'no-data' : undefined;
};
