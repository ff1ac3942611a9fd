import { pipeline } from 'node:stream/promises';
import { DigestMeter } from '../../core/digest.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { VaultReader } from '../../core/restore-ports.ts';

/**
 * Where it comes from that a backup could not be brought back. Only the digest of all its bytes tells, and an archive that breaks
 * pg_restore was mostly not read to its end: so it is read once more. If its bytes are not those that were stored, that is what is
 * wrong with it, whatever it did to whoever read it. If they are, it was so from the beginning, and backups taken alike may be too.
 */
export type Origin = 'vault' | 'source' | 'unknown';

export const originOf = async (
  vault: Pick<VaultReader, 'read'>,
  { object }: Pick<Manifest, 'object'>,
  signal: AbortSignal,
): Promise<Origin> => {
  const meter = new DigestMeter();
  meter.resume();
  try {
    await pipeline(vault.read(object.key), meter, { signal });
  } catch {
    return 'unknown';
  }
  return meter.sha256 === object.sha256 ? 'source' : 'vault';
};

export const FROM_THE_BEGINNING =
  'Its stored bytes are those that were stored, by their SHA-256: it was so from the beginning, and backups taken alike may be too.';
