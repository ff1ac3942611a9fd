import type { Readable } from 'node:stream';
import type { Manifest } from './manifest.ts';

/** A manifest as stored in the vault. Its reader must check who wrote it: see core/trusted-manifest.ts. */
export interface StoredManifest {
  readonly manifest: Manifest;
  /** SHA-256 of its bytes, hex. */
  readonly sha256: string;
  /** The message that its signature must cover, at the key of the object. */
  readonly messageToSign: () => string;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

export interface StoreRequest {
  readonly key: string;
  /** Ends only if everything succeeded; an error on it aborts the upload. */
  readonly body: Readable;
  /**
   * No other code reads the body's chunks: the memory of each is freed once it is stored. Without this, V8 frees it only after
   * tens of megabytes of garbage.
   */
  readonly isSoleReader?: boolean;
  /** The approximate number of bytes of the body; larger bodies are uploaded in larger parts. Absent: few. */
  readonly expectedBytes?: number;
  readonly contentType: string;
  /** File name that a browser saves it under. */
  readonly downloadName: string;
}

export interface Vault {
  /** Streams to a multipart upload, which is completed if the body ends without error, and aborted otherwise. @throws UploadInterrupted, VaultRefused, or the body's error */
  store(request: StoreRequest): Promise<StoredObject>;
  /** @returns the SHA-256 of the written bytes, hex. @throws ManifestTooLarge, ManifestKeyRefused, ManifestKeyUnreachable */
  storeManifest(key: string, manifest: Manifest): Promise<{ readonly sha256: string }>;
  /**
   * Undefined if there is none.
   * @param sha256 hex, of the wanted manifest: another one is not parsed
   * @throws InvalidInput if it is not a manifest, ManifestTooLarge, ManifestReplaced
   */
  readManifest(key: string, sha256?: string): Promise<StoredManifest | undefined>;
  /** Size of an object, or undefined if there is none. @throws UploadInterrupted, VaultRefused */
  head(key: string): Promise<StoredObject | undefined>;
  /** Removes objects with all their versions; missing ones are no error. */
  remove(keys: readonly string[]): Promise<void>;
  /** Objects below a prefix in the order of their keys; only those after the key `after`, if it is given. */
  list(
    prefix: string,
    after?: string,
  ): AsyncIterable<StoredObject & { readonly modifiedAt: string }>;
  /** Unfinished multipart uploads below a prefix. */
  uploads(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly uploadId: string; readonly startedAt: string }>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** A URL with which anyone can download the object for this number of seconds. */
  downloadUrl(key: string, downloadName: string, seconds: number): Promise<string>;
}

/** How far sweep has checked the vault. A round through the whole vault takes many invocations. */
export interface VaultRound {
  /** ISO 8601. */
  readonly begunAt: string;
  /** The last key that was checked; absent once the round has ended. */
  readonly after?: string;
  /** Objects that this round has seen so far, manifests included. Absent in rounds of older versions. */
  readonly seen?: VaultContents;
  /** What the last whole round has found. */
  readonly measured?: VaultContents & { readonly at: string };
}

/** Present versions of objects below Larder's prefix. */
export interface VaultContents {
  readonly objects: number;
  readonly bytes: number;
}

export interface VaultRounds {
  last(): Promise<VaultRound | undefined>;
  keep(round: VaultRound): Promise<void>;
}
