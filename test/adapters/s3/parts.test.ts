import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { firstPartBytes, makeRooms, partBytes, partsOf } from '../../../adapters/s3/parts.ts';

const MIB = 1024 ** 2;
const PART = 5 * MIB;
const GIB = 1024 * MIB;

/** S3's own limits. */
const LIMITS = { parts: 10_000, smallest: 5 * MIB, largest: 5 * GIB };

async function* inPieces(content: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < content.length; from += bytes)
    yield content.subarray(from, from + bytes);
}

const storedBy = async (content: Buffer, pieceBytes: number) => {
  const rooms = makeRooms();
  const found: { number: number; bytes: Buffer; crc32: string; isLast: boolean }[] = [];
  for await (const part of partsOf(inPieces(content, pieceBytes), rooms, PART)) {
    found.push({ ...part, bytes: Buffer.from(part.bytes) });
    rooms.release(part);
  }
  return found;
};

describe('the bytes of a part', () => {
  it.each([5 * MIB, 16 * MIB])(
    'are within what S3 accepts, for every number, from %i on',
    (first) => {
      let sum = 0;
      for (let number = 1; number <= LIMITS.parts; number += 1) {
        const bytes = partBytes(number, first);
        expect(bytes).toBeGreaterThanOrEqual(LIMITS.smallest);
        expect(bytes).toBeLessThanOrEqual(LIMITS.largest);
        if (sum < 24 * GIB) expect(bytes).toBe(first);
        sum += bytes;
      }
      expect(sum).toBeGreaterThan(5e12);
    },
  );

  it('are the fewest that S3 accepts for a small schema, and three times as many for a large one', () => {
    expect([0, 100 * MIB].map(firstPartBytes)).toEqual([5 * MIB, 5 * MIB]);
    expect([128 * MIB, 5 * 1024 * GIB].map(firstPartBytes)).toEqual([16 * MIB, 16 * MIB]);
  });
});

describe('parts of a body', () => {
  it.each([
    ['nothing', 0, 1],
    ['a byte', 1, 1],
    ['just one part', PART, 1],
    ['a byte more than one part', PART + 1, 2],
    ['just three parts', 3 * PART, 3],
  ])(
    'of %s contain all of it, in order, and the last one is marked as such',
    async (_, bytes, count) => {
      const content = randomBytes(bytes);
      const parts = await storedBy(content, 100_000);
      expect(parts.map(({ number }) => number)).toEqual(
        Array.from({ length: count }, (_, index) => index + 1),
      );
      expect(parts.map(({ isLast }) => isLast)).toEqual([...Array(count - 1).fill(false), true]);
      expect(Buffer.concat(parts.map((part) => part.bytes)).equals(content)).toBe(true);
    },
  );

  it('are cut from one piece that is larger than they are', async () => {
    const content = randomBytes(2 * PART + 100);
    const parts = await storedBy(content, content.length);
    expect(parts.map((part) => part.bytes.length)).toEqual([PART, PART, 100]);
    expect(Buffer.concat(parts.map((part) => part.bytes)).equals(content)).toBe(true);
  });

  it('carry the CRC-32 of their own bytes', async () => {
    for (const part of await storedBy(randomBytes(20 * MIB), 77_777)) {
      expect(Buffer.from(part.crc32, 'base64').readUInt32BE()).toBe(crc32(part.bytes));
    }
  });

  it('need no more memory than is still in use', async () => {
    const rooms = makeRooms();
    const seen = new Set<ArrayBufferLike>();
    for await (const part of partsOf(inPieces(Buffer.alloc(80 * MIB), MIB), rooms, PART)) {
      seen.add(part.bytes.buffer);
      rooms.release(part);
    }
    // One that is returned, and the one that is filled meanwhile.
    expect(seen.size).toBeLessThanOrEqual(2);
  });

  it('that are not returned are not overwritten', async () => {
    const content = randomBytes(40 * MIB);
    const kept: Buffer[] = [];
    for await (const part of partsOf(inPieces(content, MIB), makeRooms(), PART))
      kept.push(part.bytes);
    expect(Buffer.concat(kept).equals(content)).toBe(true);
  });
});
