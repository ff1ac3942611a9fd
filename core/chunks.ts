import { on } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * The chunks of a stream as they came. A `for await` over the stream itself joins all that wait into new memory, and leaves
 * theirs to the garbage collector, which sees memory outside of its heap as no reason to hurry, and then takes long.
 * @throws the stream's error, or one that says that it was closed before its end
 */
export async function* readChunks(stream: Readable): AsyncGenerator<Buffer> {
  try {
    if (!stream.destroyed && !stream.readableEnded) {
      const marks = { close: ['end', 'close'], highWaterMark: 1, lowWaterMark: 1 };
      for await (const [chunk] of on(stream, 'data', marks)) yield chunk;
    }
    if (stream.errored) throw stream.errored;
    if (!stream.readableEnded) throw new Error('the stream was closed before its end');
  } finally {
    stream.destroy();
  }
}

/** Frees the memory of a chunk that is no longer used, if it has a buffer of its own: Node cuts small chunks out of shared buffers. */
export const giveBack = ({ buffer, byteLength }: Buffer): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
};
