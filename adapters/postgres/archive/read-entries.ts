import { type ArchiveValues, INTEGER_BYTES, unreadableAt } from './archive-values.ts';
import type { ByteWindow } from './byte-window.ts';
import type { ArchiveHeader, Entry, Section } from './table-of-contents.ts';

/** The parts of a table of contents: ReadHead and ReadToc of src/bin/pg_dump/pg_backup_archiver.c. */
const MAGIC = 'PGDMP';
const OLDEST = 14;
const NEWEST = 16;
const COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'] as const;
/** ArchiveFormat of src/bin/pg_dump/pg_backup.h. */
const FORMATS = { custom: 1, tar: 3 } as const;
/** teSection of the same; 0 is none of them. */
const SECTIONS: readonly Section[] = ['none', 'pre-data', 'data', 'post-data'];
/** Seconds, minutes and so on of when it was made, in a time zone that is not told. */
const DATE_PARTS = 7;
const MOST_OFFSET_BYTES = 8;

export interface ReadHeader {
  readonly header: ArchiveHeader;
  /** Bytes of a place in the file. */
  readonly offsetBytes: number;
}

/** @throws DumpUnreadable for another version or format */
export const readHeader = (
  window: ByteWindow,
  format: ArchiveHeader['format'],
): Promise<ReadHeader> =>
  window.values((values) => {
    if (values.take(MAGIC.length).toString('latin1') !== MAGIC) {
      throw unreadableAt(0, 'no archive of pg_dump begins there');
    }
    const [major, minor] = [values.byte(), values.byte(), values.byte()];
    if (major !== 1 || minor < OLDEST || minor > NEWEST) {
      throw unreadableAt(MAGIC.length, `its version is ${major}.${minor}, which nobody knows here`);
    }
    const { place } = values;
    const [integerBytes, offsetBytes] = [values.byte(), values.byte()];
    if (integerBytes !== INTEGER_BYTES || offsetBytes > MOST_OFFSET_BYTES) {
      throw unreadableAt(place, `its numbers have ${integerBytes} and ${offsetBytes} bytes`);
    }
    if (values.byte() !== FORMATS[format])
      throw unreadableAt(place + 2, `it is not of format ${format}`);
    const compression = readCompression(values, minor);
    for (let part = 0; part < DATE_PARTS; part += 1) values.integer();
    const text = (): string => values.string() ?? '';
    return {
      header: {
        format,
        version: `${major}.${minor}`,
        compression,
        database: text(),
        serverVersion: text(),
        dumpVersion: text(),
      },
      offsetBytes,
    };
  });

/** Before 1.15 the level of gzip, below 0 for its default. */
const readCompression = (values: ArchiveValues, minor: number): ArchiveHeader['compression'] => {
  if (minor < 15) return values.integer() === 0 ? 'none' : 'gzip';
  const { place } = values;
  const compression = COMPRESSIONS[values.byte()];
  if (!compression) throw unreadableAt(place, 'its compression is none that is known');
  return compression;
};

/** @throws DumpUnreadable for what is no entry */
export const readEntry = (
  values: ArchiveValues,
  { format, version }: ArchiveHeader,
  offsetBytes: number,
): Entry => {
  const { place } = values;
  const dumpId = values.integer();
  if (dumpId <= 0) throw unreadableAt(place, `an entry's number is ${dumpId}`);
  const hasData = values.integer() !== 0;
  const [tableOid, oid] = [readNumber(values), readNumber(values)];
  const [tag, desc] = [readText(values), readText(values)];
  const section = SECTIONS[values.integer() - 1];
  if (!section) throw unreadableAt(place, 'an entry is of no section');
  const entry = {
    dumpId,
    hasData,
    tableOid,
    oid,
    tag,
    desc,
    section,
    defn: values.string(),
    dropStmt: values.string(),
    copyStmt: values.string(),
    namespace: values.string(),
    tablespace: values.string(),
    accessMethod: values.string(),
    relkind: version === '1.16' ? readRelkind(values) : null,
    owner: values.string(),
  };
  // Whether a table has OIDs, which none has any more.
  values.string();
  const dependencies = readDependencies(values);
  // Where its rows are: in a custom archive its place, in tar its file's name.
  if (format === 'custom') values.offset(offsetBytes);
  else values.string();
  return { ...entry, dependencies };
};

const readText = (values: ArchiveValues): string => {
  const { place } = values;
  const text = values.string();
  if (text === null) throw unreadableAt(place, 'an entry has no name');
  return text;
};

/** Numbers that are written as text. */
const readNumber = (values: ArchiveValues): number => {
  const { place } = values;
  const text = values.string() ?? '';
  if (!/^\d{1,10}$/.test(text)) throw unreadableAt(place, 'there is no number');
  return Number(text);
};

const readRelkind = (values: ArchiveValues): string | null => {
  const { place } = values;
  const code = values.integer();
  if (code < 0 || code > 0x7f) throw unreadableAt(place, 'there is no kind of relation');
  return code === 0 ? null : String.fromCharCode(code);
};

const readDependencies = (values: ArchiveValues): number[] => {
  const dependencies: number[] = [];
  for (;;) {
    const { place } = values;
    const text = values.string();
    if (text === null) return dependencies;
    if (!/^\d{1,10}$/.test(text)) throw unreadableAt(place, 'there is no number of an entry');
    dependencies.push(Number(text));
  }
};
