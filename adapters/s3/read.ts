import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { readChunks } from '../../core/chunks.ts';
import { LarderError } from '../../core/errors/base.ts';
import { BackupGone, ReadInterrupted, VaultRefused } from '../../core/errors/vault.ts';
import type { VaultReader } from '../../core/restore-ports.ts';
import { isPreconditionFailed, named } from './failures.ts';
import { isAbsent } from './listed.ts';
import { makeVault, type VaultOptions } from './vault.ts';

/**
 * Reads objects of the vault as streams. A restore may leave a connection idle for minutes, while an index is built: then S3
 * closes it, and networks close connections too. Reading resumes at the same position, with a range request for the same object
 * version (If-Match).
 */
export interface ReadPatience {
  /** Consecutive tries that return no byte. */
  readonly tries: number;
  /** Pause before the second try; doubled before each later one. */
  readonly pauseMs: number;
  /** How long to wait for the next bytes. */
  readonly silenceMs: number;
}
const PATIENCE: ReadPatience = { tries: 6, pauseMs: 250, silenceMs: 60_000 };

interface Reading extends VaultOptions {
  readonly key: string;
  readonly from: number;
  /** The end of the range, exclusive; absent: the end of the object. */
  readonly end?: number;
  readonly patience: ReadPatience;
  readonly signal: AbortSignal;
}

const rangeOf = (at: number, end: number | undefined): { Range?: string } =>
  at === 0 && end === undefined ? {} : { Range: `bytes=${at}-${end === undefined ? '' : end - 1}` };

/** A range that starts at the end of the object. */
const isBeyondEnd = (error: unknown): boolean =>
  (error as { $metadata?: { httpStatusCode?: number } })?.$metadata?.httpStatusCode === 416;

/** The object's size, from an answer to a range or to a whole GET. */
const sizeOf = ({ ContentRange, ContentLength }: GetObjectCommandOutput): number | undefined => {
  const total = ContentRange?.split('/')[1];
  return total === undefined ? ContentLength : Number(total);
};

const failure = (key: string, error: unknown, tries: number): LarderError => {
  if (isPreconditionFailed(error))
    return new ReadInterrupted(key, 'another object has replaced it in the meantime', {
      cause: error,
    });
  const known = named(error, `GET ${key}`);
  if (known instanceof VaultRefused) return known;
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ReadInterrupted(key, `${why}, after ${tries} tries`, { cause: error });
};

/** Whether an immediate retry may help. */
const isPassing = (error: unknown, key: string): boolean =>
  !(error instanceof LarderError) &&
  !isPreconditionFailed(error) &&
  failure(key, error, 1).retryable;

/** The bytes of one answer. It is an error if no byte arrives while we wait for it; a pause on our side is no error. */
async function* bytesOf(body: Readable, silenceMs: number): AsyncGenerator<Buffer> {
  let isWaiting = true;
  const timer = setInterval(() => {
    if (isWaiting) body.destroy(new Error(`no data arrived for ${silenceMs} ms`));
    isWaiting = false;
  }, silenceMs);
  try {
    for await (const chunk of readChunks(body)) {
      isWaiting = false;
      timer.refresh();
      yield chunk;
      isWaiting = true;
      timer.refresh();
    }
  } finally {
    clearInterval(timer);
    body.destroy();
  }
}

/** @throws BackupGone, VaultRefused, ReadInterrupted */
async function* readFrom(reading: Reading): AsyncGenerator<Buffer> {
  const { client, bucket, key, patience, signal } = reading;
  let at = reading.from;
  let { end } = reading;
  let etag: string | undefined;
  for (let tries = 1; ; ) {
    try {
      const answer = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...rangeOf(at, end),
          ...(etag !== undefined && { IfMatch: etag }),
        }),
        { abortSignal: signal },
      );
      etag ??= answer.ETag;
      const size = sizeOf(answer) ?? 0;
      end = Math.min(end ?? size, size);
      for await (const chunk of bytesOf(answer.Body as Readable, patience.silenceMs)) {
        at += chunk.length;
        tries = 1;
        yield chunk;
      }
      if (at >= end) return;
      throw new Error(`it ended ${end - at} bytes early`);
    } catch (error) {
      if (signal.aborted) throw error;
      if (isBeyondEnd(error)) return;
      if (await isAbsent({ client, bucket }, key, error)) throw new BackupGone(key);
      if (tries >= patience.tries || !isPassing(error, key)) throw failure(key, error, tries);
    }
    await sleep(patience.pauseMs * 2 ** (tries - 1), undefined, { signal });
    tries += 1;
  }
}

/** If the reader stops, the request ends as well, even before its answer. */
const streamOf = (reading: Omit<Reading, 'signal'>): Readable => {
  const ended = new AbortController();
  const bytes = readFrom({ ...reading, signal: ended.signal });
  return new Readable({
    highWaterMark: 1024 ** 2,
    read() {
      bytes.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      ended.abort();
      bytes.return(undefined).catch(() => undefined);
      done(error);
    },
  });
};

/** The vault for read-only callers. */
export const makeVaultReader = (
  options: VaultOptions & { readonly patience?: ReadPatience },
): VaultReader => {
  const { head, readManifest } = makeVault(options);
  return {
    head,
    readManifest,
    read: (key, range) => {
      const from = range?.from ?? 0;
      const end = range?.bytes === undefined ? {} : { end: from + range.bytes };
      return streamOf({ ...options, patience: options.patience ?? PATIENCE, key, from, ...end });
    },
  };
};
