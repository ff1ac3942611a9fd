import { statfs } from 'node:fs/promises';
import { ScratchTooSmall } from '../../../../core/errors/verification.ts';
import type { ManifestTable } from '../../../../core/manifest.ts';

/** Whether a backup fits, before any work on it begins. The numbers were measured, and disk.test.ts checks them. */

const MiB = 1024 ** 2;

/** Bytes of a scratch server without restored data: 16 MB when it is empty, and up to 16 MB more for its write-ahead log. */
export const SERVER_BYTES = 36 * MiB;

/** Bytes in the server's own catalogs for each table with its columns and indexes, not part of the tables' sizes: 10 kB measured. */
const CATALOG_BYTES = 16 * 1024;

/** Factor for the tables' bytes on the source, indexes included: restored tables may be packed less tightly, and are sorted and hashed. */
const MARGIN = 1.2;

/** Lambda's largest ephemeral storage: https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html */
export const LAMBDA_TEMPORARY_BYTES = 10_240 * MiB;

/** Bytes of disk that restoring and comparing these tables needs at most, including the server's own. */
export const neededBytes = (tables: readonly Pick<ManifestTable, 'bytes'>[]): number => {
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  return SERVER_BYTES + CATALOG_BYTES * tables.length + Math.ceil(MARGIN * bytes);
};

export interface Room {
  /** See `neededBytes`. */
  readonly neededBytes: number;
  readonly temporaryFolder: string;
  /** The size to which the folder can be enlarged; absent if there is no such limit. */
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
