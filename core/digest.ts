import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** Passes bytes on, counts and hashes them. `sha256` is known once the stream has ended. */
export class DigestMeter extends Transform {
  bytes = 0;
  readonly #hash = createHash('sha256');
  #sha256: string | undefined;

  /** Hex; undefined until all bytes have passed. */
  get sha256(): string | undefined {
    return this.#sha256;
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
