import type { TableOfContents } from '../archive/format/contents-scanner.ts';
import { type ArchiveEntry, describeEntry } from '../archive/format/entry.ts';

/**
 * Tables of contents of the same definitions are not equal byte for byte: numbers of entries count all objects of the database, the header
 * has a date, and values of sequences are no definitions.
 */
const SETVAL = /setval\([^)]*\);\n$/;

/** Text of an entry by which two of the same definitions are equal. `positions`: of all entries, by their number. */
const entryText = (entry: ArchiveEntry, positions: ReadonlyMap<number, number>): string => {
  const { dumpId: _, place: __, dependencies, defn, desc, ...rest } = entry;
  const needs = dependencies.flatMap((id) => positions.get(id) ?? []).sort((a, b) => a - b);
  const sql = desc === 'SEQUENCE SET' ? defn?.replace(SETVAL, '') : defn;
  return JSON.stringify({ ...rest, desc, defn: sql, needs });
};

const headerText = ({ header }: TableOfContents): string => {
  const { database, serverVersion, dumpVersion, version } = header;
  return JSON.stringify({ database, serverVersion, dumpVersion, version });
};

/** One text for the header and one for each entry, in order. */
export const contentsTexts = (contents: TableOfContents): string[] => {
  const positions = new Map(contents.entries.map(({ dumpId }, i) => [dumpId, i]));
  return [headerText(contents), ...contents.entries.map((entry) => entryText(entry, positions))];
};

/** Describes the first entry in which two tables of contents differ; undefined if they mean the same. */
export const firstDifference = (
  kept: TableOfContents,
  fresh: TableOfContents,
): string | undefined => {
  const [ofKept, ofFresh] = [contentsTexts(kept), contentsTexts(fresh)];
  const count = Math.max(ofKept.length, ofFresh.length);
  for (let i = 0; i < count; i += 1) {
    if (ofKept[i] === ofFresh[i]) continue;
    const entry = fresh.entries[i - 1] ?? kept.entries[i - 1];
    return entry ? describeEntry(entry) : 'the header';
  }
  return undefined;
};
