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
      `The vault refused: ${why}. Check the function's role and the vault's key policy.`,
      options,
    );
  }
}

/** The stored object is not there any more, or never was. */
export class BackupGone extends Permanent {
  constructor(key: string) {
    super(
      `The vault has no object ${quoted(key)}, though the history names it. Compare the two with: npm run larder -- history compare.`,
    );
  }
}

/** What is stored is not what was stored then. */
export class BackupDamaged extends Permanent {
  constructor(key: string, how: string) {
    super(
      `The stored object ${quoted(key)} is damaged: ${how}. Nothing of it was restored. Use another backup, and look at the bucket's earlier versions of this key.`,
    );
  }
}

/** The bytes that arrived are not those that are stored. */
export class ReadCorrupted extends Retryable {
  constructor(key: string, how: string, options?: { cause?: unknown }) {
    super(
      `${quoted(key)} could not be read: ${how} Its stored bytes are whole, by their SHA-256, so they were damaged on the way. They are read again.`,
      options,
    );
  }
}

/** Reading the vault broke, several times in a row. */
export class ReadInterrupted extends Retryable {
  constructor(key: string, why: string, options?: { cause?: unknown }) {
    super(`Reading ${quoted(key)} from the vault broke: ${why}. It is tried again.`, options);
  }
}
