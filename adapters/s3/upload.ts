import type { S3Client } from '@aws-sdk/client-s3';
import { releaseMemory } from '../../core/chunks.ts';
import type { StoredObject, StoreRequest, Vault } from '../../core/vault-ports.ts';
import { named } from './failures.ts';
import { type Multipart, openMultipart } from './multipart.ts';
import { firstPartBytes, makeRooms, type Part, partsOf } from './parts.ts';

/**
 * One streamed upload. Life cycle: parts are uploaded while the body is read; the end of the body, which its producer
 * allows only on success, completes the upload; an error of the body or of a part stops both at once and aborts the
 * upload. The abort is awaited, so that no unfinished upload remains. If the answer to a completion is lost, the object is
 * looked up before the upload counts as failed: the key belongs to this attempt alone, so an object of the right size
 * under this key is ours.
 */
export interface UploadContext {
  readonly client: S3Client;
  readonly bucket: string;
  readonly head: Vault['head'];
  readonly disposition: string;
}

/** What was read of a body, and the first error that ended it: its own, or an error of S3, which also stops the body. */
interface Passage {
  bytes: number;
  ended: boolean;
  failure?: { readonly error: unknown; readonly ofBody: boolean };
}

async function* watched(
  { body, isSoleReader }: Pick<StoreRequest, 'body' | 'isSoleReader'>,
  passage: Passage,
): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    passage.bytes += chunk.length;
    yield chunk;
    // A caller that asks for the next chunk has copied this one.
    if (isSoleReader) releaseMemory(chunk);
  }
  passage.ended = true;
}

/** @throws UploadInterrupted, VaultRefused, or the error of the body, unchanged */
export const upload = async (
  { client, bucket, head, disposition }: UploadContext,
  request: StoreRequest,
): Promise<StoredObject> => {
  const { key, body, contentType } = request;
  const passage: Passage = { bytes: 0, ended: false };
  const stop = new AbortController();
  const fail = (error: unknown, ofBody: boolean): void => {
    passage.failure ??= { error, ofBody };
    stop.abort();
    body.destroy();
  };
  body.once('error', (error) => fail(error, true));
  const rooms = makeRooms();
  const target = { client, bucket, key, contentType, disposition };
  const multipart = openMultipart(target, rooms, stop.signal, (error) => fail(error, false));
  try {
    const parts = partsOf(
      watched(request, passage),
      rooms,
      firstPartBytes(request.expectedBytes ?? 0),
    );
    await send(parts, passage, multipart);
  } catch (error) {
    if (passage.ended && (await isThere(head, key, passage.bytes)))
      return { key, bytes: passage.bytes };
    fail(error, false);
    await multipart.abandon();
    const first = passage.failure;
    throw first?.ofBody ? first.error : named(first?.error, `the upload of ${key}`);
  }
  return { key, bytes: passage.bytes };
};

const send = async (
  parts: AsyncIterable<Part>,
  passage: Passage,
  multipart: Multipart,
): Promise<void> => {
  for await (const part of parts) {
    if (part.isLast && part.number === 1) return await multipart.put(part);
    await multipart.send(part);
  }
  await multipart.complete(passage.bytes);
};

/** If unknown, the answer is no: the attempt then fails, and the sweep removes any object that it left. */
const isThere = async (head: Vault['head'], key: string, bytes: number): Promise<boolean> => {
  const found = await head(key).catch(() => undefined);
  return found?.bytes === bytes;
};
