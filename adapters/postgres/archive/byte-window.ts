import { ArchiveValues, MoreBytesWanted, type ReadBytes, unreadableAt } from './archive-values.ts';

/** Asked for at once: a table of contents has a few hundred bytes for each object. */
const STEP = 1024 * 1024;

/** Reads values one after the other, fetching bytes where they run out. */
export class ByteWindow {
  readonly #read: ReadBytes;
  readonly #place: { readonly from: number; readonly bytes: number };
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param place where the table of contents begins in the object, and how many bytes it may have at most */
  constructor(read: ReadBytes, place = { from: 0, bytes: Number.MAX_SAFE_INTEGER }) {
    this.#read = read;
    this.#place = place;
  }

  /** Place of the next value, from where the table of contents begins. */
  get at(): number {
    return this.#at;
  }

  /** Reads some values that belong together; if they aren't all there yet, more is fetched and they are read anew. */
  async values<T>(take: (values: ArchiveValues) => T): Promise<T> {
    for (;;) {
      const values = new ArchiveValues(this.#bytes, this.#at);
      try {
        const taken = take(values);
        this.#at += values.read;
        this.#bytes = this.#bytes.subarray(values.read);
        return taken;
      } catch (error) {
        if (!(error instanceof MoreBytesWanted)) throw error;
        await this.#fetch(error.bytes);
      }
    }
  }

  async #fetch(wanted: number): Promise<void> {
    const have = this.#bytes.length;
    const from = this.#at + have;
    const bytes = Math.min(Math.max(wanted - have, STEP), this.#place.bytes - from);
    const came = bytes > 0 ? await this.#read(this.#place.from + from, bytes) : Buffer.alloc(0);
    if (came.length === 0) throw unreadableAt(from, 'it is cut off there');
    this.#bytes = Buffer.concat([this.#bytes, came]);
  }
}
