import type { DumpUnreadable } from '../../../../core/errors/restore.ts';
import { type ArchiveEntry, readEntry } from './entry.ts';
import { type ArchiveHeader, readHeader } from './header.ts';
import { PendingBytes } from './pending-bytes.ts';

/** The beginning of an archive of format custom, and the first file of one of format tar. */
export interface TableOfContents {
  readonly header: ArchiveHeader;
  /** In the archive's own order, which is also the order of the rows. */
  readonly entries: readonly ArchiveEntry[];
}

/** A schema of a hundred thousand tables has fewer. */
const MOST_ENTRIES = 10_000_000;

/** Reads a table of contents from the chunks that hold it. */
export class ContentsScanner {
  readonly #pending = new PendingBytes(0, (place) => this.#describe(place));
  readonly #entries: ArchiveEntry[] = [];
  readonly #numbers = new Set<number>();
  #header: ArchiveHeader | undefined;
  #count: number | undefined;

  /** Place of the next unread byte. */
  get place(): number {
    return this.#pending.place;
  }

  /**
   * The caller may use the memory of a chunk again when this returns.
   * @returns the table of contents after all of it was read
   * @throws DumpUnreadable for invalid bytes
   */
  take(chunk: Buffer): TableOfContents | undefined {
    this.#pending.add(chunk);
    const contents = this.#readOn();
    if (!contents) this.#pending.detach();
    return contents;
  }

  /**
   * Called after the last byte.
   * @throws DumpUnreadable if the table of contents is cut off
   */
  end(): TableOfContents {
    this.#pending.end();
    const contents = this.#readOn();
    if (!contents) throw this.unreadable('it is cut off there');
    return contents;
  }

  /** An error at the next byte. */
  unreadable(why: string): DumpUnreadable {
    return this.#pending.unreadable(this.place, why);
  }

  /** Bytes that followed the table of contents. */
  takeRest(): Buffer {
    return this.#pending.takeRest();
  }

  #readOn(): TableOfContents | undefined {
    const pending = this.#pending;
    this.#header ??= pending.read(readHeader);
    const header = this.#header;
    if (!header) return undefined;
    this.#count ??= this.#readCount();
    const count = this.#count;
    if (count === undefined) return undefined;
    while (this.#entries.length < count) {
      const at = pending.place;
      const entry = pending.read((values) => readEntry(values, header));
      if (!entry) return undefined;
      if (this.#numbers.has(entry.dumpId)) {
        throw pending.unreadable(at, `entry ${entry.dumpId} is listed twice`);
      }
      this.#numbers.add(entry.dumpId);
      this.#entries.push(entry);
    }
    return { header, entries: this.#entries };
  }

  #readCount(): number | undefined {
    const at = this.#pending.place;
    const count = this.#pending.read((values) => values.integer());
    if (count !== undefined && (count < 0 || count > MOST_ENTRIES)) {
      throw this.#pending.unreadable(at, `it has ${count} entries`);
    }
    return count;
  }

  #describe(place: number): string {
    const where = `byte ${place} of its table of contents`;
    if (!this.#count || this.#entries.length === this.#count) return where;
    return `${where}, in entry ${this.#entries.length + 1} of ${this.#count}`;
  }
}
