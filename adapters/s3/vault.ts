import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { MANIFEST } from '../../core/contract.ts';
import { ManifestReplaced, ManifestTooLarge } from '../../core/errors/vault.ts';
import { sha256Hex } from '../../core/ids.ts';
import { checkJsonShape } from '../../core/json-shape.ts';
import { type Manifest, manifest } from '../../core/manifest.ts';
import { type ManifestSigner, messageToSign } from '../../core/manifest-signature.ts';
import { parseJson } from '../../core/messages.ts';
import { allEnded } from '../../core/parallel.ts';
import type { StoredManifest, StoredObject, Vault } from '../../core/vault-ports.ts';
import { makeRequestHandler } from '../request-handler.ts';
import { isMissing, isPreconditionFailed, named } from './failures.ts';
import { isAbsent, listed } from './listed.ts';
import { upload } from './upload.ts';

export interface VaultOptions {
  readonly bucket: string;
  readonly client: S3Client;
  /** Signs stored manifests; absent for functions that store none. */
  readonly signer?: Pick<ManifestSigner, 'sign'>;
}

const PART_MS = 60_000;

/**
 * The S3 client of the vault. A part without an answer within a minute counts as lost and is sent again: the
 * default waits without a limit, and a stalled connection would block the export until its time is up.
 */
export const makeVaultClient = (): S3Client =>
  new S3Client({
    maxAttempts: 5,
    requestHandler: makeRequestHandler(PART_MS),
  });

/** Reading stops as soon as the manifest is too large, so memory stays small. @throws ManifestTooLarge */
const boundedBytes = async (body: Readable, key: string): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > MANIFEST.mostBytes) {
      body.destroy();
      throw new ManifestTooLarge(key, bytes, MANIFEST.mostBytes);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

/** @throws ManifestTooLarge, and the errors of signing */
const manifestBody = async (
  signer: VaultOptions['signer'],
  key: string,
  content: Manifest,
): Promise<string> => {
  const signature = signer && (await signer.sign(messageToSign(key, content)));
  const body = JSON.stringify({ ...content, ...(signature && { signature }) }, null, 2);
  const bytes = Buffer.byteLength(body);
  if (bytes > MANIFEST.mostBytes) throw new ManifestTooLarge(key, bytes, MANIFEST.mostBytes);
  return body;
};

const contentDisposition = (fileName: string): string => `attachment; filename="${fileName}"`;

/** The vault in one S3 bucket. Errors are UploadInterrupted (a retry may help) or VaultRefused. */
export const makeVault = ({ bucket, client, signer }: VaultOptions): Vault => {
  const head = async (key: string): Promise<StoredObject | undefined> => {
    try {
      return await listed({ client, bucket }, key);
    } catch (error) {
      throw named(error, `LIST ${key}`);
    }
  };

  /** Every version and delete marker of one key, because the bucket is versioned. */
  const versionsOf = async (key: string): Promise<{ Key: string; VersionId?: string }[]> => {
    const found: { Key: string; VersionId?: string }[] = [];
    let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    while (from) {
      const page: ListObjectVersionsCommandOutput = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...from }),
      );
      for (const version of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
        if (version.Key !== key) continue;
        found.push({ Key: key, ...(version.VersionId ? { VersionId: version.VersionId } : {}) });
      }
      from = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker ?? '', VersionIdMarker: page.NextVersionIdMarker ?? '' }
        : undefined;
    }
    // A bucket without versioning lists none.
    return found.length || !(await head(key)) ? found : [{ Key: key }];
  };

  return {
    head,

    store: (request) =>
      upload(
        { client, bucket, head, disposition: contentDisposition(request.downloadName) },
        request,
      ),

    storeManifest: async (key, content) => {
      const body = await manifestBody(signer, key, content);
      const sha256 = sha256Hex(body);
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: 'application/json',
            IfNoneMatch: '*',
          }),
        );
      } catch (error) {
        // A retry within the SDK finds the object that its first try wrote.
        const isThere =
          isPreconditionFailed(error) && (await head(key))?.bytes === Buffer.byteLength(body);
        if (!isThere) throw named(error, `PUT ${key}`);
      }
      return { sha256 };
    },

    readManifest: async (key, expected): Promise<StoredManifest | undefined> => {
      // A GET of a missing object would be refused.
      if (!(await head(key))) return undefined;
      try {
        const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        const bytes = await boundedBytes(found.Body as Readable, key);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        if (expected !== undefined && sha256 !== expected) throw new ManifestReplaced(key);
        const text = bytes.toString('utf8');
        checkJsonShape(`The manifest ${key}`, MANIFEST, text);
        return {
          manifest: parseJson(`The manifest ${key}`, manifest, text),
          sha256,
          messageToSign: () => messageToSign(key, JSON.parse(text)),
        };
      } catch (error) {
        if (await isAbsent({ client, bucket }, key, error)) return undefined;
        throw named(error, `GET ${key}`);
      }
    },

    remove: async (keys) => {
      try {
        const objects = (await allEnded(keys.map(versionsOf))).flat();
        for (let from = 0; from < objects.length; from += 1000) {
          const Objects = objects.slice(from, from + 1000);
          const answer = await client.send(
            new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
          );
          const refused = answer.Errors?.[0];
          if (refused)
            throw Object.assign(new Error(refused.Message), { name: refused.Code ?? 'Error' });
        }
      } catch (error) {
        throw named(error, `DELETE ${keys.join(', ')}`);
      }
    },

    async *list(prefix, after) {
      for await (const page of paginateListObjectsV2(
        { client },
        { Bucket: bucket, Prefix: prefix, ...(after !== undefined && { StartAfter: after }) },
      )) {
        for (const object of page.Contents ?? []) {
          if (!object.Key) continue;
          const modifiedAt = (object.LastModified ?? new Date(0)).toISOString();
          yield { key: object.Key, bytes: object.Size ?? 0, modifiedAt };
        }
      }
    },

    async *uploads(prefix) {
      let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
      while (from) {
        const page: ListMultipartUploadsCommandOutput = await client.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...from }),
        );
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if (!Key || !UploadId) continue;
          const startedAt = (Initiated ?? new Date(0)).toISOString();
          yield { key: Key, uploadId: UploadId, startedAt };
        }
        from = page.IsTruncated
          ? { KeyMarker: page.NextKeyMarker ?? '', UploadIdMarker: page.NextUploadIdMarker ?? '' }
          : undefined;
      }
    },

    abortUpload: async (key, uploadId) => {
      try {
        await client.send(
          new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }),
        );
      } catch (error) {
        if (!isMissing(error)) throw named(error, `abort of the upload ${key}`);
      }
    },

    downloadUrl: (key, downloadName, seconds) =>
      getSignedUrl(
        client,
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ResponseContentDisposition: contentDisposition(downloadName),
        }),
        { expiresIn: seconds },
      ),
  };
};
