import { type Digest, digestsOf } from './digest.ts';
import { describeError } from './errors/base.ts';
import { BackupDamaged, ReadCorrupted } from './errors/vault.ts';
import type { Manifest } from './manifest.ts';
import type { VaultReader } from './restore-ports.ts';
import { NOT_AS_STORED } from './stored-object.ts';

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

/** The cause of a failure, after the object was read again. */
export interface Fault {
  readonly origin: Origin;
  /** ReadCorrupted if the bytes were damaged in transit, BackupDamaged if they were in the vault; otherwise the failure itself. */
  readonly error: unknown;
}

/**
 * For restores and verifications: whether the object is the cause of a failure.
 * @param failure not retryable
 * @param arrived bytes that the failed read received; absent if it read parts only
 */
export const faultOf = async (
  vault: Pick<VaultReader, 'read'>,
  manifest: Pick<Manifest, 'object'>,
  failure: unknown,
  arrived: Digest | undefined,
  signal: AbortSignal,
): Promise<Fault> => {
  const { key } = manifest.object;
  const origin = await originOf(vault, manifest, arrived, signal);
  const isDamage = failure instanceof BackupDamaged;
  // Only parts that were read by ranges are called damaged before all bytes have arrived.
  if (origin === 'transit' || (origin === 'source' && !arrived && isDamage)) {
    const { message } = describeError(failure);
    return { origin: 'transit', error: new ReadCorrupted(key, message, { cause: failure }) };
  }
  if (origin === 'vault' && !isDamage)
    return { origin, error: new BackupDamaged(key, NOT_AS_STORED) };
  return { origin, error: failure };
};
