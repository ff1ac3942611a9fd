import { type Digest, digestsOf } from './digest.ts';
import type { Manifest } from './manifest.ts';
import type { VaultReader } from './restore-ports.ts';

/**
 * Why a backup could not be restored. Only digests show that, and pg_restore usually stops before the end of a damaged archive, so
 * the object is read once more.
 *
 * - `vault`: the stored bytes changed after they were stored.
 * - `transit`: the stored bytes are correct, but other bytes arrived. Another attempt may succeed.
 * - `source`: the stored bytes are correct and arrived. The backup was wrong when it was stored; similar backups may be wrong too.
 * - `unknown`: the object could not be read again.
 */
export type Origin = 'vault' | 'transit' | 'source' | 'unknown';

/** @param arrived bytes that the failed read received; absent if it read parts only */
export const originOf = async (
  vault: Pick<VaultReader, 'read'>,
  { object }: Pick<Manifest, 'object'>,
  arrived: Digest | undefined,
  signal: AbortSignal,
): Promise<Origin> => {
  try {
    const stream = vault.read(object.key);
    signal.addEventListener('abort', () => stream.destroy(signal.reason), { once: true });
    const { whole, start } = await digestsOf(stream, arrived?.bytes ?? 0);
    if (whole.sha256 !== object.sha256) return 'vault';
    return arrived && start?.sha256 !== arrived.sha256 ? 'transit' : 'source';
  } catch {
    return 'unknown';
  }
};
