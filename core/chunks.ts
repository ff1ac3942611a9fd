import { on } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Yields the chunks of a stream one by one. A `for await` over the stream itself copies all waiting chunks into new memory. The garbage
 * collector frees the old memory late, because it does not count memory outside of its heap.
 * @throws the stream's error, or an error that says that the stream was closed before its end
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
export const releaseMemory = ({ buffer, byteLength }: Buffer): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
};
