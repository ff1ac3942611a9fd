import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** A number of bytes, and their SHA-256 in hex. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Passes bytes on, counts and hashes them. `sha256` is known once the stream has ended. */
export class DigestMeter extends Transform {
  bytes = 0;
  readonly #hash = createHash('sha256');
  #sha256: string | undefined;

  /** Hex; undefined until all bytes have passed. */
  get sha256(): string | undefined {
    return this.#sha256;
  }

  /** Of the bytes that have passed so far. */
  soFar(): Digest {
    return { bytes: this.bytes, sha256: this.#sha256 ?? hexOf(this.#hash) };
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#sha256 = this.#hash.digest('hex');
    done();
  }
}

/** Leaves the hash usable. */
const hexOf = (hash: Hash): string => hash.copy().digest('hex');

/** Hashes a whole stream, and its first `at` bytes. `start` is undefined if the stream is shorter. */
export const digestsOf = async (
  stream: AsyncIterable<Buffer>,
  at: number,
): Promise<{ readonly whole: Digest; readonly start: Digest | undefined }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  let start: Digest | undefined = at === 0 ? { bytes, sha256: hexOf(hash) } : undefined;
  for await (const chunk of stream) {
    const rest = at - bytes;
    const crosses = rest > 0 && rest <= chunk.length;
    if (crosses) {
      hash.update(chunk.subarray(0, rest));
      start = { bytes: at, sha256: hexOf(hash) };
    }
    hash.update(crosses ? chunk.subarray(rest) : chunk);
    bytes += chunk.length;
  }
  return { whole: { bytes, sha256: hash.digest('hex') }, start };
};
