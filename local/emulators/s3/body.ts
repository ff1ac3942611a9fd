import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { S3Failure } from './failure.ts';
import type { Arrived } from './objects.ts';

/**
 * Reads the body of a PUT: plain, or in the SDK's `aws-chunked` form (a hex length, a line end, the bytes, a line end; a
 * length of 0, then trailers). Verifies the checksums that were sent with it, in a header or a trailer.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
const unchunked = (onTrailer: (name: string, value: string) => void): Transform => {
  let buffered: Buffer = Buffer.alloc(0);
  let left = 0;
  let place: 'length' | 'bytes' | 'line-end' | 'trailers' = 'length';
  const line = (): string | undefined => {
    const end = buffered.indexOf('\r\n');
    if (end < 0) return undefined;
    const text = buffered.subarray(0, end).toString('latin1');
    buffered = buffered.subarray(end + 2);
    return text;
  };
  const advance = (push: (bytes: Buffer) => void): boolean => {
    if (place === 'bytes') {
      const taken = buffered.subarray(0, left);
      buffered = buffered.subarray(taken.length);
      left -= taken.length;
      if (taken.length > 0) push(taken);
      if (left === 0) place = 'line-end';
      return left === 0;
    }
    const text = line();
    if (text === undefined) return false;
    if (place === 'line-end') place = 'length';
    else if (place === 'length') {
      left = Number.parseInt(text, 16);
      if (Number.isNaN(left)) throw new S3Failure(400, 'IncompleteBody', 'The chunk has no length');
      place = left === 0 ? 'trailers' : 'bytes';
    } else {
      const colon = text.indexOf(':');
      if (colon > 0) onTrailer(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim());
    }
    return true;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      buffered = buffered.length ? Buffer.concat([buffered, chunk]) : chunk;
      try {
        while (buffered.length > 0 && advance((bytes) => this.push(Buffer.from(bytes))));
        callback();
      } catch (error) {
        callback(error as Error);
      }
    },
    flush(callback) {
      const whole = place === 'trailers';
      callback(whole ? null : new S3Failure(400, 'IncompleteBody', 'The body ended too early'));
    },
  });
};

const SHA256 = 'x-amz-checksum-sha256';

interface Digests {
  size: number;
  crc: number;
  readonly hashes: ReadonlyMap<string, Hash>;
}

const measured = (digests: Digests): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      digests.size += chunk.length;
      digests.crc = crc32(chunk, digests.crc);
      for (const hash of digests.hashes.values()) hash.update(chunk);
      callback(null, chunk);
    },
  });

const crcText = (crc: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
};

/** @throws S3Failure if the body is cut short or a checksum differs; nothing is left then */
export const receive = async (
  request: IncomingMessage,
  target: string,
): Promise<Arrived & { readonly checksums: Readonly<Record<string, string>> }> => {
  const claimed = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string') claimed.set(name, value);
  }
  const announced = `${Object.keys(request.headers)} ${claimed.get('x-amz-trailer')}`;
  const hashes = new Map([
    ['md5', createHash('md5')],
    // Costs more than everything else, and the SDK requests it only if configured to.
    ...(announced.includes(SHA256) ? [['sha256', createHash('sha256')] as const] : []),
  ]);
  const digests: Digests = { size: 0, crc: 0, hashes };
  const chunked = claimed.get('content-encoding')?.includes('aws-chunked') ?? false;
  try {
    const steps = chunked
      ? [unchunked((name, value) => claimed.set(name, value)), measured(digests)]
      : [measured(digests)];
    await pipeline([request, ...steps, createWriteStream(target)]);
    const md5 = hashes.get('md5')?.digest() ?? Buffer.alloc(0);
    const actual: Record<string, string> = {
      'content-md5': md5.toString('base64'),
      'x-amz-checksum-crc32': crcText(digests.crc),
      [SHA256]: hashes.get('sha256')?.digest('base64') ?? '',
    };
    const checksums: Record<string, string> = {};
    for (const [name, value] of Object.entries(actual)) {
      const wanted = claimed.get(name);
      if (wanted === undefined) continue;
      if (wanted !== value) throw new S3Failure(400, 'BadDigest', `The ${name} did not match`);
      if (name !== 'content-md5') checksums[name] = value;
    }
    return { file: target, size: digests.size, md5: md5.toString('hex'), checksums };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
};
