import type { ArchivePart } from './archive-scanner.ts';
import { BLOCK_KINDS, type BlockKind } from './block-scanner.ts';
import type { TableOfContents } from './contents-scanner.ts';
import { type ArchiveEntry, writeEntry } from './entry.ts';
import { writeHeader } from './header.ts';
import { type CompressOptions, compressRows, ROWS_END } from './rows.ts';
import { ValueWriter } from './value-writer.ts';

/**
 * The bytes of a table of contents.
 * @throws RangeError for values that its version can't have
 */
export const encodeContents = ({ header, entries }: TableOfContents): Buffer => {
  const values = new ValueWriter(header.integerBytes);
  writeHeader(values, header);
  values.integer(entries.length);
  for (const entry of entries) writeEntry(values, entry, header);
  return values.done();
};

const OIDS = 2 ** 32;

/** The parts of blocks, between the chunks. See BlockPart. */
export interface BlockWriter {
  start(holds: BlockKind, dumpId: number): Buffer;
  largeObject(oid: number): Buffer;
  /** The bytes before those of a chunk. */
  chunk(bytes: number): Buffer;
  readonly lastChunk: Buffer;
  readonly lastLargeObject: Buffer;
}

/** @param integerBytes from the archive's header */
export const makeBlockWriter = (integerBytes: number): BlockWriter => {
  const integer = (value: number): Buffer => new ValueWriter(integerBytes).integer(value).done();
  const zero = integer(0);
  return {
    start: (holds, dumpId) =>
      new ValueWriter(integerBytes).byte(BLOCK_KINDS[holds]).integer(dumpId).done(),
    largeObject: (oid) => integer(oid > OIDS / 2 ? oid - OIDS : oid),
    chunk: integer,
    lastChunk: zero,
    lastLargeObject: zero,
  };
};

/** Writes parts as they were read, which gives the archive's bytes again. */
export const makePartWriter = (): ((part: ArchivePart) => Buffer) => {
  let blocks: BlockWriter | undefined;
  return (part) => {
    if (part.kind === 'contents') {
      blocks = makeBlockWriter(part.contents.header.integerBytes);
      return encodeContents(part.contents);
    }
    if (!blocks) throw new Error('an archive begins with its contents');
    switch (part.kind) {
      case 'block':
        return blocks.start(part.holds, part.dumpId);
      case 'large-object':
        return blocks.largeObject(part.oid);
      case 'chunk':
        return blocks.chunk(part.bytes);
      case 'piece':
        return part.bytes;
      case 'last-chunk':
        return blocks.lastChunk;
      case 'last-large-object':
        return blocks.lastLargeObject;
    }
  };
};

/** A block as it was written, from byte `at` of the archive on. */
export interface WrittenBlock {
  readonly dumpId: number;
  readonly at: number;
  readonly bytes: number;
}

export interface ArchiveToWrite {
  readonly contents: TableOfContents;
  /** The output of COPY for an entry that has data. */
  readonly rowsOf: (entry: ArchiveEntry) => AsyncIterable<Buffer>;
  readonly compress?: CompressOptions;
  readonly onBlock?: (block: WrittenBlock) => void;
}

/**
 * A custom archive as pg_dump writes it into a pipe, where places of blocks can't be recorded. Rows are read one entry after the other, in
 * the order of the contents, and none is kept.
 * @throws RangeError for large objects and for values that the version can't have; and what `rowsOf` throws
 */
export async function* writeArchive(given: ArchiveToWrite): AsyncGenerator<Buffer> {
  const { contents, onBlock } = given;
  const { header, entries } = contents;
  const withData = entries.filter(({ hasData }) => hasData);
  if (withData.some(({ desc }) => desc !== 'TABLE DATA')) {
    throw new RangeError('an archive with data other than rows of tables');
  }
  const blocks = makeBlockWriter(header.integerBytes);
  const start = encodeContents(withoutPlaces(contents));
  yield start;
  let at = start.length;
  for (const entry of withData) {
    let bytes = 0;
    for await (const piece of blockOf(blocks, entry, given)) {
      yield piece;
      bytes += piece.length;
    }
    onBlock?.({ dumpId: entry.dumpId, at, bytes });
    at += bytes;
  }
}

async function* blockOf(
  blocks: BlockWriter,
  entry: ArchiveEntry,
  { contents, rowsOf, compress }: ArchiveToWrite,
): AsyncGenerator<Buffer> {
  const text = ended(rowsOf(entry));
  yield blocks.start('rows', entry.dumpId);
  for await (const chunk of compressRows(contents.header.compression, text, compress)) {
    yield blocks.chunk(chunk.length);
    yield chunk;
  }
  yield blocks.lastChunk;
}

async function* ended(rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* rows;
  yield ROWS_END;
}

const withoutPlaces = ({ header, entries }: TableOfContents): TableOfContents => ({
  header,
  entries: entries.map((entry) => ({
    ...entry,
    place: { state: entry.hasData ? 'not-set' : 'no-data', at: 0 } as const,
  })),
});

/**
 * Contents with the places of the blocks that follow them, in this order. pg_restore can then seek to one of them without reading the
 * others, and restore several at once.
 */
export const placeBlocks = (
  contents: TableOfContents,
  blocks: readonly Pick<WrittenBlock, 'dumpId' | 'bytes'>[],
): TableOfContents => {
  const unplaced = withoutPlaces(contents);
  // Places have a fixed width, so the contents have the same length with and without them.
  let at = encodeContents(unplaced).length;
  const places = new Map<number, number>();
  for (const { dumpId, bytes } of blocks) {
    places.set(dumpId, at);
    at += bytes;
  }
  const entries = unplaced.entries.map((entry) => {
    const place = places.get(entry.dumpId);
    return place === undefined ? entry : { ...entry, place: { state: 'set', at: place } as const };
  });
  return { header: contents.header, entries };
};
