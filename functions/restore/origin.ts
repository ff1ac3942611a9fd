import { type Digest, digestsOf } from '../../core/digest.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { VaultReader } from '../../core/restore-ports.ts';

/**
 * Where it comes from that a backup could not be brought back. Only digests tell, and an archive that breaks pg_restore was mostly not read
 * to its end: so it is read once more.
 *
 * - `vault`: its bytes are not those that were stored. That is what is wrong with it, whatever it did to whoever read it.
 * - `transit`: they are, but other ones had arrived. Another reading may go well.
 * - `source`: they are, and they had arrived. It was so from the beginning, and backups taken alike may be too.
 * - `unknown`: it could not be read again.
 */
export type Origin = 'vault' | 'transit' | 'source' | 'unknown';

/** @param arrived what the reading that failed had got; absent where it read parts only */
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
