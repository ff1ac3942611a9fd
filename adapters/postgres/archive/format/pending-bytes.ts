import type { DumpUnreadable } from '../../../../core/errors/restore.ts';
import { INTEGER_BYTES, MoreBytesWanted, ValueReader } from './value-reader.ts';

/** More than an entry with three long definitions has. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Above this, the reader waits for twice as many bytes, so that long values are not parsed again for each chunk. */
const LONG_BYTES = 64 * 1024;

/** Bytes of an archive that have arrived and are not read yet. Values are read when all of their bytes have arrived. */
export class PendingBytes {
  readonly #describe: (place: number) => string;
  #chunks: Buffer[] = [];
  #length = 0;
  #place: number;
  #wanted = 1;
  #isEnded = false;
  integerBytes = INTEGER_BYTES;

  /**
   * @param place of the first byte that will arrive
   * @param describe names a place in an error
   */
  constructor(place: number, describe: (place: number) => string) {
    this.#place = place;
    this.#describe = describe;
  }

  /** Place of the next byte. */
  get place(): number {
    return this.#place;
  }

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** No more bytes will arrive. */
  end(): void {
    this.#isEnded = true;
    this.#wanted = 1;
  }

  unreadable(place: number, why: string): DumpUnreadable {
    return new ValueReader(Buffer.alloc(0), place, INTEGER_BYTES, this.#describe).unreadable(
      place,
      why,
    );
  }

  /**
   * Undefined until all bytes of the values have arrived.
   * @throws DumpUnreadable, also if the bytes have ended
   */
  read<T extends object | number>(take: (values: ValueReader) => T): T | undefined {
    if (this.#length < this.#wanted) return this.#wait(this.#wanted);
    const bytes = this.#joined();
    const values = new ValueReader(bytes, this.#place, this.integerBytes, this.#describe);
    try {
      const taken = take(values);
      this.#drop(bytes, values.read);
      this.integerBytes = values.integerBytes;
      this.#wanted = 1;
      return taken;
    } catch (error) {
      if (!(error instanceof MoreBytesWanted)) throw error;
      const long = bytes.length > LONG_BYTES ? bytes.length * 2 : 0;
      return this.#wait(Math.max(error.bytes, long));
    }
  }

  /**
   * The next bytes, at most this many; undefined if there are none.
   * @throws DumpUnreadable if the bytes have ended
   */
  takeUpTo(most: number): Buffer | undefined {
    const [first] = this.#chunks;
    if (!first) return this.#wait(1);
    const taken = first.subarray(0, most);
    this.#chunks.shift();
    const rest = first.subarray(taken.length);
    if (rest.length > 0) this.#chunks.unshift(rest);
    this.#length -= taken.length;
    this.#place += taken.length;
    return taken;
  }

  /** Keeps a copy of the waiting bytes, because the caller may use the memory of a chunk again. */
  detach(): void {
    const last = this.#chunks.pop();
    if (last) this.#chunks.push(Buffer.from(last));
  }

  /** All waiting bytes; another reader reads them then. */
  takeRest(): Buffer {
    const bytes = this.#joined();
    this.#drop(bytes, bytes.length);
    return bytes;
  }

  #joined(): Buffer {
    const [first, ...more] = this.#chunks;
    if (first && more.length === 0) return first;
    const bytes = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [bytes];
    return bytes;
  }

  #drop(bytes: Buffer, count: number): void {
    const rest = bytes.subarray(count);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#place += count;
  }

  #wait(bytes: number): undefined {
    if (this.#isEnded) throw this.unreadable(this.#place + this.#length, 'it is cut off there');
    if (bytes > MOST_BYTES) {
      throw this.unreadable(this.#place, `over ${MOST_BYTES} bytes belong together there`);
    }
    this.#wanted = bytes;
    return undefined;
  }
}
