import { Readable } from 'node:stream';

/**
 * A middleware that writes a part to its connection in slices, as fast as the connection accepts them. If it were written at
 * once, all of it would be encrypted at once, and TLS would buffer a second copy of every part in flight. This middleware
 * runs inside the retries, each of which starts with the whole part again: the SDK does not repeat a stream.
 */
const SLICE_BYTES = 128 * 1024;

function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES)
    yield bytes.subarray(from, from + SLICE_BYTES);
}

export const slicedBody =
  <Step extends { readonly request: unknown }, Answer>(next: (step: Step) => Promise<Answer>) =>
  (step: Step): Promise<Answer> => {
    // Signing has copied the request for this try, so the request that the retries start from does not change.
    const request = step.request as { body: unknown };
    if (Buffer.isBuffer(request.body)) {
      request.body = Readable.from(slicesOf(request.body), { objectMode: true, highWaterMark: 1 });
    }
    return next(step);
  };
