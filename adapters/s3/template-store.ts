import type { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { TEMPLATES } from '../../core/contract.ts';
import { encodePart } from '../../core/keys.ts';
import type { ManifestSigner } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { type TemplateStore, templateMessage } from '../../core/template-ports.ts';
import { named } from './failures.ts';
import { isAbsent, listed } from './listed.ts';

/**
 * Templates of one source, below a prefix of its own in the vault's bucket. An object is a line of JSON with the signature, and the entry. A
 * lifecycle rule of the bucket removes old ones. That keeping is turned off is said by an object below another prefix, which stays.
 */
export interface TemplateStoreOptions {
  readonly bucket: string;
  readonly client: S3Client;
  /** Name of the source. */
  readonly source: string;
  readonly signer: ManifestSigner;
  readonly clock: Clock;
  readonly log: Log;
}

const head = z.object({
  signature: z.object({ algorithm: z.string(), keyId: z.string(), mac: z.string() }),
});
/** A signature and the id of its key have some 300 bytes. */
const LONGEST_HEAD = 4096;
const NEWLINE = 0x0a;

const parseHead = (line: string): z.infer<typeof head>['signature'] | undefined => {
  try {
    return head.safeParse(JSON.parse(line)).data?.signature;
  } catch {
    return undefined;
  }
};

/** Undefined for more bytes than an entry may have. */
const bounded = async (body: Readable): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > TEMPLATES.mostBytes + LONGEST_HEAD) {
      body.destroy();
      return undefined;
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

export const templateKey = (source: string, name: string): string =>
  `${TEMPLATES.prefix}${encodePart(source)}/${name}`;

export const turnedOffKey = (source: string): string =>
  `${TEMPLATES.turnedOffPrefix}${encodePart(source)}.json`;

export const makeTemplateStore = (options: TemplateStoreOptions): TemplateStore => {
  const { bucket, client, source, signer, clock, log } = options;
  const at = { bucket, client };
  let seen: { readonly isOff: boolean; readonly until: number } | undefined;
  const remember = (isOff: boolean): boolean => {
    seen = { isOff, until: clock() + TEMPLATES.turnedOffSeconds * 1000 };
    return isOff;
  };

  const fetched = async (key: string): Promise<Buffer | undefined> => {
    try {
      // A GET of a missing object would be refused.
      if (!(await listed(at, key))) return undefined;
      const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return await bounded(found.Body as Readable);
    } catch (error) {
      if (await isAbsent(at, key, error)) return undefined;
      throw named(error, `GET ${key}`);
    }
  };

  const put = async (key: string, body: Buffer, contentType: string): Promise<void> => {
    try {
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }),
      );
    } catch (error) {
      throw named(error, `PUT ${key}`);
    }
  };

  return {
    read: async (name) => {
      const key = templateKey(source, name);
      const stored = await fetched(key);
      if (!stored) return undefined;
      const end = stored.subarray(0, LONGEST_HEAD).indexOf(NEWLINE);
      const signature = parseHead(stored.subarray(0, Math.max(0, end)).toString('utf8'));
      const entry = stored.subarray(end + 1);
      if (signature && (await signer.hasSigned(templateMessage(key, entry), signature)))
        return entry;
      log.warn('a kept template was not written by this source, or is damaged', { key });
      return undefined;
    },

    write: async (name, entry) => {
      const key = templateKey(source, name);
      const signature = await signer.sign(templateMessage(key, entry));
      const line = Buffer.from(`${JSON.stringify({ signature })}\n`);
      await put(key, Buffer.concat([line, entry]), 'application/octet-stream');
    },

    isTurnedOff: async () => {
      if (seen && clock() < seen.until) return seen.isOff;
      const key = turnedOffKey(source);
      try {
        return remember((await listed(at, key)) !== undefined);
      } catch (error) {
        throw named(error, `LIST ${key}`);
      }
    },

    turnOff: async (why) => {
      remember(true);
      await put(
        turnedOffKey(source),
        Buffer.from(JSON.stringify(why, null, 2)),
        'application/json',
      );
    },
  };
};
