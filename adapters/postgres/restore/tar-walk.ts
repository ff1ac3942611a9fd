import { DumpUnreadable } from '../../../core/errors.ts';

/**
 * Looks whether a tar archive is whole, while its bytes pass by. pg_restore exits 0 on one that is cut in the middle of a
 * table's rows, and ends their text as if they were all (tried with 15 to 18).
 *
 * The form is that of POSIX: a header of 512 bytes, the member's bytes filled up to 512, and in the end two blocks of zeros.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
const BLOCK = 512;
const ZEROS = Buffer.alloc(BLOCK);
const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
/** The first byte of a number that is not in octal digits but in bytes, as pg_dump writes those of 8 GB and more. */
const BINARY = 0x80;

const octal = (header: Buffer, at: number, length: number): number =>
  Number.parseInt(header.toString('latin1', at, at + length).replace(/[\0 ]+$/, ''), 8);

const sizeOf = (header: Buffer): number => {
  if (header[SIZE_AT] !== BINARY) return octal(header, SIZE_AT, SIZE_LENGTH);
  return header.readUIntBE(SIZE_AT + SIZE_LENGTH - 6, 6);
};

/** The sum of a header's bytes, its own place taken for spaces. */
const checksum = (header: Buffer): number =>
  header.reduce(
    (sum, byte, at) =>
      sum + (at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_LENGTH ? 0x20 : byte),
    0,
  );

export class TarWalk {
  readonly #header = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Bytes of a member that are still to come, with those that fill its last block. */
  #toSkip = 0;
  #zeroBlocks = 0;
  #at = 0;

  /** @throws DumpUnreadable */
  take(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const wanted = this.#toSkip || BLOCK - this.#filled;
      const taken = Math.min(wanted, chunk.length - from);
      if (this.#toSkip) this.#toSkip -= taken;
      else {
        this.#filled += chunk.copy(this.#header, this.#filled, from, from + taken);
        if (this.#filled === BLOCK) this.#read();
      }
      from += taken;
      this.#at += taken;
    }
  }

  /** Called after the last byte. @throws DumpUnreadable */
  end(): void {
    if (this.#zeroBlocks < 2) throw this.#unreadable('the archive is cut short');
  }

  #read(): void {
    this.#filled = 0;
    if (this.#header.equals(ZEROS)) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks) throw this.#unreadable('the archive goes on behind its end');
    const size = sizeOf(this.#header);
    const sum = octal(this.#header, CHECKSUM_AT, CHECKSUM_LENGTH);
    if (!Number.isSafeInteger(size) || size < 0 || sum !== checksum(this.#header))
      throw this.#unreadable('no header of a member of a tar archive stands there');
    this.#toSkip = Math.ceil(size / BLOCK) * BLOCK;
  }

  #unreadable(why: string): DumpUnreadable {
    return new DumpUnreadable(`byte ${this.#at} of its archive`, why);
  }
}
