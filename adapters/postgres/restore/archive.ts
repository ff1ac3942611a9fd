import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { DumpUnreadable } from '../../../core/errors.ts';
import type { ArchiveReader, SqlRequest } from '../../../core/restore-ports.ts';
import { makeDecompressor } from '../../compression/decompressor.ts';
import { chooseFromArchive } from './contents-choose.ts';
import { type Extractor, findPgRestore, startExtractor } from './extractor.ts';
import { TarWalk } from './tar-walk.ts';

/**
 * A backup as SQL text. The stored bytes go through pg_restore or a decompressor, and every one of them is read, whatever that
 * one needs, since the digest of all of them decides. An error of the input comes before what its reader makes of it.
 */
type Through = Extractor;

/** What pg_dump ends its text with; a guard's key may follow. */
const COMPLETE = Buffer.from('-- PostgreSQL database dump complete\n');
const TAIL_BYTES = 512;

const nothing = (): void => undefined;

/** Until it can take more, or takes nothing any more. */
const drained = async (into: Writable): Promise<void> => {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(into, 'drain', { signal }), once(into, 'close', { signal })]).catch(
    nothing,
  );
  settled.abort();
};

/** Gives all of the input to whoever reads it, for as long as it does, and reads the rest for nobody. */
const feed = async (input: Readable, into: Writable, walk?: TarWalk): Promise<void> => {
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
  };
  into.on('error', close).on('close', close);
  for await (const chunk of input) {
    walk?.take(chunk);
    if (isOpen && !into.write(chunk)) await drained(into);
  }
  walk?.end();
  if (isOpen) into.end();
};

const tailOf = (tail: Buffer, chunk: Buffer): Buffer =>
  chunk.length >= TAIL_BYTES
    ? chunk.subarray(-TAIL_BYTES)
    : Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);

async function* textThrough(
  { format, input, signal }: SqlRequest,
  start: () => Promise<Through>,
): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  const through = await start();
  signal.addEventListener('abort', through.stop, { once: true });
  let failedInput: unknown;
  const fed = feed(input, through.input, format === 'tar' ? new TarWalk() : undefined).catch(
    (error: unknown) => {
      failedInput = error ?? new Error('the input failed');
      through.stop();
      throw error;
    },
  );
  fed.catch(nothing);
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of through.output) {
      tail = tailOf(tail, chunk);
      yield chunk;
    }
    await through.exited;
    await fed;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failedInput ?? (await reasonOf(through, error));
  } finally {
    signal.removeEventListener('abort', through.stop);
    through.stop();
    await through.exited.catch(nothing);
  }
  refuseUnended(tail);
}

/** What whoever made the text says of its end, which tells more than the end of a pipe. */
const reasonOf = (through: Through, error: unknown): Promise<unknown> =>
  through.exited.then(
    () => error,
    (reason: unknown) => reason,
  );

async function* textItself({ input, signal }: SqlRequest): AsyncGenerator<Buffer> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    signal.throwIfAborted();
    tail = tailOf(tail, chunk);
    yield chunk;
  }
  refuseUnended(tail);
}

const refuseUnended = (tail: Buffer): void => {
  if (tail.includes(COMPLETE)) return;
  throw new DumpUnreadable('the end of its SQL', 'the line is missing that pg_dump ends with');
};

/** @param programRoots folders that hold `<major>/bin/pg_restore`, and `bin/bzip2` */
export const makeArchiveReader = (programRoots: readonly string[]): ArchiveReader => {
  const decompressor = makeDecompressor(programRoots);
  return {
    choose: chooseFromArchive,
    open: async (request) => {
      const { format, compression, entries } = request;
      if (format === 'plain') {
        if (entries) throw new Error('a plain backup has no table of contents');
        return compression === 'none'
          ? { text: textItself(request) }
          : { text: textThrough(request, () => decompressor(compression)) };
      }
      const program = await findPgRestore(programRoots, request.serverMajor);
      return {
        text: textThrough(request, () => startExtractor(program, format, entries)),
      };
    },
  };
};
