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
 * The requests of one upload. S3 checks each part against the CRC-32 of what the body gave, and at the end the list of the
 * parts' checksums and the size of the whole. A body of one part needs no upload: it is put.
 */
export interface Target {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly disposition: string;
}

export interface Multipart {
  /** Puts the only part there is. */
  put(part: Part): Promise<void>;
  /** Waits until there is room in flight, not for the part to be stored. */
  send(part: Part): Promise<void>;
  /** Waits for the parts and joins them. */
  complete(bytes: number): Promise<void>;
  /** Aborts the upload, after what is under way has ended. */
  abandon(): Promise<void>;
}

/**
 * Parts under way, fewer where they are large; with the part being gathered, what an upload holds in memory. Two make some
 * 70 MB/s of what is compressed already, which is more than a function's network brings in of what is not.
 */
const PARTS_IN_FLIGHT = 2;
const BYTES_IN_FLIGHT = 20 * 1024 ** 2;

const isFull = (inFlight: number, bytes: number): boolean =>
  inFlight >= PARTS_IN_FLIGHT || (inFlight > 0 && (inFlight + 1) * bytes > BYTES_IN_FLIGHT);

const BEFORE_SIGNING = { step: 'build' } as const;
const AT_EACH_TRY = { step: 'deserialize', priority: 'low' } as const;

/** `stop` ends every request but the abort; `fail` is called with what a part failed with, at once. */
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
        .then(() => rooms.giveBack(part), fail)
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
      // What can't be aborted now, because S3 is out of reach, the sweep and the bucket's own rule abort later.
      const abort = new AbortMultipartUploadCommand({ ...at, UploadId: uploadId });
      await client.send(abort).catch(() => undefined);
    },
  };
};
