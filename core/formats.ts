import type { Compression, Format } from './backup.ts';
import { FormatNotPossible } from './errors/request.ts';

/**
 * What pg_dump can write, by the major version of its server. zstd arrived with 16; before it, `custom` is
 * gzip or nothing. A plain dump is text: if pg_dump can't compress it, Larder compresses the stream.
 * Source: the documentation of pg_dump's --compress for 14 to 18.
 */
const POSSIBLE: Record<Format, (serverMajor: number) => readonly Compression[]> = {
  custom: (major) => (major >= 16 ? ['zstd', 'gzip', 'none'] : ['gzip', 'none']),
  plain: (major) =>
    major >= 16 ? ['zstd', 'gzip', 'bzip2', 'none'] : ['gzip', 'zstd', 'bzip2', 'none'],
  tar: () => ['none'],
};

/** The compressions of a format, the default first. */
export const compressionsOf = (format: Format, serverMajor: number): readonly Compression[] =>
  POSSIBLE[format](serverMajor);

/** A major above every server's: what is not possible with it is possible with none. */
const NEWEST = Number.POSITIVE_INFINITY;

/** Level 1 of each: by measurement the best use of two cores. */
const LEVEL = 1;

export interface Encoding {
  readonly compression: Compression;
  /** The value of pg_dump's --compress. */
  readonly pgDumpCompress: string;
  /** The compressor after pg_dump. */
  readonly ours: 'none' | 'zstd' | 'bzip2';
}

/**
 * How to make a format and compression on a server.
 * @throws FormatNotPossible naming the possible ones
 */
export const encodingOf = (
  format: Format,
  wanted: Compression | undefined,
  serverMajor: number,
): Encoding => {
  const possible = compressionsOf(format, serverMajor);
  const compression = wanted ?? possible[0] ?? 'none';
  if (!possible.includes(compression)) {
    throw new FormatNotPossible(
      format,
      compression,
      serverMajor === NEWEST ? 'any PostgreSQL' : `PostgreSQL ${serverMajor}`,
      `format ${format} allows ${possible.join(', ')} there`,
    );
  }
  if (compression === 'none') return { compression, pgDumpCompress: '0', ours: 'none' };
  if (compression === 'bzip2') return { compression, pgDumpCompress: '0', ours: 'bzip2' };
  if (serverMajor >= 16)
    return { compression, pgDumpCompress: `${compression}:${LEVEL}`, ours: 'none' };
  if (compression === 'zstd') return { compression, pgDumpCompress: '0', ours: 'zstd' };
  return { compression, pgDumpCompress: String(LEVEL), ours: 'none' };
};

/**
 * Refuses a format and compression that no version can make at the request, not when the export runs.
 * @throws FormatNotPossible
 */
export const refuseImpossible = (format: Format, compression: Compression | undefined): void => {
  encodingOf(format, compression, NEWEST);
};
