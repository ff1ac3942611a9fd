import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Part, Rooms } from './parts.ts';
import { slicedBody } from './sliced-body.ts';
import { unsignedPayload } from './unsigned-payload.ts';

/**
 * The requests of one upload. S3 checks each part against the CRC-32 that the body computed, and at the end the list of
 * the parts' checksums and the total size. A body of one part needs no multipart upload: one PUT is enough.
 */
export interface Target {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly disposition: string;
}

export interface Multipart {
  /** Stores the only part with one PUT. */
  put(part: Part): Promise<void>;
  /** Waits until another part may be in flight, not until this part is stored. */
  send(part: Part): Promise<void>;
  /** Waits for the parts and completes the upload. */
  complete(bytes: number): Promise<void>;
  /** Aborts the upload after the requests in flight have ended. */
  abandon(): Promise<void>;
}

/**
 * Parts in flight, fewer if they are large; together with the part being filled, they are what an upload keeps in memory.
 * Two parts reach about 70 MB/s of compressed data, which is more than a function's network reads of uncompressed data.
 */
const PARTS_IN_FLIGHT = 2;
const BYTES_IN_FLIGHT = 20 * 1024 ** 2;

const isFull = (inFlight: number, bytes: number): boolean =>
  inFlight >= PARTS_IN_FLIGHT || (inFlight > 0 && (inFlight + 1) * bytes > BYTES_IN_FLIGHT);

const BEFORE_SIGNING = { step: 'build' } as const;
const AT_EACH_TRY = { step: 'deserialize', priority: 'low' } as const;

/** `stop` ends every request except the abort; `fail` is called immediately with the error of a part. */
export const openMultipart = (
  { client, bucket, key, contentType, disposition }: Target,
  rooms: Rooms,
  stop: AbortSignal,
  fail: (error: unknown) => void,
): Multipart => {
  const at = { Bucket: bucket, Key: key };
  const headers = { ContentType: contentType, ContentDisposition: disposition };
  const options = { abortSignal: stop };
  const inFlight = new Set<Promise<void>>();
  const stored: CompletedPart[] = [];
  let uploadId: string | undefined;

  const begin = async (): Promise<string | undefined> => {
    const create = new CreateMultipartUploadCommand({
      ...at,
      ...headers,
      ChecksumAlgorithm: 'CRC32',
    });
    return (await client.send(create, options)).UploadId;
  };

  const store = async ({ number, bytes, crc32 }: Part): Promise<void> => {
    const command = new UploadPartCommand({
      ...at,
      UploadId: uploadId,
      PartNumber: number,
      Body: bytes,
      ChecksumCRC32: crc32,
    });
    command.middlewareStack.add(unsignedPayload, BEFORE_SIGNING);
    command.middlewareStack.add(slicedBody, AT_EACH_TRY);
    const { ETag } = await client.send(command, options);
    stored.push({ PartNumber: number, ETag, ChecksumCRC32: crc32 });
  };

  return {
    put: async ({ bytes, crc32 }) => {
      const command = new PutObjectCommand({
        ...at,
        ...headers,
        Body: bytes,
        ChecksumCRC32: crc32,
        IfNoneMatch: '*',
      });
      command.middlewareStack.add(unsignedPayload, BEFORE_SIGNING);
      command.middlewareStack.add(slicedBody, AT_EACH_TRY);
      await client.send(command, options);
    },
    send: async (part) => {
      uploadId ??= await begin();
      while (isFull(inFlight.size, part.bytes.length)) await Promise.race(inFlight);
      stop.throwIfAborted();
      const sent = store(part)
        .then(() => rooms.release(part), fail)
        .finally(() => inFlight.delete(sent));
      inFlight.add(sent);
    },
    complete: async (bytes) => {
      await Promise.all(inFlight);
      stop.throwIfAborted();
      const Parts = stored.sort((a, b) => Number(a.PartNumber) - Number(b.PartNumber));
      await client.send(
        new CompleteMultipartUploadCommand({
          ...at,
          UploadId: uploadId,
          MultipartUpload: { Parts },
          MpuObjectSize: bytes,
          IfNoneMatch: '*',
        }),
        options,
      );
    },
    abandon: async () => {
      await Promise.all(inFlight);
      if (!uploadId) return;
      // If the abort fails because S3 is unreachable, the sweep or the bucket's own rule aborts later.
      const abort = new AbortMultipartUploadCommand({ ...at, UploadId: uploadId });
      await client.send(abort).catch(() => undefined);
    },
  };
};
