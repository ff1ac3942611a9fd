import { encodeText } from './text.ts';
import { type BlockOffset, INTEGER_BYTES, LARGEST_INTEGER, OFFSET_STATES } from './value-reader.ts';

const FIRST_BYTES = 4096;

/** Writes the values that ValueReader reads: `WriteInt`, `WriteStr`, `WriteOffset` of src/bin/pg_dump/pg_backup_archiver.c. */
export class ValueWriter {
  readonly #integerBytes: number;
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  constructor(integerBytes: number = INTEGER_BYTES) {
    this.#integerBytes = integerBytes;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  /** @throws RangeError for one of more than 31 bits */
  integer(value: number): this {
    if (!Number.isInteger(value) || Math.abs(value) > LARGEST_INTEGER) {
      throw new RangeError(`${value} is no integer of an archive`);
    }
    this.byte(value < 0 ? 1 : 0);
    this.#number(Math.abs(value), this.#integerBytes);
    return this;
  }

  text(text: string | null): this {
    if (text === null) return this.integer(-1);
    const bytes = encodeText(text);
    return this.integer(bytes.length).raw(bytes);
  }

  /** @throws RangeError for one that does not fit into this many bytes */
  offset({ state, at }: BlockOffset, bytes: number): this {
    this.byte(OFFSET_STATES[state]);
    this.#number(at, bytes);
    return this;
  }

  raw(bytes: Buffer): this {
    this.#reserve(bytes.length);
    this.#at += bytes.copy(this.#bytes, this.#at);
    return this;
  }

  /** The written bytes; the writer is not used any more. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #number(value: number, bytes: number): void {
    this.#reserve(bytes);
    let rest = value;
    for (let at = 0; at < bytes; at += 1) {
      this.#bytes[this.#at] = rest % 256;
      this.#at += 1;
      rest = Math.floor(rest / 256);
    }
    if (rest > 0) throw new RangeError(`${value} does not fit into ${bytes} bytes`);
  }

  #reserve(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
