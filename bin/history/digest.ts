import { createHash } from 'node:crypto';
import type { VaultReader } from '../../core/restore-ports.ts';
import type { Digest } from './ports.ts';

/**
 * Creates the function that reads a whole object and hashes it, in constant memory.
 * @throws BackupGone, VaultRefused, ReadInterrupted
 */
export const makeDigest =
  (reader: Pick<VaultReader, 'read'>) =>
  async (key: string): Promise<Digest> => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of reader.read(key) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  };
