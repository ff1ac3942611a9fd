import { Readable, type Writable } from 'node:stream';
import {
  constants,
  createDeflate,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
  zstdCompressSync,
} from 'node:zlib';
import { readChunks, releaseMemory } from '../../../../core/chunks.ts';
import { DumpUnreadable } from '../../../../core/errors/restore.ts';
import type { ArchiveHeader } from './header.ts';

/**
 * The text of a table's rows, as COPY writes it, and the chunks of a block that hold it. pg_restore drops what follows the end of a zstd
 * frame within a chunk, so each of our frames ends where its chunk ends. It accepts one zlib stream for a block, and no second one after
 * it.
 */
export type Compression = ArchiveHeader['compression'];

/** What pg_dump writes after the last row. */
export const ROWS_END = Buffer.from('\\.\n\n\n');

export interface CompressOptions {
  /** Of zstd and gzip. */
  readonly level?: number;
  /**
   * Largest number of bytes of text in a frame of zstd, or in a chunk without compression. The latter has the bytes that arrived together.
   */
  readonly frameBytes?: number;
  /** No other code reads the text's pieces: the memory of each is freed after it is in a frame of zstd. */
  readonly isSoleReader?: boolean;
}

const FRAME_BYTES = 1024 * 1024;
/** Most tables are smaller than this, and need no more memory. */
const FIRST_BYTES = 64 * 1024;
const LEVEL = 1;
/** Compressing less takes less time than asking another thread to do it. */
const SMALL_BYTES = 32 * 1024;
/** ZSTD_compressBound of zstd.h, generously. */
const boundOf = (bytes: number): number => bytes + (bytes >> 7) + 1024;

interface FrameCompressor {
  /** One frame, in memory of its own. The bytes may be overwritten afterwards. */
  compress(frame: Buffer): Promise<Buffer>;
  end(): void;
}

/** Compresses in another thread, all frames by one stream: to make one for each is a fifth of the work, and its memory makes V8 collect garbage. */
const makeFrameCompressor = (level: number, frameBytes: number): FrameCompressor => {
  const stream = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: boundOf(frameBytes),
  });
  let parts: Buffer[] = [];
  let fail: (error: Error) => void = () => undefined;
  stream.on('data', (part: Buffer) => parts.push(part)).on('error', (error) => fail(error));
  return {
    compress: (frame) =>
      new Promise((resolve, reject) => {
        fail = reject;
        stream.write(frame);
        stream.flush(constants.ZSTD_e_end, () => {
          resolve(Buffer.concat(parts));
          parts = [];
        });
      }),
    end: () => void stream.destroy(),
  };
};

const compressSmall = (frame: Buffer, level: number): Buffer =>
  zstdCompressSync(frame, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: boundOf(frame.length),
  });

/**
 * The chunks of a block for a text. Uses memory for one frame.
 * @throws RangeError for lz4, which Node can't write; and what `text` throws
 */
export const compressRows = (
  compression: Compression,
  text: AsyncIterable<Buffer>,
  { level = LEVEL, frameBytes = FRAME_BYTES, isSoleReader = false }: CompressOptions = {},
): AsyncGenerator<Buffer> => {
  if (compression === 'none') return pieces(text, frameBytes);
  if (compression === 'gzip') return deflated(text, level);
  if (compression === 'zstd')
    return zstdFrames(frames(text, frameBytes, isSoleReader), level, frameBytes);
  throw new RangeError(`an archive of compression ${compression} can't be written`);
};

/** The text in its own pieces, cut if one is too long for a chunk. */
async function* pieces(text: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  for await (const piece of text) {
    for (let from = 0; from < piece.length; from += bytes) yield piece.subarray(from, from + bytes);
  }
}

/** The text cut into pieces of one size, the last one shorter. Each overwrites the one before. */
async function* frames(
  text: AsyncIterable<Buffer>,
  bytes: number,
  isSoleReader: boolean,
): AsyncGenerator<Buffer> {
  let frame = Buffer.allocUnsafeSlow(Math.min(bytes, FIRST_BYTES));
  let filled = 0;
  for await (const piece of text) {
    for (let from = 0; from < piece.length; ) {
      const copied = piece.copy(frame, filled, from);
      filled += copied;
      from += copied;
      if (filled < frame.length) continue;
      if (frame.length < bytes) {
        const larger = Buffer.allocUnsafeSlow(bytes);
        frame.copy(larger);
        frame = larger;
        continue;
      }
      yield frame;
      filled = 0;
    }
    if (isSoleReader) releaseMemory(piece);
  }
  if (filled > 0) yield frame.subarray(0, filled);
}

async function* zstdFrames(
  all: AsyncIterable<Buffer>,
  level: number,
  frameBytes: number,
): AsyncGenerator<Buffer> {
  let compressor: FrameCompressor | undefined;
  let count = 0;
  try {
    for await (const frame of all) {
      count += 1;
      if (frame.length <= SMALL_BYTES) {
        yield compressSmall(frame, level);
      } else {
        compressor ??= makeFrameCompressor(level, frameBytes);
        yield await compressor.compress(frame);
      }
    }
  } finally {
    compressor?.end();
  }
  if (count === 0) yield compressSmall(Buffer.alloc(0), level);
}

async function* deflated(text: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const stream = createDeflate({ level, chunkSize: 64 * 1024 });
  const input = Readable.from(text, { objectMode: false });
  input.once('error', (error) => stream.destroy(error)).pipe(stream);
  try {
    yield* readChunks(stream);
  } finally {
    input.destroy();
  }
}

/**
 * The text that the chunks of a block hold. A chunk may arrive in pieces.
 * @param place names the block in an error
 * @throws DumpUnreadable if it is not a complete text of its compression; and what `chunks` throws
 */
export const decompressRows = (
  compression: Compression,
  chunks: AsyncIterable<Buffer>,
  place: string,
): AsyncIterable<Buffer> => {
  if (compression === 'none') return chunks;
  if (compression === 'gzip') return through(createInflate(), chunks, place);
  if (compression === 'zstd') return through(createZstdDecompress(), chunks, place);
  throw new DumpUnreadable(
    place,
    `its rows are compressed by ${compression}, which Larder has no program for`,
  );
};

type Decompressor = ReturnType<typeof createInflate> | ReturnType<typeof createZstdDecompress>;

async function* through(
  stream: Decompressor,
  chunks: AsyncIterable<Buffer>,
  place: string,
): AsyncGenerator<Buffer> {
  let given = 0;
  let failedInput: unknown;
  const feed = async (): Promise<void> => {
    for await (const chunk of chunks) {
      if (stream.destroyed) return;
      given += chunk.length;
      if (!stream.write(chunk)) await drained(stream);
    }
    stream.end();
  };
  const fed = feed().catch((error: unknown) => {
    failedInput = error;
    stream.destroy();
  });
  try {
    yield* readChunks(stream);
  } catch (error) {
    if (failedInput !== undefined) throw failedInput;
    const why = error instanceof Error ? error.message : String(error);
    throw new DumpUnreadable(place, `its rows can't be decompressed: ${why}`, { cause: error });
  } finally {
    stream.destroy();
    await fed;
  }
  // Both decompressors ignore what follows their end.
  if (stream.bytesWritten !== given) {
    const why = `${given - stream.bytesWritten} bytes follow the end of its compressed rows`;
    throw new DumpUnreadable(place, why);
  }
}

/** Until it accepts more, or has ended. */
const drained = (into: Writable): Promise<void> =>
  new Promise((resolve) => {
    if (into.destroyed) return resolve();
    const done = (): void => {
      into.off('drain', done).off('close', done);
      resolve();
    };
    into.on('drain', done).on('close', done);
  });
