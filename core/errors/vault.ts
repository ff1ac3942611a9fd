/** Storing in the vault and reading from it. */
import { Permanent, quoted, Retryable } from './base.ts';

export class UploadInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The upload to the vault was interrupted: ${why}. It is tried again from the beginning.`,
      options,
    );
  }
}

export class VaultRefused extends Permanent {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The vault refused the request: ${why}. Check the function's role and the vault's key policy.`,
      options,
    );
  }
}

/** The stored object no longer exists, or never did. */
export class BackupGone extends Permanent {
  constructor(key: string) {
    super(
      `The vault has no object ${quoted(key)}, but the history names it. Compare the two with: npm run larder -- history compare.`,
    );
  }
}

/** The stored bytes have changed since they were stored. */
export class BackupDamaged extends Permanent {
  constructor(key: string, how: string) {
    super(
      `The stored object ${quoted(key)} is damaged: ${how}. Nothing was restored from it. Use another backup, and check the bucket's earlier versions of this key.`,
    );
  }
}

/** A manifest is held in memory as a whole. */
export class ManifestTooLarge extends Permanent {
  /** Bytes read before the limit, or bytes to be written. */
  readonly bytes: number;
  constructor(key: string, bytes: number, most: number) {
    super(
      `The manifest ${quoted(key)} has ${bytes} bytes, and the limit is ${most}: ` +
        'either Larder did not write it, or the schema has more than 300,000 tables. Restore such a backup by hand with pg_restore or psql, and divide the schema.',
    );
    this.bytes = bytes;
  }
}

/** The object under a manifest's key is another one than the export stored. */
export class ManifestReplaced extends Permanent {
  constructor(key: string) {
    super(
      `The manifest ${quoted(key)} is not the one that was stored with its backup. Look at the bucket's earlier versions of this key.`,
    );
  }
}

/** The key that signs manifests can't be used. */
export class ManifestKeyRefused extends Permanent {
  constructor(key: string, why: string, options?: { cause?: unknown }) {
    super(
      `The KMS key ${quoted(key)}, which signs manifests, can't be used: ${why}. Check that it is enabled, and that the function's role and the key's policy allow it (docs/history.md).`,
      options,
    );
  }
}

export class ManifestKeyUnreachable extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `KMS did not answer while a manifest was signed or verified: ${why}. It is tried again.`,
      options,
    );
  }
}

/** The bytes that arrived differ from the stored ones. */
export class ReadCorrupted extends Retryable {
  constructor(key: string, how: string, options?: { cause?: unknown }) {
    super(
      `${quoted(key)} could not be read: ${how} The SHA-256 of the stored bytes is correct, so they were damaged in transit. They are read again.`,
      options,
    );
  }
}

/** Reading the vault failed several times in a row. */
export class ReadInterrupted extends Retryable {
  constructor(key: string, why: string, options?: { cause?: unknown }) {
    super(
      `Reading ${quoted(key)} from the vault was interrupted: ${why}. It is tried again.`,
      options,
    );
  }
}
