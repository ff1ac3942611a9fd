import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { BLOCK, readTarHeader } from './tar-header.ts';

/**
 * Checks whether a tar archive is complete, while its bytes pass by. pg_restore exits 0 on one that is cut in the middle of a table's rows,
 * and ends their text as if it were complete (tried with 15 to 18). Each member is a header of one block and its bytes, filled up to whole
 * blocks; two blocks of zeros end the archive.
 */
const ZEROS = Buffer.alloc(BLOCK);

export class TarWalk {
  readonly #header = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Bytes of a member that were not read yet, with the bytes that fill its last block. */
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
    if (this.#zeroBlocks) throw this.#unreadable('the archive continues after its end');
    const member = readTarHeader(this.#header);
    if (!member) throw this.#unreadable('there is no header of a tar member');
    this.#toSkip = Math.ceil(member.bytes / BLOCK) * BLOCK;
  }

  #unreadable(why: string): DumpUnreadable {
    return new DumpUnreadable(`byte ${this.#at} of its archive`, why);
  }
}
