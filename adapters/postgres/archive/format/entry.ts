import type { ArchiveHeader } from './header.ts';
import type { BlockOffset, ValueReader } from './value-reader.ts';
import type { ValueWriter } from './value-writer.ts';

/**
 * An entry of the table of contents, which pg_restore may restore or leave out, in the form of ReadToc and WriteToc of
 * src/bin/pg_dump/pg_backup_archiver.c. Texts are null if pg_dump wrote none.
 */
export interface ArchiveEntry {
  /** Its number in the archive, above 0. */
  readonly dumpId: number;
  /** True if rows or large objects belong to it. */
  readonly hasData: boolean;
  /** OIDs in the dumped database, 0 if it is in no catalog: the object's own, and its catalog's. */
  readonly tableOid: number;
  readonly oid: number;
  /** Its name: bare for most, `table trigger` for a part of a table, `TABLE name` for a comment. */
  readonly tag: string;
  /** `TABLE`, `TABLE DATA`, `FK CONSTRAINT` and so on. */
  readonly desc: string;
  readonly section: Section;
  /** SQL that creates it, drops it, and copies rows into it. */
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
  /** True if a table has OIDs, which no table has any more: `false`. */
  readonly withOids: string | null;
  /** `dumpId`s of entries that must exist before it; some may not be in the archive. */
  readonly dependencies: readonly number[];
  /** Where its rows are: a place in a custom archive, the name of a file in a tar archive. */
  readonly place: BlockOffset | { readonly file: string | null };
}

export type Section = 'none' | 'pre-data' | 'data' | 'post-data';
/** teSection of src/bin/pg_dump/pg_backup.h, which counts from 1 in these versions. */
const SECTIONS: readonly Section[] = ['none', 'pre-data', 'data', 'post-data'];

/** `TABLE DATA "acme"."orders"`: an entry in an error. */
export const describeEntry = ({
  desc,
  namespace,
  tag,
}: Pick<ArchiveEntry, 'desc' | 'namespace' | 'tag'>): string =>
  `${desc} ${[namespace, tag].flatMap((name) => (name ? [JSON.stringify(name)] : [])).join('.')}`;

/** @throws DumpUnreadable if it is not a valid entry */
export const readEntry = (values: ValueReader, header: ArchiveHeader): ArchiveEntry => {
  const { place } = values;
  const dumpId = values.integer();
  if (dumpId <= 0) throw values.unreadable(place, `an entry's number is ${dumpId}`);
  const entry = {
    dumpId,
    hasData: readFlag(values),
    tableOid: readNumber(values),
    oid: readNumber(values),
    tag: readName(values),
    desc: readName(values),
    section: readSection(values),
    defn: values.text(),
    dropStmt: values.text(),
    copyStmt: values.text(),
    namespace: values.text(),
    tablespace: values.text(),
    accessMethod: values.text(),
    relkind: header.version === '1.16' ? readRelkind(values) : null,
    owner: values.text(),
    withOids: values.text(),
    dependencies: readDependencies(values),
  };
  const isCustom = header.format === 'custom';
  return {
    ...entry,
    place: isCustom ? values.offset(header.offsetBytes) : { file: values.text() },
  };
};

const readFlag = (values: ValueReader): boolean => {
  const { place } = values;
  const flag = values.integer();
  if (flag !== 0 && flag !== 1) throw values.unreadable(place, 'an entry has no state of its rows');
  return flag === 1;
};

const readName = (values: ValueReader): string => {
  const { place } = values;
  const text = values.text();
  if (text === null) throw values.unreadable(place, 'an entry has no name');
  return text;
};

const readSection = (values: ValueReader): Section => {
  const { place } = values;
  const section = SECTIONS[values.integer() - 1];
  if (!section) throw values.unreadable(place, 'an entry is of no section');
  return section;
};

/** Numbers that are written as text. */
const NUMBER = /^(0|[1-9]\d{0,9})$/;

const readNumber = (values: ValueReader): number => {
  const { place } = values;
  const text = values.text() ?? '';
  if (!NUMBER.test(text)) throw values.unreadable(place, 'there is no number');
  return Number(text);
};

const readRelkind = (values: ValueReader): string | null => {
  const { place } = values;
  const code = values.integer();
  if (code < 0 || code > 0x7f) throw values.unreadable(place, 'there is no kind of relation');
  return code === 0 ? null : String.fromCharCode(code);
};

const readDependencies = (values: ValueReader): number[] => {
  const dependencies: number[] = [];
  for (;;) {
    const { place } = values;
    const text = values.text();
    if (text === null) return dependencies;
    if (!NUMBER.test(text)) throw values.unreadable(place, 'there is no number of an entry');
    dependencies.push(Number(text));
  }
};

/**
 * Writes the bytes that readEntry reads.
 * @throws RangeError for a place that the format does not have
 */
export const writeEntry = (
  values: ValueWriter,
  entry: ArchiveEntry,
  { format, version, offsetBytes }: ArchiveHeader,
): void => {
  values.integer(entry.dumpId).integer(entry.hasData ? 1 : 0);
  values.text(String(entry.tableOid)).text(String(entry.oid));
  values.text(entry.tag).text(entry.desc);
  values.integer(SECTIONS.indexOf(entry.section) + 1);
  values.text(entry.defn).text(entry.dropStmt).text(entry.copyStmt);
  values.text(entry.namespace).text(entry.tablespace).text(entry.accessMethod);
  if (version === '1.16') values.integer(entry.relkind?.charCodeAt(0) ?? 0);
  values.text(entry.owner).text(entry.withOids);
  for (const number of entry.dependencies) values.text(String(number));
  values.text(null);
  const { place } = entry;
  if (format === 'custom' && 'state' in place) values.offset(place, offsetBytes);
  else if (format === 'tar' && 'file' in place) values.text(place.file);
  else throw new RangeError(`entry ${entry.dumpId} has no place in an archive of format ${format}`);
};
