import { type ArchiveEntry, describeEntry } from './entry.ts';
import type { ArchiveHeader } from './header.ts';
import { PendingBytes } from './pending-bytes.ts';
import type { ValueReader } from './value-reader.ts';

/**
 * The blocks after the table of contents of a custom archive, in src/bin/pg_dump/pg_backup_custom.c: one for each entry that has data. A
 * block of rows is a list of chunks that ends with one of no bytes. A block of large objects has such a list for each of them, after its
 * OID, and ends with an OID of 0.
 */
export type BlockPart = { readonly at: number } & (
  | { readonly kind: 'block'; readonly holds: BlockKind; readonly dumpId: number }
  | { readonly kind: 'large-object'; readonly oid: number }
  /** This many bytes follow, in one or more pieces. */
  | { readonly kind: 'chunk'; readonly bytes: number }
  | { readonly kind: 'piece'; readonly bytes: Buffer }
  | { readonly kind: 'last-chunk' | 'last-large-object' }
);

export type BlockKind = keyof typeof BLOCK_KINDS;
/** BLK_DATA and BLK_BLOBS of src/bin/pg_dump/pg_backup_archiver.h. */
export const BLOCK_KINDS = { rows: 1, 'large-objects': 3 } as const;

/** OIDs above 2^31 are written as the negative integers of the same bits. */
const OIDS = 2 ** 32;

type State = 'between' | 'rows' | 'objects' | 'object';

/** Reads the blocks of an archive, or some of them, from the chunks that hold them. */
export class BlockScanner {
  readonly #pending: PendingBytes;
  /** Entries that have data and whose block was not read yet. */
  readonly #expected: Map<number, ArchiveEntry>;
  #state: State = 'between';
  /** Bytes of a chunk that were not read yet. */
  #inChunk = 0;
  #entry: ArchiveEntry | undefined;

  /**
   * @param entries whose blocks are expected
   * @param from place of the first byte in the archive
   */
  constructor(header: ArchiveHeader, entries: Iterable<ArchiveEntry>, from: number) {
    this.#pending = new PendingBytes(from, (place) => this.#describe(place));
    this.#pending.integerBytes = header.integerBytes;
    this.#expected = new Map(
      [...entries].flatMap((entry) => (entry.hasData ? [[entry.dumpId, entry] as const] : [])),
    );
  }

  /**
   * The parts that are complete now. Pieces are views of the chunk.
   * @throws DumpUnreadable for invalid bytes
   */
  take(chunk: Buffer): BlockPart[] {
    this.#pending.add(chunk);
    const parts = this.#readOn();
    this.#pending.detach();
    return parts;
  }

  /**
   * Called after the last byte.
   * @throws DumpUnreadable if a block is cut off, or missing
   */
  end(): void {
    const pending = this.#pending;
    const isBetween = this.#state === 'between' && pending.length === 0;
    if (!isBetween) {
      throw pending.unreadable(pending.place + pending.length, 'it is cut off there');
    }
    const [missing] = this.#expected.values();
    if (!missing) return;
    const number = this.#expected.size;
    const more = number > 1 ? `, and ${number - 1} more` : '';
    this.#entry = undefined;
    throw pending.unreadable(
      pending.place,
      `it ends there without the data of entry ${missing.dumpId} (${describeEntry(missing)})${more}`,
    );
  }

  #readOn(): BlockPart[] {
    const parts: BlockPart[] = [];
    for (;;) {
      const part = this.#next();
      if (!part) return parts;
      parts.push(part);
    }
  }

  #next(): BlockPart | undefined {
    const pending = this.#pending;
    const at = pending.place;
    if (this.#inChunk > 0) {
      const bytes = pending.takeUpTo(this.#inChunk);
      if (!bytes) return undefined;
      this.#inChunk -= bytes.length;
      return { kind: 'piece', bytes, at };
    }
    if (this.#state === 'between') return this.#nextBlock(at);
    if (this.#state === 'objects') return this.#nextObject(at);
    return this.#nextChunk(at);
  }

  #nextBlock(at: number): BlockPart | undefined {
    const start = this.#pending.read((values) => readBlockStart(values));
    if (!start) return undefined;
    const entry = this.#expected.get(start.dumpId);
    if (!entry) {
      const why = `a block of entry ${start.dumpId} begins there, but that entry has no data or was read before`;
      throw this.#pending.unreadable(at, why);
    }
    const { place } = entry;
    if ('state' in place && place.state === 'set' && place.at !== at) {
      const why = `the block of entry ${entry.dumpId} (${describeEntry(entry)}) begins there, and its table of contents says at byte ${place.at}`;
      throw this.#pending.unreadable(at, why);
    }
    this.#expected.delete(start.dumpId);
    this.#entry = entry;
    this.#state = start.holds === 'rows' ? 'rows' : 'objects';
    return { kind: 'block', ...start, at };
  }

  #nextObject(at: number): BlockPart | undefined {
    const oid = this.#pending.read((values) => values.integer());
    if (oid === undefined) return undefined;
    if (oid === 0) {
      this.#finish();
      return { kind: 'last-large-object', at };
    }
    this.#state = 'object';
    return { kind: 'large-object', oid: oid < 0 ? oid + OIDS : oid, at };
  }

  #nextChunk(at: number): BlockPart | undefined {
    const bytes = this.#pending.read((values) => values.integer());
    if (bytes === undefined) return undefined;
    if (bytes < 0) throw this.#pending.unreadable(at, `a chunk of ${bytes} bytes begins there`);
    this.#inChunk = bytes;
    if (bytes > 0) return { kind: 'chunk', bytes, at };
    if (this.#state === 'object') this.#state = 'objects';
    else this.#finish();
    return { kind: 'last-chunk', at };
  }

  #finish(): void {
    this.#state = 'between';
    this.#entry = undefined;
  }

  #describe(place: number): string {
    const entry = this.#entry;
    const within = entry ? `, in entry ${entry.dumpId} (${describeEntry(entry)})` : '';
    return `byte ${place} of its archive${within}`;
  }
}

const readBlockStart = (values: ValueReader): { holds: BlockKind; dumpId: number } => {
  const { place } = values;
  const code = values.byte();
  const isRows = code === BLOCK_KINDS.rows;
  if (!isRows && code !== BLOCK_KINDS['large-objects']) {
    throw values.unreadable(place, 'no block of data begins there');
  }
  return { holds: isRows ? 'rows' : 'large-objects', dumpId: values.integer() };
};
