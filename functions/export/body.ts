import { createHash } from 'node:crypto';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type ArchiveCheck,
  makeArchiveCheck,
} from '../../adapters/postgres/archive/archive-check.ts';
import type { Format } from '../../core/backup.ts';
import { DumpNotWhole, TooLarge } from '../../core/errors/dump.ts';
import { DumpUnreadable } from '../../core/errors/restore.ts';
import type { Encoding } from '../../core/formats.ts';
import type { Compressor } from '../../core/snapshot-ports.ts';

/**
 * The body of the upload: pg_dump's output, inspected, compressed if pg_dump can't, hashed and counted. It ends, and
 * so lets the upload complete, only after pg_dump has exited 0 and `settled` has resolved.
 */
export interface BodyRequest {
  readonly output: Readable;
  readonly format: Format;
  readonly encoding: Encoding;
  readonly compressor: (kind: 'zstd' | 'bzip2') => Promise<Compressor>;
  /** pg_dump has exited 0. */
  readonly exited: Promise<unknown>;
  /** What else must be done before the body may end. */
  readonly settled: Promise<unknown>;
  readonly maximumBytes: number;
  readonly signal: AbortSignal;
}

export interface Body {
  readonly stream: Readable;
  /** Number of bytes that have passed so far. */
  bytes(): number;
  /** SHA-256 in hex, once the stream has ended. */
  digest(): string;
}

const TAIL_BYTES = 1024;

const HEADS: Record<Format, (head: Buffer, encoding: Encoding) => boolean> = {
  custom: (head) => head.subarray(0, 5).toString('latin1') === 'PGDMP',
  tar: (head) => head.subarray(257, 262).toString('latin1') === 'ustar',
  plain: (head, { pgDumpCompress, compression }) => {
    if (pgDumpCompress === '0') return head.subarray(0, 3).toString('latin1') === '--\n';
    const magic = { gzip: '1f8b', zstd: '28b52ffd', bzip2: '', none: '' }[compression];
    return head.toString('hex').startsWith(magic);
  },
};

const tailIsWhole = (tail: Buffer, format: Format, { pgDumpCompress }: Encoding): boolean => {
  if (format === 'plain' && pgDumpCompress === '0') {
    return tail.toString('latin1').includes('-- PostgreSQL database dump complete');
  }
  return true;
};

/**
 * Inspects pg_dump's own output: of an archive, every byte; of a plain dump, the first and last bytes. It rejects a dump that was
 * cut short or lacks a part.
 */
class Inspection extends Transform {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  readonly #format: Format;
  readonly #encoding: Encoding;
  readonly #exited: Promise<unknown>;
  #check: ArchiveCheck | undefined;
  #damage: string | undefined;

  constructor({ format, encoding, exited }: BodyRequest) {
    super();
    this.#format = format;
    this.#encoding = encoding;
    this.#exited = exited;
    this.#check = makeArchiveCheck(format);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#head.length < 512) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, 512 - this.#head.length)]);
    }
    const recent = chunk.length >= TAIL_BYTES ? chunk : Buffer.concat([this.#tail, chunk]);
    this.#tail = Buffer.from(recent.subarray(-TAIL_BYTES));
    this.#follow((check) => check.take(chunk));
    done(null, chunk);
  }

  /** pg_dump's own error is more useful than a report of missing output, so it comes first. */
  override _flush(done: TransformCallback): void {
    this.#exited.then(
      () => done(this.#fault()),
      (error: Error) => done(error),
    );
  }

  /** Findings are reported at the end. */
  #follow(look: (check: ArchiveCheck) => unknown): void {
    try {
      if (this.#check) look(this.#check);
    } catch (error) {
      if (!(error instanceof DumpUnreadable)) throw error;
      this.#damage = `at ${error.where}, ${error.why}`;
      this.#check = undefined;
    }
  }

  #fault(): DumpNotWhole | null {
    if (!HEADS[this.#format](this.#head, this.#encoding)) {
      return new DumpNotWhole(`it does not begin like a dump of format ${this.#format} does`);
    }
    this.#follow((check) => check.end());
    if (this.#damage !== undefined) return new DumpNotWhole(this.#damage);
    return tailIsWhole(this.#tail, this.#format, this.#encoding)
      ? null
      : new DumpNotWhole('its end is missing');
  }
}

/** Hashes and counts what will be stored, stops at the maximum, and delays the end until everything is settled. */
class Meter extends Transform {
  bytes = 0;
  readonly #hash = createHash('sha256');
  readonly #maximumBytes: number;
  readonly #settled: Promise<unknown>;
  #digest = '';

  constructor(maximumBytes: number, settled: Promise<unknown>) {
    super();
    this.#maximumBytes = maximumBytes;
    this.#settled = settled;
  }

  digest(): string {
    if (!this.#digest) throw new Error('the digest is known only at the end');
    return this.#digest;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.#maximumBytes) {
      done(new TooLarge(this.#maximumBytes));
    } else {
      this.#hash.update(chunk);
      done(null, chunk);
    }
  }

  override _flush(done: TransformCallback): void {
    this.#digest = this.#hash.digest('hex');
    this.#settled.then(
      () => done(),
      (error: Error) => done(error),
    );
  }
}

/** Starts the flow. Errors of any part end `stream` with that error. */
export const openBody = async (request: BodyRequest): Promise<Body> => {
  const { output, encoding, signal } = request;
  const compressor = encoding.ours === 'none' ? undefined : await request.compressor(encoding.ours);
  const settled = Promise.all([request.exited, request.settled, compressor?.exited]);
  settled.catch(() => undefined);
  const meter = new Meter(request.maximumBytes, settled);
  const inspection = new Inspection(request);
  const stages = compressor
    ? [output, inspection, compressor.stream, meter]
    : [output, inspection, meter];
  // The reader of `meter` gets the error; the pipeline's own promise would be a second, unhandled copy of it.
  pipeline(stages, { signal }).catch(() => undefined);
  return { stream: meter, bytes: () => meter.bytes, digest: () => meter.digest() };
};
