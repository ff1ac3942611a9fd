import { ArchiveScanner } from '../../adapters/postgres/archive/format/archive-scanner.ts';
import type { TableOfContents } from '../../adapters/postgres/archive/format/contents-scanner.ts';
import type { ArchiveEntry } from '../../adapters/postgres/archive/format/entry.ts';
import type { Compression } from '../../adapters/postgres/archive/format/rows.ts';
import { makePartWriter } from '../../adapters/postgres/archive/format/write.ts';

/**
 * A custom archive as the codec writes what it has read.
 * @param lengths lengths of the chunks in which the archive is read, repeated
 */
export const writtenBack = (archive: Buffer, lengths: readonly number[] = [65_536]): Buffer => {
  const scanner = new ArchiveScanner();
  const write = makePartWriter();
  const written: Buffer[] = [];
  for (let at = 0, turn = 0; at < archive.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    // A copy that is overwritten afterwards, as by a caller that uses its memory again.
    const chunk = Buffer.from(archive.subarray(at, at + length));
    for (const part of scanner.take(chunk)) written.push(Buffer.from(write(part)));
    chunk.fill(0xee);
    at += length;
  }
  for (const part of scanner.end()) written.push(write(part));
  return Buffer.concat(written);
};

/** @throws if a custom archive is written back otherwise than byte for byte */
export const checkWrittenBack = (archive: Buffer): void => {
  if (archive.subarray(0, 5).toString('latin1') !== 'PGDMP') return;
  if (!writtenBack(archive).equals(archive))
    throw new Error('an archive was written back otherwise');
};

/** The table of contents of an archive with the rows of so many tables, `acme.t1` and so on. */
export const contentsOf = (compression: Compression, count: number): TableOfContents => ({
  header: {
    format: 'custom',
    version: '1.16',
    compression,
    level: null,
    integerBytes: 4,
    offsetBytes: 8,
    date: [0, 0, 0, 1, 0, 126, 0],
    database: 'db',
    serverVersion: '18.6',
    dumpVersion: '18.6',
  },
  entries: Array.from({ length: count }, (_, index) => tableData(index + 1)),
});

export const tableData = (dumpId: number): ArchiveEntry => ({
  dumpId,
  hasData: true,
  tableOid: 0,
  oid: 16_384 + dumpId,
  tag: `t${dumpId}`,
  desc: 'TABLE DATA',
  section: 'data',
  defn: '',
  dropStmt: '',
  copyStmt: `COPY acme.t${dumpId} (v) FROM stdin;\n`,
  namespace: 'acme',
  tablespace: null,
  accessMethod: null,
  relkind: null,
  owner: 'app',
  withOids: 'false',
  dependencies: [],
  place: { state: 'not-set', at: 0 },
});
