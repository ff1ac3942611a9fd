import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { S3Failure } from './failure.ts';

/**
 * Objects on disk, each a plain file named by its key, so `pg_restore` and `psql` can read it directly:
 *   <root>/<bucket>/<key>               the object
 *   <root>/.metadata/<bucket>/<hash>    S3's other data: its key, ETag, type, time
 *   <root>/.uploads/<id>/<part>         parts of unfinished uploads
 *   <root>/.incoming/<id>               bodies that are being received
 * An object exists once its metadata is written, which is the last step; so a killed start leaves at most a stray
 * file. Bytes are streamed: a large object needs no more memory than a small one.
 */
export interface ObjectMetadata {
  readonly key: string;
  /** Relative to the bucket's folder. */
  readonly file: string;
  readonly size: number;
  readonly etag: string;
  readonly contentType: string;
  readonly contentDisposition?: string;
  readonly lastModified: string;
}

export type ObjectHeaders = Pick<ObjectMetadata, 'contentType' | 'contentDisposition'>;

/** A body that was received in full and does not belong to an object yet. */
export interface Arrived {
  readonly file: string;
  readonly size: number;
  /** Hex. */
  readonly md5: string;
}

export interface Objects {
  createBucket(name: string): Promise<void>;
  hasBucket(name: string): boolean;
  /** A file for a body that is about to be received. */
  incoming(): string;
  put(
    bucket: string,
    key: string,
    arrived: Arrived,
    headers: ObjectHeaders,
    etag?: string,
  ): Promise<ObjectMetadata>;
  find(bucket: string, key: string): ObjectMetadata | undefined;
  read(bucket: string, found: ObjectMetadata, range?: { start: number; end: number }): ReadStream;
  remove(bucket: string, key: string): Promise<void>;
  /** Keys in the order of their UTF-8 bytes. */
  keys(bucket: string, prefix: string): ObjectMetadata[];
}

/** Names of files are limited to 255 bytes; a longer part of a key is cut and made unique by a hash. */
const SEGMENT_BYTES = 200;
const segment = (part: string): string => {
  const plain = part !== '' && !part.startsWith('.') && Buffer.byteLength(part) <= SEGMENT_BYTES;
  if (plain && !part.includes('\0')) return part;
  const hash = createHash('sha256').update(part).digest('hex').slice(0, 24);
  return `${part.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 120)}~${hash}`;
};

/** The path of an object below its bucket's folder. */
export const fileOfKey = (key: string): string => key.split('/').map(segment).join('/');

const byBytes = (a: ObjectMetadata, b: ObjectMetadata): number =>
  Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));

export const openObjects = async (root: string): Promise<Objects> => {
  const buckets = new Map<string, Map<string, ObjectMetadata>>();
  const metadataFolder = (bucket: string): string => path.join(root, '.metadata', bucket);
  const metadataFile = (bucket: string, key: string): string =>
    path.join(metadataFolder(bucket), `${createHash('sha256').update(key).digest('hex')}.json`);
  const objectFile = (bucket: string, file: string): string => path.join(root, bucket, file);

  await mkdir(path.join(root, '.metadata'), { recursive: true });
  await rm(path.join(root, '.incoming'), { recursive: true, force: true });
  await mkdir(path.join(root, '.incoming'));
  for (const bucket of await readdir(path.join(root, '.metadata'))) {
    const objects = new Map<string, ObjectMetadata>();
    for (const name of await readdir(metadataFolder(bucket))) {
      if (!name.endsWith('.json')) continue;
      const text = await readFile(path.join(metadataFolder(bucket), name), 'utf8');
      const object = JSON.parse(text) as ObjectMetadata;
      objects.set(object.key, object);
    }
    buckets.set(bucket, objects);
  }

  const ofBucket = (bucket: string): Map<string, ObjectMetadata> => {
    const objects = buckets.get(bucket);
    if (!objects) throw new S3Failure(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return objects;
  };
  const incoming = (): string => path.join(root, '.incoming', randomUUID());

  return {
    createBucket: async (name) => {
      await mkdir(path.join(root, name), { recursive: true });
      await mkdir(metadataFolder(name), { recursive: true });
      if (!buckets.has(name)) buckets.set(name, new Map());
    },
    hasBucket: (name) => buckets.has(name),
    incoming,
    put: async (bucket, key, arrived, headers, etag = arrived.md5) => {
      const objects = ofBucket(bucket);
      const file = fileOfKey(key);
      const object: ObjectMetadata = {
        key,
        file,
        size: arrived.size,
        etag: `"${etag}"`,
        ...headers,
        lastModified: new Date().toISOString(),
      };
      await mkdir(path.dirname(objectFile(bucket, file)), { recursive: true });
      await rename(arrived.file, objectFile(bucket, file));
      const temporary = incoming();
      await writeFile(temporary, JSON.stringify(object));
      await rename(temporary, metadataFile(bucket, key));
      objects.set(key, object);
      return object;
    },
    find: (bucket, key) => ofBucket(bucket).get(key),
    read: (bucket, found, range) => createReadStream(objectFile(bucket, found.file), range),
    remove: async (bucket, key) => {
      const objects = ofBucket(bucket);
      const found = objects.get(key);
      if (!found) return;
      objects.delete(key);
      await rm(metadataFile(bucket, key), { force: true });
      await rm(objectFile(bucket, found.file), { force: true });
      await removeEmptyFolders(path.join(root, bucket), path.dirname(found.file));
    },
    keys: (bucket, prefix) =>
      [...ofBucket(bucket).values()].filter(({ key }) => key.startsWith(prefix)).sort(byBytes),
  };
};

/** S3 has no folders, so an empty one is removed. */
const removeEmptyFolders = async (bucketFolder: string, below: string): Promise<void> => {
  for (let folder = below; folder !== '.' && folder !== ''; folder = path.dirname(folder)) {
    const gone = await rmdir(path.join(bucketFolder, folder)).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
};

/** Joins parts in order into a file of their own, and removes them. */
export const joinParts = async (parts: readonly string[], target: string): Promise<void> => {
  for (const part of parts) {
    await pipeline(createReadStream(part), createWriteStream(target, { flags: 'a' }));
    await rm(part);
  }
};
