import { deflateSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArchive } from '../../../../../adapters/postgres/archive/format/archive-scanner.ts';
import { BlockScanner } from '../../../../../adapters/postgres/archive/format/block-scanner.ts';
import type { TableOfContents } from '../../../../../adapters/postgres/archive/format/contents-scanner.ts';
import type { ArchiveEntry } from '../../../../../adapters/postgres/archive/format/entry.ts';
import {
  type Compression,
  compressRows,
  decompressRows,
} from '../../../../../adapters/postgres/archive/format/rows.ts';
import {
  placeBlocks,
  type WrittenBlock,
  writeArchive,
} from '../../../../../adapters/postgres/archive/format/write.ts';
import { contentsOf, tableData } from '../../../../support/archives.ts';

const WRITTEN = ['none', 'gzip', 'zstd'] as const;

async function* streamOf(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}

const all = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const list: Buffer[] = [];
  for await (const piece of pieces) list.push(Buffer.from(piece));
  return Buffer.concat(list);
};

describe.each(WRITTEN)('rows of compression %s', (compression) => {
  it('are restored unchanged, from frames and pieces of any size', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 3000 }), async (given, frameBytes) => {
        const text = given.map((piece) => Buffer.from(piece));
        const chunks = compressRows(compression, streamOf(text), { frameBytes });
        const back = await all(decompressRows(compression, chunks, 'here'));
        expect(back.equals(Buffer.concat(text))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('of one table are read by a range of bytes, and checked separately', async () => {
    const contents = contentsOf(compression, 3);
    const rows = (entry: ArchiveEntry) => [Buffer.from(`${entry.tag}\n`.repeat(5000))];
    const written: WrittenBlock[] = [];
    const archive = await all(
      writeArchive({
        contents,
        rowsOf: (entry) => streamOf(rows(entry)),
        compress: { frameBytes: 1000 },
        onBlock: (block) => written.push(block),
      }),
    );
    expect(written.map(({ dumpId }) => dumpId)).toEqual([1, 2, 3]);
    for (const [index, { at, bytes }] of written.entries()) {
      const entry = tableData(index + 1);
      const scanner = new BlockScanner(contents.header, [entry], at);
      const parts = scanner.take(archive.subarray(at, at + bytes));
      scanner.end();
      const pieces = parts.flatMap((part) => (part.kind === 'piece' ? [part.bytes] : []));
      const text = await all(decompressRows(compression, streamOf(pieces), 'here'));
      expect(text.toString()).toBe(`${rows(entry)}\\.\n\n\n`);
    }
  });

  it('are written and read in constant memory', async () => {
    const piece = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < piece.length; at += 1) piece[at] = (at * 7919) % 251;
    async function* rows(): AsyncGenerator<Buffer> {
      for (let count = 0; count < 150; count += 1) yield piece;
    }
    const contents = contentsOf(compression, 2);
    let bytes = 0;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const part of readArchive(writeArchive({ contents, rowsOf: rows }))) {
      if (part.kind !== 'piece') continue;
      bytes += part.bytes.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    if (compression === 'none') expect(bytes).toBe(2 * (150 * piece.length + 5));
    expect(most).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('compressed rows that are damaged', () => {
  const text = Buffer.from(Array.from({ length: 5000 }, (_, row) => `${row * 7919}\n`).join(''));
  const packed = { gzip: deflateSync(text), zstd: zstdCompressSync(text) };
  const read = (compression: Compression, ...chunks: Buffer[]): Promise<Buffer> =>
    all(decompressRows(compression, streamOf(chunks), 'entry 7'));

  it.each(['gzip', 'zstd'] as const)('of %s are refused and named', async (compression) => {
    const bytes = packed[compression];
    const refused = { name: 'DumpUnreadable', message: expect.stringContaining('entry 7') };
    for (const share of [0, 0.3, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await expect(read(compression, cut), `cut at ${share}`).rejects.toMatchObject(refused);
    }
    await expect(read(compression, Buffer.from('no such thing'))).rejects.toMatchObject(refused);
    const joined = Buffer.concat([bytes, bytes]);
    await expect(read(compression, joined), 'pg_restore drops the second').rejects.toMatchObject(
      refused,
    );
    await expect(read(compression, bytes, Buffer.from('more'))).rejects.toMatchObject(refused);
  });

  it('of lz4 are refused by that name, read or written', async () => {
    await expect(async () => read('lz4', text)).rejects.toThrow(/lz4/);
    expect(() => compressRows('lz4', streamOf([text]))).toThrow(/lz4/);
  });

  it('report what broke their input, and at which byte', async () => {
    const broken = new Error('the network went');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield packed.zstd.subarray(0, 100);
      throw broken;
    }
    await expect(all(decompressRows('zstd', breaking(), 'entry 7'))).rejects.toBe(broken);
  });
});

describe('an inconsistent archive', () => {
  const archiveOf = async (contents: TableOfContents): Promise<Buffer> =>
    all(writeArchive({ contents, rowsOf: () => streamOf([Buffer.from('1\n')]) }));
  const read = async (...chunks: Buffer[]): Promise<void> => {
    for await (const _ of readArchive(streamOf(chunks)));
  };

  it('is refused if a block is missing, is repeated or belongs to no entry', async () => {
    const two = await archiveOf(contentsOf('none', 2));
    const one = await archiveOf(contentsOf('none', 1));
    // Its start, two chunks (a row, the end of rows), and the last chunk.
    const block = 1 + 5 + (5 + 2) + (5 + 5) + 5;
    await expect(read(two.subarray(0, -block))).rejects.toThrow(
      /without the data of entry 2 \(TABLE DATA "acme"\."t2"\)/,
    );
    await expect(read(one, one.subarray(-block))).rejects.toThrow(/entry 1 begins there/);
    await expect(read(one, two.subarray(-block))).rejects.toThrow(/entry 2 begins there/);
    await expect(read(one, Buffer.from('more'))).rejects.toThrow(/no block of data begins there/);
  });

  it('is refused if a block is not where the contents say', async () => {
    const contents = contentsOf('none', 1);
    const bytes = await archiveOf(contents);
    // Its start, two chunks (a row, the end of rows), and the last chunk.
    const block = 1 + 5 + (5 + 2) + (5 + 5) + 5;
    const start = bytes.length - block;
    const placed = (given: readonly { dumpId: number; bytes: number }[]): TableOfContents =>
      placeBlocks(contents, given);
    const [right] = placed([{ dumpId: 1, bytes: block }]).entries;
    expect(right?.place).toEqual({ state: 'set', at: start });
    const wrong = { ...tableData(1), place: { state: 'set', at: start + 1 } as const };
    const scanner = new BlockScanner(contents.header, [wrong], start);
    expect(() => scanner.take(bytes.subarray(start))).toThrow(
      `its table of contents says at byte ${start + 1}`,
    );
  });
});
