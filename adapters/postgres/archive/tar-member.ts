import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { MAGIC } from './format/header.ts';
import { BLOCK, readTarHeader } from './tar-header.ts';

/** Reads bytes of a stored object: as many as requested, fewer only at the end of the object. */
export type ReadBytes = (from: number, bytes: number) => Promise<Buffer>;

const NAME = 'toc.dat';

/**
 * Where the table of contents is in an archive of format tar: in its first file. Undefined for an archive of format custom, which begins
 * with it.
 * @throws DumpUnreadable if it is neither
 */
export const tarMember = async (
  read: ReadBytes,
): Promise<{ readonly from: number; readonly bytes: number } | undefined> => {
  const header = await read(0, BLOCK);
  if (header.subarray(0, MAGIC.length).toString('latin1') === MAGIC) return undefined;
  const { name, bytes = 0 } = readTarHeader(header) ?? {};
  if (name !== NAME || bytes === 0) {
    throw new DumpUnreadable(
      'byte 0 of its table of contents',
      'no archive of pg_dump begins there',
    );
  }
  return { from: BLOCK, bytes };
};
