import type { ValueReader } from './value-reader.ts';
import type { ValueWriter } from './value-writer.ts';

/** The first bytes of an archive: ReadHead and WriteHead of src/bin/pg_dump/pg_backup_archiver.c. */
export interface ArchiveHeader {
  readonly format: keyof typeof FORMATS;
  /** Of the format: `1.14` in PostgreSQL 14 and 15, `1.15` in 16, `1.16` from 17 on. */
  readonly version: (typeof VERSIONS)[number];
  readonly compression: (typeof COMPRESSIONS)[number];
  /** Of gzip, as recorded in 1.14: 0 to 9, -1 for its default. Null from 1.15 on, which does not record it. */
  readonly level: number | null;
  /** Width of an integer without its sign, and of a place in the file. */
  readonly integerBytes: number;
  readonly offsetBytes: number;
  /**
   * When it was made, as a C `struct tm` in a time zone that is not recorded: seconds, minutes, hours, day, month from 0, year from 1900,
   * summer time.
   */
  readonly date: readonly number[];
  readonly database: string;
  /** The server's and pg_dump's own version strings: `17.11 (Debian 17.11-1)`. */
  readonly serverVersion: string;
  readonly dumpVersion: string;
}

export const MAGIC = 'PGDMP';
const VERSIONS = ['1.14', '1.15', '1.16'] as const;
const FIRST_MINOR = 14;
/** pg_compress_algorithm of src/include/common/compression.h. */
const COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'] as const;
/** ArchiveFormat of src/bin/pg_dump/pg_backup.h. */
const FORMATS = { custom: 1, tar: 3 } as const;
const DATE_PARTS = 7;
/** pg_restore itself accepts no wider ones. */
const WIDEST = 32;

/** @throws DumpUnreadable if it is not an archive, or has another version or format */
export const readHeader = (values: ValueReader): ArchiveHeader => {
  const { place } = values;
  if (values.take(MAGIC.length).toString('latin1') !== MAGIC) {
    throw values.unreadable(place, 'no archive of pg_dump begins there');
  }
  const version = readVersion(values);
  const widthsAt = values.place;
  const [integerBytes, offsetBytes] = [values.byte(), values.byte()];
  if (!isWidth(integerBytes) || !isWidth(offsetBytes)) {
    const why = `its numbers have ${integerBytes} and ${offsetBytes} bytes`;
    throw values.unreadable(widthsAt, why);
  }
  values.integerBytes = integerBytes;
  const format = readFormat(values);
  const { compression, level } = readCompression(values, version);
  const date = Array.from({ length: DATE_PARTS }, () => values.integer());
  return {
    format,
    version,
    compression,
    level,
    integerBytes,
    offsetBytes,
    date,
    database: readText(values),
    serverVersion: readText(values),
    dumpVersion: readText(values),
  };
};

const isWidth = (bytes: number): boolean => bytes > 0 && bytes <= WIDEST;

const readVersion = (values: ValueReader): ArchiveHeader['version'] => {
  const { place } = values;
  const [major, minor, revision] = [values.byte(), values.byte(), values.byte()];
  const version = VERSIONS[minor - FIRST_MINOR];
  if (major !== 1 || !version || revision !== 0) {
    const found = `${major}.${minor}-${revision}`;
    throw values.unreadable(place, `its version is ${found}, which is not supported`);
  }
  return version;
};

const readFormat = (values: ValueReader): ArchiveHeader['format'] => {
  const { place } = values;
  const code = values.byte();
  if (code === FORMATS.custom) return 'custom';
  if (code === FORMATS.tar) return 'tar';
  throw values.unreadable(place, `its format is number ${code}, neither custom nor tar`);
};

const readCompression = (
  values: ValueReader,
  version: ArchiveHeader['version'],
): Pick<ArchiveHeader, 'compression' | 'level'> => {
  const { place } = values;
  if (version === '1.14') {
    const level = values.integer();
    return { compression: level === 0 ? 'none' : 'gzip', level };
  }
  const compression = COMPRESSIONS[values.byte()];
  if (!compression) throw values.unreadable(place, 'its compression is not a known one');
  return { compression, level: null };
};

const readText = (values: ValueReader): string => {
  const { place } = values;
  const text = values.text();
  if (text === null) throw values.unreadable(place, 'there is no text');
  return text;
};

/** @throws RangeError for a compression that its version does not have */
export const writeHeader = (values: ValueWriter, header: ArchiveHeader): void => {
  values.raw(Buffer.from(MAGIC, 'latin1'));
  values.byte(1).byte(FIRST_MINOR + VERSIONS.indexOf(header.version));
  values.byte(0).byte(header.integerBytes).byte(header.offsetBytes).byte(FORMATS[header.format]);
  if (header.version === '1.14') values.integer(levelOf(header));
  else values.byte(COMPRESSIONS.indexOf(header.compression));
  for (const part of header.date) values.integer(part);
  values.text(header.database).text(header.serverVersion).text(header.dumpVersion);
};

const DEFAULT_LEVEL = -1;

const levelOf = ({ compression, level }: ArchiveHeader): number => {
  if (compression === 'none') return 0;
  if (compression === 'gzip') return level ?? DEFAULT_LEVEL;
  throw new RangeError(`an archive of version 1.14 has no ${compression}`);
};
