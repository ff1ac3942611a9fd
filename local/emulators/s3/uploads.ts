import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { S3Failure } from './failure.ts';
import {
  type Arrived,
  joinParts,
  type ObjectHeaders,
  type ObjectMetadata,
  type Objects,
} from './objects.ts';

/** Multipart uploads, kept in files like everything else, so that a sweep finds the uploads of an earlier start. */
export interface UploadFacts {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: string;
  readonly headers: ObjectHeaders;
}

interface Part {
  readonly number: number;
  readonly size: number;
  readonly md5: string;
}

interface Unfinished extends UploadFacts {
  readonly parts: Map<number, Part>;
}

export interface Uploads {
  begin(bucket: string, key: string, headers: ObjectHeaders): Promise<string>;
  /** Returns the part's ETag. */
  addPart(id: string, number: number, arrived: Arrived): Promise<string>;
  /** `wholeBytes` is the total size of the parts that the caller states. */
  complete(
    id: string,
    parts: readonly { number: number; etag: string }[],
    wholeBytes: number | undefined,
  ): Promise<ObjectMetadata>;
  abort(id: string): Promise<void>;
  list(bucket: string, prefix: string): UploadFacts[];
}

const PART_NAME = /^(\d+)-(\d+)-([0-9a-f]{32})$/;
const nameOf = ({ number, size, md5 }: Part): string => `${number}-${size}-${md5}`;
const unquoted = (etag: string): string => etag.replaceAll('"', '');

export const openUploads = async (root: string, objects: Objects): Promise<Uploads> => {
  const folder = path.join(root, '.uploads');
  const unfinished = new Map<string, Unfinished>();
  await mkdir(folder, { recursive: true });
  for (const id of await readdir(folder)) {
    const text = await readFile(path.join(folder, id, 'upload.json'), 'utf8').catch(
      () => undefined,
    );
    if (text === undefined) {
      await rm(path.join(folder, id), { recursive: true, force: true });
      continue;
    }
    const parts = new Map<number, Part>();
    for (const name of await readdir(path.join(folder, id))) {
      const [, number, size, md5] = PART_NAME.exec(name) ?? [];
      if (!number || !size || !md5) continue;
      parts.set(Number(number), { number: Number(number), size: Number(size), md5 });
    }
    unfinished.set(id, { ...(JSON.parse(text) as UploadFacts), parts });
  }

  const find = (id: string): Unfinished => {
    const found = unfinished.get(id);
    if (!found) {
      throw new S3Failure(404, 'NoSuchUpload', 'The specified upload does not exist');
    }
    return found;
  };

  return {
    begin: async (bucket, key, headers) => {
      const id = randomUUID();
      const facts: UploadFacts = { id, bucket, key, initiated: new Date().toISOString(), headers };
      await mkdir(path.join(folder, id));
      await writeFile(path.join(folder, id, 'upload.json'), JSON.stringify(facts));
      unfinished.set(id, { ...facts, parts: new Map() });
      return id;
    },
    addPart: async (id, number, arrived) => {
      const upload = find(id);
      const part: Part = { number, size: arrived.size, md5: arrived.md5 };
      const earlier = upload.parts.get(number);
      if (earlier) await rm(path.join(folder, id, nameOf(earlier)), { force: true });
      await rename(arrived.file, path.join(folder, id, nameOf(part)));
      upload.parts.set(number, part);
      return `"${part.md5}"`;
    },
    complete: async (id, wanted, wholeBytes) => {
      const upload = find(id);
      const parts = wanted.map(({ number, etag }, index) => {
        const part = upload.parts.get(number);
        if (!part || part.md5 !== unquoted(etag)) {
          throw new S3Failure(400, 'InvalidPart', `Part ${number} could not be found`);
        }
        if (index > 0 && number <= (wanted[index - 1]?.number ?? 0)) {
          throw new S3Failure(400, 'InvalidPartOrder', 'The parts are not in ascending order');
        }
        return part;
      });
      if (parts.length === 0) throw new S3Failure(400, 'MalformedXML', 'There is no part');
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      if (wholeBytes !== undefined && wholeBytes !== size) {
        throw new S3Failure(400, 'InvalidRequest', `The parts come to ${size} bytes`);
      }
      const file = objects.incoming();
      await joinParts(
        parts.map((part) => path.join(folder, id, nameOf(part))),
        file,
      );
      const digest = createHash('md5');
      for (const { md5 } of parts) digest.update(Buffer.from(md5, 'hex'));
      const etag = `${digest.digest('hex')}-${parts.length}`;
      const arrived: Arrived = { file, size, md5: etag };
      const object = await objects.put(upload.bucket, upload.key, arrived, upload.headers, etag);
      unfinished.delete(id);
      await rm(path.join(folder, id), { recursive: true, force: true });
      return object;
    },
    abort: async (id) => {
      find(id);
      unfinished.delete(id);
      await rm(path.join(folder, id), { recursive: true, force: true });
    },
    list: (bucket, prefix) =>
      [...unfinished.values()]
        .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
  };
};
