import type { Format } from '../../../core/backup.ts';
import { ArchiveScanner } from './format/archive-scanner.ts';
import { TarWalk } from './tar-check.ts';

/** Checks whether an archive is complete while its chunks pass by. It keeps no chunk. */
export interface ArchiveCheck {
  /** @throws DumpUnreadable with the place where it is damaged */
  take(chunk: Buffer): unknown;
  /**
   * Called after the last byte.
   * @throws DumpUnreadable if it is cut off
   */
  end(): unknown;
}

/** Undefined for format plain, which has no structure of its own. */
export const makeArchiveCheck = (format: Format): ArchiveCheck | undefined => {
  if (format === 'tar') return new TarWalk();
  return format === 'custom' ? new ArchiveScanner() : undefined;
};
