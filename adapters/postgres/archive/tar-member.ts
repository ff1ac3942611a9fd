import { type ReadBytes, unreadableAt } from './archive-values.ts';
import { BLOCK, readTarHeader } from './tar-header.ts';

const NAME = 'toc.dat';

/**
 * Where the table of contents lies in an archive of format tar: in its first file. Undefined for an archive of format custom,
 * which begins with it.
 * @throws DumpUnreadable for what is neither
 */
export const tarMember = async (
  read: ReadBytes,
): Promise<{ readonly from: number; readonly bytes: number } | undefined> => {
  const header = await read(0, BLOCK);
  if (header.subarray(0, 5).toString('latin1') === 'PGDMP') return undefined;
  const { name, bytes = 0 } = readTarHeader(header) ?? {};
  if (name !== NAME || bytes === 0) throw unreadableAt(0, 'no archive of pg_dump begins there');
  return { from: BLOCK, bytes };
};
