import type { Readable, Writable } from 'node:stream';
import { readChunks, releaseMemory } from '../../../core/chunks.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { ArchiveReader, SqlRequest } from '../../../core/restore-ports.ts';
import { makeDecompressor } from '../../compression/decompressor.ts';
import { type ArchiveCheck, makeArchiveCheck } from '../archive/archive-check.ts';
import { chooseFromArchive } from '../archive/choose-entries.ts';
import { readParts } from '../archive/read-parts.ts';
import { type Extractor, findPgRestore, startExtractor } from './pg-restore.ts';

/**
 * Reads a backup as SQL. The stored bytes go through pg_restore or a decompressor. All of them are read, even if the program needs fewer,
 * because the digest covers all. An error of the input has priority over the program's error about that input.
 */
type Through = Extractor;

/** The last line of pg_dump's output; the key of a \unrestrict guard may follow. */
const COMPLETE = Buffer.from('-- PostgreSQL database dump complete\n');
/** No program that reads an archive is idle for so long. */
const STUCK_MS = 60_000;
const TAIL_BYTES = 512;

const nothing = (): void => undefined;

/** Waits until the stream accepts more, or is closed. */
const drained = (into: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      into.off('drain', done).off('close', done);
      resolve();
    };
    into.on('drain', done).on('close', done);
  });

/** Progress: `taken` grows with each piece of the input that the program has accepted. */
interface Flow {
  taken: number;
  /** While we wait for the vault, the program is not stuck. */
  waitsFor: 'vault' | 'reader';
  /** While no caller waits for its output, it is not stuck either. */
  isAwaited: boolean;
}

/** Gives the input, and ownership of its memory, to the program as long as that reads; then reads and discards the rest. */
const feed = async (
  input: Readable,
  into: Writable,
  flow: Flow,
  check: ArchiveCheck | undefined,
): Promise<void> => {
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
  };
  into.on('error', close).on('close', close);
  for await (const chunk of readChunks(input)) {
    check?.take(chunk);
    if (isOpen && !into.write(chunk, () => releaseMemory(chunk))) {
      flow.waitsFor = 'reader';
      await drained(into);
      flow.waitsFor = 'vault';
    }
    flow.taken += 1;
  }
  flow.waitsFor = 'reader';
  check?.end();
  if (isOpen) into.end();
};

const LOOKS = 4;

/**
 * Calls `onStuck` if the program neither accepts input nor produces output for so long: a damaged table of contents makes pg_restore count
 * to billions, and never end. Only time spent waiting for the program counts; the consumer may be slow.
 * @returns a function that ends the watch
 */
const watchStuck = (
  flow: Flow,
  stuckMs: number,
  onStuck: (error: DumpUnreadable) => void,
): (() => void) => {
  let before = flow.taken;
  let idle = 0;
  const timer = setInterval(() => {
    const isIdle = flow.isAwaited && flow.waitsFor === 'reader' && flow.taken === before;
    idle = isIdle ? idle + 1 : 0;
    before = flow.taken;
    if (idle < LOOKS) return;
    clearInterval(timer);
    const seconds = Math.round(stuckMs / 1000);
    onStuck(new DumpUnreadable('its archive', `its reader has written nothing for ${seconds} s`));
  }, stuckMs / LOOKS);
  return () => clearInterval(timer);
};

/** A copy, because the consumer of a chunk may take over its memory. */
const tailOf = (tail: Buffer, chunk: Buffer): Buffer =>
  chunk.length >= TAIL_BYTES
    ? Buffer.from(chunk.subarray(-TAIL_BYTES))
    : Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);

async function* textThrough(
  { format, input, signal }: SqlRequest,
  start: () => Promise<Through>,
  stuckMs: number,
): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  const through = await start();
  signal.addEventListener('abort', through.stop, { once: true });
  let failedInput: unknown;
  const flow: Flow = { taken: 0, waitsFor: 'vault', isAwaited: false };
  const fed = feed(input, through.input, flow, makeArchiveCheck(format)).catch((error: unknown) => {
    failedInput = error ?? new Error('the input failed');
    through.stop();
    throw error;
  });
  fed.catch(nothing);
  let stuck: DumpUnreadable | undefined;
  const stopWatching = watchStuck(flow, stuckMs, (error) => {
    stuck = error;
    through.stop();
    through.output.destroy(error);
  });
  let tail: Buffer = Buffer.alloc(0);
  try {
    flow.isAwaited = true;
    for await (const chunk of readChunks(through.output)) {
      flow.isAwaited = false;
      tail = tailOf(tail, chunk);
      yield chunk;
      flow.isAwaited = true;
    }
    await through.exited;
    await fed;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (stuck) throw stuck;
    if (failedInput !== undefined || error instanceof DumpUnreadable) throw failedInput ?? error;
    throw await reasonOf(through, error);
  } finally {
    stopWatching();
    signal.removeEventListener('abort', through.stop);
    through.stop();
    // Unread output would keep the program from ending.
    through.output.destroy();
    await through.exited.catch(nothing);
  }
  refuseUnended(tail);
}

/** The program's own error, which says more than the end of a pipe. */
const reasonOf = (through: Through, error: unknown): Promise<unknown> =>
  through.exited.then(
    () => error,
    (reason: unknown) => reason,
  );

async function* textItself({ input, signal }: SqlRequest): AsyncGenerator<Buffer> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of readChunks(input)) {
    signal.throwIfAborted();
    tail = tailOf(tail, chunk);
    yield chunk;
  }
  refuseUnended(tail);
}

const refuseUnended = (tail: Buffer): void => {
  if (tail.includes(COMPLETE)) return;
  throw new DumpUnreadable('the end of its SQL', 'the last line that pg_dump writes is missing');
};

/** @param programRoots folders that hold `<major>/bin/pg_restore`, and `bin/bzip2` */
export const makeArchiveReader = (
  programRoots: readonly string[],
  stuckMs = STUCK_MS,
): ArchiveReader => {
  const decompressor = makeDecompressor(programRoots);
  return {
    choose: chooseFromArchive,
    readParts,
    open: async (request) => {
      const { format, compression, entries } = request;
      if (format === 'plain') {
        if (entries) throw new Error('a plain backup has no table of contents');
        return compression === 'none'
          ? { text: textItself(request) }
          : { text: textThrough(request, () => decompressor(compression), stuckMs) };
      }
      const program = await findPgRestore(programRoots, request.serverMajor);
      return {
        text: textThrough(request, () => startExtractor(program, format, entries), stuckMs),
      };
    },
  };
};
