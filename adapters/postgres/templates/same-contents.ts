import type { TableOfContents } from '../archive/format/contents-scanner.ts';
import { type ArchiveEntry, describeEntry } from '../archive/format/entry.ts';

/**
 * Tables of contents of the same definitions are not equal byte for byte: numbers of entries count all objects of the database, the header
 * has a date, and values of sequences are no definitions.
 *
 * Nor is their order the same: pg_dump sorts the objects of all schemas by their dependencies, so an object elsewhere may bring two entries
 * into another order. Each order that the entries' own dependencies allow is as good.
 */
const SETVAL = /setval\([^)]*\);\n$/;

const nameOf = ({ desc, namespace, tag }: ArchiveEntry): string =>
  JSON.stringify([desc, namespace, tag]);

/** Text of an entry by which two of the same definitions are equal. `names`: of all entries, by their number. */
const entryText = (entry: ArchiveEntry, names: ReadonlyMap<number, string>): string => {
  const { dumpId: _, place: __, dependencies, defn, desc, ...rest } = entry;
  const needs = dependencies.flatMap((id) => names.get(id) ?? []).sort();
  const sql = desc === 'SEQUENCE SET' ? defn?.replace(SETVAL, '') : defn;
  return JSON.stringify({ ...rest, desc, defn: sql, needs });
};

const headerText = ({ header }: TableOfContents): string => {
  const { database, serverVersion, dumpVersion, version } = header;
  return JSON.stringify({ database, serverVersion, dumpVersion, version });
};

/** One text for the header, and one for each entry, sorted. */
export const contentsTexts = (contents: TableOfContents): string[] => {
  const names = new Map(contents.entries.map((entry) => [entry.dumpId, nameOf(entry)]));
  return [headerText(contents), ...contents.entries.map((entry) => entryText(entry, names)).sort()];
};

const entryWith = (contents: TableOfContents, text: string): ArchiveEntry | undefined => {
  const names = new Map(contents.entries.map((entry) => [entry.dumpId, nameOf(entry)]));
  return contents.entries.find((entry) => entryText(entry, names) === text);
};

/** Describes an entry that only one of two tables of contents has; undefined if they mean the same. */
export const firstDifference = (
  kept: TableOfContents,
  fresh: TableOfContents,
): string | undefined => {
  const [ofKept, ofFresh] = [contentsTexts(kept), contentsTexts(fresh)];
  const count = Math.max(ofKept.length, ofFresh.length);
  for (let i = 0; i < count; i += 1) {
    if (ofKept[i] === ofFresh[i]) continue;
    const entry = entryWith(fresh, ofFresh[i] ?? '') ?? entryWith(kept, ofKept[i] ?? '');
    return entry ? describeEntry(entry) : 'the header';
  }
  return undefined;
};
