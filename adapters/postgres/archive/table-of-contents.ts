import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { ContentsScanner, type TableOfContents } from './format/contents-scanner.ts';
import { type ReadBytes, tarMember } from './tar-member.ts';

export type { TableOfContents } from './format/contents-scanner.ts';
export type { ArchiveEntry as Entry } from './format/entry.ts';
export type { ReadBytes } from './tar-member.ts';

/** Bytes of one request: a table of contents has a few hundred bytes for each object. */
const STEP = 1024 * 1024;

/**
 * The table of contents at the beginning of an archive of format custom, or in the first file of one of format tar: what `pg_restore -l`
 * lists, and more. Reads the archive's first bytes only, a part at a time.
 * @throws DumpUnreadable if it is not such an archive, is cut short or invalid; and what `read` throws
 */
export const readTableOfContents = async (read: ReadBytes): Promise<TableOfContents> => {
  const member = await tarMember(read);
  const { from, bytes } = member ?? { from: 0, bytes: Number.MAX_SAFE_INTEGER };
  const scanner = new ContentsScanner();
  let contents: TableOfContents | undefined;
  for (let at = 0; !contents; ) {
    const wanted = Math.min(STEP, bytes - at);
    const chunk = wanted > 0 ? await read(from + at, wanted) : Buffer.alloc(0);
    contents = chunk.length > 0 ? scanner.take(chunk) : scanner.end();
    at += chunk.length;
  }
  const { format } = contents.header;
  if (format !== (member ? 'tar' : 'custom')) {
    throw new DumpUnreadable('its table of contents', `it says that its format is ${format}`);
  }
  return contents;
};
