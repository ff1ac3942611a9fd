import { type ReadBytes, unreadableAt } from './contents-bytes.ts';

const HEADER = 512;
const NAME = 'toc.dat';

/**
 * Where the table of contents lies in an archive of format tar: in its first file. Undefined for an archive of format custom,
 * which begins with it.
 * @throws DumpUnreadable for what is neither
 */
export const tarMember = async (
  read: ReadBytes,
): Promise<{ readonly from: number; readonly bytes: number } | undefined> => {
  const header = await read(0, HEADER);
  if (header.subarray(0, 5).toString('latin1') === 'PGDMP') return undefined;
  const field = (from: number, to: number): string =>
    header.toString('latin1', from, to).replace(/[\0 ].*$/s, '');
  const bytes = Number.parseInt(field(124, 136), 8);
  const isIt =
    header.length === HEADER &&
    field(0, 100) === NAME &&
    Number.parseInt(field(148, 156), 8) === checksum(header) &&
    bytes > 0;
  if (!isIt) throw unreadableAt(0, 'no archive of pg_dump begins there');
  return { from: HEADER, bytes };
};

/** The sum of all bytes, with those of the sum itself taken for spaces. */
const checksum = (header: Buffer): number =>
  header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
