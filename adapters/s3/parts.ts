import { crc32 } from 'node:zlib';

/**
 * Cuts a body into the parts of a multipart upload. Each is gathered in a room of memory that is used again once the part is
 * stored: parts made of new buffers leave tens of megabytes of garbage behind, which V8 does not see as pressing.
 */
const MIB = 1024 ** 2;
/** S3 takes 10,000 parts of 5 MiB to 5 GiB. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_BYTES = 5 * 1024 * MIB;
const SMALL_BYTES = 5 * MIB;
const LARGE_BYTES = 16 * MIB;
/** From here on, the requests of small parts cost more than the memory of large ones is worth: see docs/benchmarks.md. */
const LARGE_FROM = 128 * MIB;
const EVEN_PARTS = 5000;
const PARTS_BEFORE_DOUBLING = 500;

/**
 * Bytes of the first part of a body: 5 MiB, the least that S3 takes, or 16 MiB where about 128 MiB or more are expected. Each part is a
 * request to pay for; two of 16 MiB need some 26 MiB more memory than three of 5 MiB.
 */
export const firstPartBytes = (expectedBytes: number): number =>
  expectedBytes < LARGE_FROM ? SMALL_BYTES : LARGE_BYTES;

/**
 * Bytes of the part of a number, from 1: as many as the first one for 5,000 parts, then twice as many every 500 parts, which comes to
 * more than 5 TB before S3's numbers end. So the size of the object need not be known beforehand.
 */
export const partBytes = (number: number, firstBytes: number): number => {
  const doublings = Math.max(0, Math.ceil((number - EVEN_PARTS) / PARTS_BEFORE_DOUBLING));
  return Math.min(MOST_BYTES, firstBytes * 2 ** doublings);
};

export interface Part {
  /** From 1. */
  readonly number: number;
  /** Valid until the part's room is given back. */
  readonly bytes: Buffer;
  /** Of the bytes as they came, before they were gathered; base64 of four bytes, as S3 wants it. */
  readonly crc32: string;
  readonly isLast: boolean;
}

/** The memory that parts are gathered in. */
export interface Rooms {
  take(bytes: number): Buffer;
  giveBack(part: Part): void;
}

export const makeRooms = (): Rooms => {
  const free: Buffer[] = [];
  return {
    // A room that has become too small is left to the garbage collector.
    take: (bytes) => {
      const room = free.pop();
      return room?.length === bytes ? room : Buffer.allocUnsafeSlow(bytes);
    },
    giveBack: ({ bytes }) => void free.push(Buffer.from(bytes.buffer)),
  };
};

const base64 = (checksum: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return bytes.toString('base64');
};

/** At least one part, be it an empty one. Every part but the last is full. @throws the error of the body, as it is */
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
      // Only now it is known that this part is not the last.
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
