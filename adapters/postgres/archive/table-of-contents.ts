import { type ReadBytes, unreadableAt } from './archive-values.ts';
import { ByteWindow } from './byte-window.ts';
import { readEntry, readHeader } from './read-entries.ts';
import { tarMember } from './tar-member.ts';

export type { ReadBytes } from './archive-values.ts';

/**
 * The table of contents at the beginning of an archive of format custom, or in the first file of one of format tar: what
 * `pg_restore -l` lists and more. The format is that of ReadHead and ReadToc in src/bin/pg_dump/pg_backup_archiver.c, in
 * the versions that pg_dump 14 and later write.
 */
export interface TableOfContents {
  readonly header: ArchiveHeader;
  /** In the archive's own order, in which the rows are as well. */
  readonly entries: readonly Entry[];
}

export interface ArchiveHeader {
  readonly format: 'custom' | 'tar';
  /** Of the format: `1.14` in PostgreSQL 14 and 15, `1.15` in 16, `1.16` from 17 on. */
  readonly version: string;
  readonly compression: 'none' | 'gzip' | 'lz4' | 'zstd';
  readonly database: string;
  /** As the server and pg_dump call themselves: `17.11 (Debian 17.11-1)`. */
  readonly serverVersion: string;
  readonly dumpVersion: string;
}

export type Section = 'none' | 'pre-data' | 'data' | 'post-data';

/** What pg_restore may restore or leave out. Texts are null where pg_dump wrote none. */
export interface Entry {
  /** Its number in the archive, above 0. */
  readonly dumpId: number;
  /** True if rows or large objects belong to it. */
  readonly hasData: boolean;
  /** OIDs in the dumped database, 0 for what is in no catalog: the object's own, and its catalog's. */
  readonly tableOid: number;
  readonly oid: number;
  /** What it is called: bare for most, `table trigger` for what belongs to a table, `TABLE name` for a comment. */
  readonly tag: string;
  /** `TABLE`, `TABLE DATA`, `FK CONSTRAINT` and so on. */
  readonly desc: string;
  readonly section: Section;
  /** SQL that makes it, drops it, and copies rows into it. */
  readonly defn: string | null;
  readonly dropStmt: string | null;
  readonly copyStmt: string | null;
  /** Its schema. */
  readonly namespace: string | null;
  readonly tablespace: string | null;
  readonly accessMethod: string | null;
  /** pg_class.relkind of a table; null before 1.16. */
  readonly relkind: string | null;
  readonly owner: string | null;
  /** `dumpId`s of entries that must be there before it; some may not be in the archive. */
  readonly dependencies: readonly number[];
}

/** A schema of a hundred thousand tables has fewer. */
const MOST_ENTRIES = 10_000_000;

/**
 * Reads it from the archive's first bytes, a part at a time.
 * @throws DumpUnreadable for what is no such archive, is cut short or makes no sense; and what `read` throws
 */
export const readTableOfContents = async (read: ReadBytes): Promise<TableOfContents> => {
  const member = await tarMember(read);
  const window = new ByteWindow(read, member);
  const { header, offsetBytes } = await readHeader(window, member ? 'tar' : 'custom');
  const count = await window.values((values) => values.integer());
  if (count < 0 || count > MOST_ENTRIES) throw unreadableAt(window.at, `it has ${count} entries`);
  const entries: Entry[] = [];
  const numbers = new Set<number>();
  while (entries.length < count) {
    const { at } = window;
    const entry = await window.values((values) => readEntry(values, header, offsetBytes));
    if (numbers.has(entry.dumpId)) throw unreadableAt(at, `entry ${entry.dumpId} is there twice`);
    numbers.add(entry.dumpId);
    entries.push(entry);
  }
  return { header, entries };
};
