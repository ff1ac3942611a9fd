import type { Readable, Writable } from 'node:stream';
import { giveBack, readChunks } from '../../../core/chunks.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { ArchiveReader, SqlRequest } from '../../../core/restore-ports.ts';
import { makeDecompressor } from '../../compression/decompressor.ts';
import { type ArchiveCheck, makeArchiveCheck } from '../archive/archive-check.ts';
import { chooseFromArchive } from '../archive/choose-entries.ts';
import { type Extractor, findPgRestore, startExtractor } from './pg-restore.ts';

/**
 * A backup as SQL text. The stored bytes go through pg_restore or a decompressor, and every one of them is read, whatever that
 * one needs, since the digest of all of them decides. An error of the input comes before what its reader makes of it.
 */
type Through = Extractor;

/** What pg_dump ends its text with; a guard's key may follow. */
const COMPLETE = Buffer.from('-- PostgreSQL database dump complete\n');
/** Nobody who reads an archive does nothing for so long. */
const STUCK_MS = 60_000;
const TAIL_BYTES = 512;

const nothing = (): void => undefined;

/** Until it can take more, or takes nothing any more. */
const drained = (into: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      into.off('drain', done).off('close', done);
      resolve();
    };
    into.on('drain', done).on('close', done);
  });

/** How far it is: `taken` grows with each piece of the input that its reader has taken. */
interface Flow {
  taken: number;
  /** The reader is not to blame while we wait for the vault, */
  waitsFor: 'vault' | 'reader';
  /** nor while nobody waits for its text. */
  isAwaited: boolean;
}

/** Gives all of the input, with its memory, to whoever reads it, for as long as it does, and reads the rest for nobody. */
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
    if (isOpen && !into.write(chunk, () => giveBack(chunk))) {
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
 * Calls `onStuck` where the text's maker neither takes nor gives anything for so long: a damaged table of contents has
 * pg_restore count to billions, and never end. Only waiting for it counts; who takes the text may be slow.
 * @returns ends the watch
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
    onStuck(new DumpUnreadable('its archive', `its reader made nothing of it for ${seconds} s`));
  }, stuckMs / LOOKS);
  return () => clearInterval(timer);
};

/** A copy, for whoever takes a chunk may take its memory. */
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
    // What nobody reads any more would hold its end back.
    through.output.destroy();
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
  for await (const chunk of readChunks(input)) {
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
export const makeArchiveReader = (
  programRoots: readonly string[],
  stuckMs = STUCK_MS,
): ArchiveReader => {
  const decompressor = makeDecompressor(programRoots);
  return {
    choose: chooseFromArchive,
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
