import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArchivePart,
  ArchiveScanner,
} from '../../../../../adapters/postgres/archive/format/archive-scanner.ts';
import { decodeText, encodeText } from '../../../../../adapters/postgres/archive/format/text.ts';
import { makePartWriter } from '../../../../../adapters/postgres/archive/format/write.ts';
import { DumpUnreadable } from '../../../../../core/errors/restore.ts';
import { writtenBack } from '../../../../support/archives.ts';
import { archive, chunkLengths, type Part } from './arbitrary-archives.ts';

/** The bytes of an archive, and where each part begins. */
const written = (parts: readonly Part[]): { bytes: Buffer; placed: ArchivePart[] } => {
  const write = makePartWriter();
  const pieces: Buffer[] = [];
  let at = 0;
  const placed = parts.map((part) => {
    const one: ArchivePart = { ...part, at };
    const bytes = write(one);
    pieces.push(bytes);
    at += bytes.length;
    return one;
  });
  return { bytes: Buffer.concat(pieces), placed };
};

const readIn = (bytes: Buffer, lengths: readonly number[]): ArchivePart[] => {
  const scanner = new ArchiveScanner();
  const parts: ArchivePart[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    parts.push(...scanner.take(bytes.subarray(at, at + length)));
    at += length;
  }
  parts.push(...scanner.end());
  return parts;
};

/** Joins the pieces of one chunk. */
const joined = (parts: readonly ArchivePart[]): ArchivePart[] => {
  const list: ArchivePart[] = [];
  for (const part of parts) {
    const last = list.at(-1);
    if (part.kind === 'piece' && last?.kind === 'piece') {
      list.pop();
      list.push({ ...last, bytes: Buffer.concat([last.bytes, part.bytes]) });
    } else list.push(part);
  }
  return list;
};

/** The entry whose block contains a byte, after the block's first values. */
const blockAt = (placed: readonly ArchivePart[], end: number, byte: number): number | undefined => {
  for (const [index, part] of placed.entries()) {
    if (part.kind !== 'block') continue;
    const next = placed.slice(index + 1).find(({ kind }) => kind === 'block');
    const from = placed[index + 1]?.at ?? end;
    if (byte >= from && byte < (next?.at ?? end)) return part.dumpId;
  }
  return undefined;
};

const errorOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('an archive of any version, widths and texts', () => {
  it('is read as it was written, in chunks of any lengths, with the position of each part', () => {
    fc.assert(
      fc.property(archive, chunkLengths, (parts, lengths) => {
        const { bytes, placed } = written(parts);
        expect(joined(readIn(bytes, lengths))).toEqual(placed);
        expect(writtenBack(bytes, lengths).equals(bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('that is cut reports the byte where it ends and the entry, wherever it is cut', () => {
    fc.assert(
      fc.property(
        archive,
        chunkLengths,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (parts, lengths, share) => {
          const { bytes, placed } = written(parts);
          const cut = Math.floor((bytes.length - 1) * share);
          const error = errorOf(() => readIn(bytes.subarray(0, cut), lengths));
          expect(error).toBeInstanceOf(DumpUnreadable);
          const { message } = error as DumpUnreadable;
          expect(message).toContain(`byte ${cut} of its `);
          const within = blockAt(placed, bytes.length, cut);
          if (within !== undefined) expect(message).toContain(`in entry ${within} (`);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('that is damaged is refused with a position, or written back unchanged', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    let refused = 0;
    fc.assert(
      fc.property(archive, damage, chunkLengths, (parts, places, lengths) => {
        const bytes = Buffer.from(written(parts).bytes);
        for (const [place, byte] of places) bytes[place % bytes.length] = byte;
        const error = errorOf(() => {
          expect(writtenBack(bytes, lengths).equals(bytes)).toBe(true);
        });
        if (error === undefined) return;
        expect(error).toBeInstanceOf(DumpUnreadable);
        expect((error as Error).message).toMatch(/byte \d+ of its (table of contents|archive)/);
        refused += 1;
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

describe('a text', () => {
  it('of any bytes is written back unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(encodeText(decodeText(buffer)).equals(buffer)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (text.isWellFormed()) expect(decodeText(encodeText(text))).toBe(text);
      }),
    );
  });

  it('that represents no bytes is not written', () => {
    expect(() => encodeText('a\ud800')).toThrow(RangeError);
    expect(() => encodeText('\udc7f')).toThrow(RangeError);
  });
});
