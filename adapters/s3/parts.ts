import { crc32 } from 'node:zlib';

/**
 * Cuts a body into the parts of a multipart upload. Each part is collected in a buffer that is reused after the part is
 * stored: new buffers for each part leave tens of megabytes of garbage, which V8 does not collect soon enough.
 */
const MIB = 1024 ** 2;
/** S3 accepts 10,000 parts of 5 MiB to 5 GiB. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_BYTES = 5 * 1024 * MIB;
const SMALL_BYTES = 5 * MIB;
const LARGE_BYTES = 16 * MIB;
/** From this size on, the requests of small parts cost more than the memory of large ones: see docs/benchmarks.md. */
const LARGE_FROM = 128 * MIB;
const EVEN_PARTS = 5000;
const PARTS_BEFORE_DOUBLING = 500;

/**
 * Bytes of the first part of a body: 5 MiB, the least that S3 accepts, or 16 MiB if about 128 MiB or more are expected. Each part costs
 * a request; two parts of 16 MiB need about 26 MiB more memory than three of 5 MiB.
 */
export const firstPartBytes = (expectedBytes: number): number =>
  expectedBytes < LARGE_FROM ? SMALL_BYTES : LARGE_BYTES;

/**
 * Bytes of the part with a number, from 1: the first size for 5,000 parts, then twice as many every 500 parts. That allows more than
 * 5 TB before S3's part numbers end, so the size of the object need not be known in advance.
 */
export const partBytes = (number: number, firstBytes: number): number => {
  const doublings = Math.max(0, Math.ceil((number - EVEN_PARTS) / PARTS_BEFORE_DOUBLING));
  return Math.min(MOST_BYTES, firstBytes * 2 ** doublings);
};

export interface Part {
  /** From 1. */
  readonly number: number;
  /** Valid until the part's buffer is released. */
  readonly bytes: Buffer;
  /** CRC-32 of the bytes in their original chunks, before they were collected; base64 of four bytes, as S3 expects it. */
  readonly crc32: string;
  readonly isLast: boolean;
}

/** The buffers in which parts are collected. */
export interface Rooms {
  take(bytes: number): Buffer;
  release(part: Part): void;
}

export const makeRooms = (): Rooms => {
  const free: Buffer[] = [];
  return {
    // A buffer that has become too small is left to the garbage collector.
    take: (bytes) => {
      const room = free.pop();
      return room?.length === bytes ? room : Buffer.allocUnsafeSlow(bytes);
    },
    release: ({ bytes }) => void free.push(Buffer.from(bytes.buffer)),
  };
};

const base64 = (checksum: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return bytes.toString('base64');
};

/** At least one part, which may be empty. Every part but the last is full. @throws the error of the body, unchanged */
export async function* partsOf(
  body: AsyncIterable<Buffer>,
  rooms: Rooms,
  firstBytes: number,
): AsyncGenerator<Part> {
  let number = 1;
  let room = rooms.take(firstBytes);
  let filled = 0;
  let checksum = 0;
  const part = (isLast: boolean): Part => ({
    number,
    bytes: room.subarray(0, filled),
    crc32: base64(checksum),
    isLast,
  });
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length; ) {
      // Only now is it certain that this part is not the last.
      if (filled === room.length) {
        yield part(false);
        number += 1;
        room = rooms.take(partBytes(number, firstBytes));
        filled = 0;
        checksum = 0;
      }
      const piece = chunk.subarray(from, from + room.length - filled);
      checksum = crc32(piece, checksum);
      filled += piece.copy(room, filled);
      from += piece.length;
    }
  }
  yield part(true);
}
