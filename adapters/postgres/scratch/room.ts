import { statfs } from 'node:fs/promises';
import { ScratchTooSmall } from '../../../core/errors.ts';
import type { ManifestTable } from '../../../core/manifest.ts';

/**
 * Whether a backup fits, before anything of it is begun. What is reckoned with was measured: test/adapters/postgres/scratch/
 * disk.test.ts holds it.
 */

const MiB = 1024 ** 2;

/**
 * Bytes that a scratch server takes on disk whatever is restored: 16 MB for its catalogs and first write-ahead log, up
 * to 17 MB more of that log, and room for catalog rows of thousands of tables.
 */
export const EMPTY_SERVER_BYTES = 48 * MiB;

/** Of the tables' bytes on the source, indexes included: an index is sorted in files before it is written. */
const MARGIN = 1.2;

/** Lambda's largest ephemeral storage: https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html */
export const LAMBDA_TEMPORARY_BYTES = 10_240 * MiB;

/** Bytes of disk that restoring and comparing these tables takes at most, the server's own included. */
export const neededBytes = (tables: readonly Pick<ManifestTable, 'bytes'>[]): number =>
  EMPTY_SERVER_BYTES + Math.ceil(MARGIN * tables.reduce((sum, { bytes }) => sum + bytes, 0));

export interface Room {
  /** See `neededBytes`. */
  readonly neededBytes: number;
  readonly temporaryFolder: string;
  /** What the folder can be enlarged to; absent where there is no such limit. */
  readonly mostBytes?: number;
}

/** Bytes that an ordinary user may still write below a folder. */
export const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** @throws ScratchTooSmall with what is needed, what is free and the setting to raise */
export const refuseTooLarge = async (room: Room): Promise<void> => {
  const { temporaryFolder, mostBytes } = room;
  const free = await freeBytes(temporaryFolder);
  if (room.neededBytes <= free) return;
  throw new ScratchTooSmall(temporaryFolder, room.neededBytes, free, mostBytes);
};
