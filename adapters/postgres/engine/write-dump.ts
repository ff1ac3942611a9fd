import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type pg from 'pg';
import type { ArchiveContents, CopiedTable } from '../../../core/engine.ts';
import { quoted } from '../../../core/errors/base.ts';
import { tableKey } from '../../../core/manifest.ts';
import type { ArchiveHeader } from '../archive/format/header.ts';
import { type WrittenBlock, writeArchive } from '../archive/format/write.ts';
import { type Circumstances, readFailure } from '../programs/pg-dump-messages.ts';
import { fixCopyText } from '../session/copy-settings.ts';
import { copyText } from '../session/copy-text.ts';
import { queryFailure } from '../session/server-errors.ts';
import type { EnginePlan, TableCopy } from './plan.ts';

/**
 * Writes an archive of format custom: the contents by a plan, and behind them a block for each table, whose text COPY gives in the session
 * that holds the locks and the snapshot. Nothing is kept but the piece that is being compressed, and the digests.
 */
export interface DumpToWrite {
  /** Its compression and its date are the engine's own. */
  readonly header: ArchiveHeader;
  readonly plan: EnginePlan;
  /** `zstd:1`, `gzip:1`, a level of gzip, or `0`: a value of pg_dump's --compress. */
  readonly compress: string;
  /** In its transaction. No other code uses it until the dump has ended. */
  readonly holder: pg.Client;
  /** Resolves once the session is free for the dump. */
  readonly free: Promise<unknown>;
  /** ISO 8601. */
  readonly takenAt: string;
  /** For errors that name them. */
  readonly circumstances: Circumstances;
  readonly onTable: (name: string) => void;
  /** Aborting it ends the dump with its reason, also before the output is read. */
  readonly signal: AbortSignal;
}

/** What was written: all tables by `tableKey`. */
export interface WrittenDump {
  readonly tables: ReadonlyMap<string, CopiedTable>;
  readonly contents: ArchiveContents;
}

export interface RunningDump {
  readonly output: Readable;
  /** Resolves once the output has ended as it should; rejects with the error that ended it. */
  readonly written: Promise<WrittenDump>;
}

/** Starts as soon as the output is read. Its errors are those of pg_dump, by the same names. */
export const writeDump = (request: DumpToWrite): RunningDump => {
  let settle: (written: WrittenDump) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const written = new Promise<WrittenDump>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  // It is awaited after the output; until then a rejection must not end the process.
  written.catch(() => undefined);
  const output = Readable.from(archiveOf(request, settle), { objectMode: false });
  output.once('error', fail);
  output.once('close', () => fail(new Error('the dump was not read to its end')));
  const stop = (): void => void output.destroy(request.signal.reason);
  if (request.signal.aborted) stop();
  else request.signal.addEventListener('abort', stop, { once: true });
  return { output, written };
};

async function* archiveOf(
  request: DumpToWrite,
  onEnd: (written: WrittenDump) => void,
): AsyncGenerator<Buffer> {
  const { holder, plan, free, onTable } = request;
  await free;
  await fixCopyText(holder).catch((error: unknown) => {
    throw queryFailure(error, 'setting how rows are written');
  });
  const texts = new Map<number, Text>();
  const tables = new Map<string, CopiedTable>();
  const onBlock = ({ dumpId, at, bytes: length }: WrittenBlock): void => {
    const copy = plan.copies.get(dumpId);
    const text = texts.get(dumpId);
    if (!copy || !text) throw new Error(`a block of entry ${dumpId}, which has no rows`);
    tables.set(tableKey(copy.schema, copy.name), { ...text.end(), at, length });
  };
  const archive = writeArchive({
    contents: { header: headerOf(request), entries: plan.entries },
    rowsOf: ({ dumpId }) => {
      const copy = plan.copies.get(dumpId);
      if (!copy) throw new Error(`entry ${dumpId} has no rows`);
      onTable(`${copy.schema}.${copy.name}`);
      const text = new Text();
      texts.set(dumpId, text);
      return rowsOf(request, copy, text);
    },
    compress: { level: levelOf(request.compress), isSoleReader: true },
    onBlock,
  });
  let contents: ArchiveContents | undefined;
  for await (const piece of archive) {
    contents ??= { bytes: piece.length, sha256: sha256Of(piece) };
    yield piece;
  }
  if (!contents) throw new Error('an archive without contents');
  onEnd({ tables, contents });
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Counts and hashes the text of one table. */
class Text {
  readonly #hash = createHash('sha256');
  #bytes = 0;
  rows = 0;

  take(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#hash.update(piece);
  }

  end(): Pick<CopiedTable, 'rows' | 'sha256' | 'bytes'> {
    return { rows: this.rows, sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }
}

async function* rowsOf(
  { holder, circumstances }: DumpToWrite,
  { name, sql }: TableCopy,
  text: Text,
): AsyncGenerator<Buffer> {
  const pieces = copyText(holder, sql, (rows) => {
    text.rows = rows;
  });
  try {
    for await (const piece of pieces) {
      text.take(piece);
      yield piece;
    }
  } catch (error) {
    throw copyFailure(error, name, circumstances);
  }
}

/** The error under the name that it has where pg_dump reports it. */
const copyFailure = (error: unknown, table: string, circumstances: Circumstances): unknown => {
  const message = error instanceof Error ? error.message : String(error);
  const said = `Dumping the contents of table "${table}" failed: ${message}`;
  return readFailure(said, circumstances) ?? queryFailure(error, `dumping table ${quoted(table)}`);
};

const compressionOf = (compress: string): 'none' | 'gzip' | 'zstd' => {
  if (compress === '0' || compress === 'none') return 'none';
  return compress.startsWith('zstd') ? 'zstd' : 'gzip';
};

/** Of `zstd:1` and `1`. */
const levelOf = (compress: string): number => Number(compress.split(':').at(-1)) || 0;

const headerOf = ({ header, compress, takenAt }: DumpToWrite): ArchiveHeader => {
  const compression = compressionOf(compress);
  return {
    ...header,
    compression,
    level: header.version === '1.14' ? levelOf(compress) : null,
    date: dateOf(new Date(takenAt)),
  };
};

/** As a C `struct tm` of UTC. */
const dateOf = (at: Date): number[] => [
  at.getUTCSeconds(),
  at.getUTCMinutes(),
  at.getUTCHours(),
  at.getUTCDate(),
  at.getUTCMonth(),
  at.getUTCFullYear() - 1900,
  0,
];
