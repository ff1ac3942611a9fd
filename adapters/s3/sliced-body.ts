import { Readable } from 'node:stream';

/**
 * A middleware that hands a part to its connection in slices, as fast as it takes them. Written in one piece, all of it would
 * be encrypted at once, and a second copy of every part under way wait in TLS's buffers. It comes after the retries, which
 * each begin again with the whole part: the SDK does not repeat a stream.
 */
const SLICE_BYTES = 128 * 1024;

function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES)
    yield bytes.subarray(from, from + SLICE_BYTES);
}

export const slicedBody =
  <Step extends { readonly request: unknown }, Answer>(next: (step: Step) => Promise<Answer>) =>
  (step: Step): Promise<Answer> => {
    // Signing has made a request of this try's own, so that the one the retries begin with stays as it is.
    const request = step.request as { body: unknown };
    if (Buffer.isBuffer(request.body)) {
      request.body = Readable.from(slicesOf(request.body), { objectMode: true, highWaterMark: 1 });
    }
    return next(step);
  };
