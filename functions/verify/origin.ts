import { pipeline } from 'node:stream/promises';
import type { Backup } from '../../core/backup.ts';
import { DigestMeter } from '../../core/digest.ts';
import { DumpUnreadable, RestoreMismatch, StatementRefused } from '../../core/errors.ts';
import type { VaultReader } from '../../core/restore-ports.ts';

/**
 * A backup that can't be brought back was damaged in the vault, or was never whole. Only the digest of all its bytes tells, and what
 * could not be read by pg_restore was mostly not read to its end: so it is read once more. A person who must act wants to know
 * whether older backups are in the same danger.
 */
export const originOf = async (
  vault: Pick<VaultReader, 'read'>,
  { fileId, checksum }: Backup,
  error: unknown,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const isOfContents =
    error instanceof DumpUnreadable ||
    error instanceof StatementRefused ||
    error instanceof RestoreMismatch;
  if (!isOfContents || fileId === undefined || checksum === undefined) return [];
  const meter = new DigestMeter();
  meter.resume();
  try {
    await pipeline(vault.read(fileId), meter, { signal });
  } catch {
    return [];
  }
  return [
    meter.sha256 === checksum
      ? 'Its stored bytes are those that were stored, by their SHA-256: it was so from the beginning, and backups taken alike may be too.'
      : 'Its stored bytes are not those that were stored, by their SHA-256: it was damaged in the vault.',
  ];
};
