import type { Readable } from 'node:stream';
import type { Manifest } from './manifest.ts';

/** A manifest as it lies in the vault. Whoever reads one has to ask who wrote it: see core/trusted-manifest.ts. */
export interface StoredManifest {
  readonly manifest: Manifest;
  /** Of its bytes, hex. */
  readonly sha256: string;
  /** What its signature has to be over, at the key where it was found. */
  readonly messageToSign: () => string;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

export interface StoreRequest {
  readonly key: string;
  /** Ends only when all is well; an error on it aborts the upload. */
  readonly body: Readable;
  /**
   * Nobody else reads the body's chunks: the memory of each is given back once it is stored, not when V8 collects it, which
   * takes tens of megabytes of garbage.
   */
  readonly isSoleReader?: boolean;
  /** About how many bytes the body will have; larger bodies go up in larger parts. Absent: few. */
  readonly expectedBytes?: number;
  readonly contentType: string;
  /** File name a browser saves it under. */
  readonly downloadName: string;
}

export interface Vault {
  /** Streams to a multipart upload, completed when the body has ended well, aborted otherwise. @throws UploadInterrupted, VaultRefused, or the body's error */
  store(request: StoreRequest): Promise<StoredObject>;
  /** @returns the SHA-256 of the bytes that were written, hex. @throws ManifestTooLarge, ManifestKeyRefused, ManifestKeyUnreachable */
  storeManifest(key: string, manifest: Manifest): Promise<{ readonly sha256: string }>;
  /** Undefined where there is none. @throws InvalidInput where it is not a manifest, ManifestTooLarge */
  readManifest(key: string): Promise<StoredManifest | undefined>;
  /** Size of an object, or undefined where there is none. @throws UploadInterrupted, VaultRefused */
  head(key: string): Promise<StoredObject | undefined>;
  /** Removes objects with all their versions; those not there are no error. */
  remove(keys: readonly string[]): Promise<void>;
  /** Objects below a prefix in the order of their keys, those behind the key `after` where it is given. */
  list(
    prefix: string,
    after?: string,
  ): AsyncIterable<StoredObject & { readonly modifiedAt: string }>;
  /** Unfinished multipart uploads below a prefix. */
  uploads(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly uploadId: string; readonly startedAt: string }>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** A URL that lets its holder download the object for so many seconds. */
  downloadUrl(key: string, downloadName: string, seconds: number): Promise<string>;
}

/** Looking through the whole vault takes many invocations of sweep: where the last one stopped. */
export interface VaultRound {
  /** ISO 8601. */
  readonly begunAt: string;
  /** The last key looked at; absent once the round has ended. */
  readonly after?: string;
}

export interface VaultRounds {
  last(): Promise<VaultRound | undefined>;
  keep(round: VaultRound): Promise<void>;
}
