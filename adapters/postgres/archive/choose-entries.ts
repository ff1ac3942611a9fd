import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable, RestoreRefused } from '../../../core/errors/restore.ts';
import type { TableName } from '../../../core/restore.ts';
import type { ArchiveReader, ChosenEntries } from '../../../core/restore-ports.ts';
import { qualified } from '../sql/identifiers.ts';
import { keyOf } from './entry-definitions.ts';
import { type Archive, archiveOf } from './entry-index.ts';
import { neededBy } from './entry-needs.ts';
import { type Entry, readTableOfContents, type TableOfContents } from './table-of-contents.ts';
import { type Chosen, chooseNotes, chooseParts, completeSequences } from './table-parts.ts';

/**
 * The entries of chosen tables and of the partitions below them: rows, defaults, indexes, constraints, statistics, triggers, rules,
 * policies, the sequences they own, and the comments and grants on all of these. A foreign key is included if its other table is chosen
 * too, or is not in the archive at all. An entry's SQL shows which table it belongs to; its tag can be ambiguous.
 * @throws DumpUnreadable for a table that the archive does not have, RestoreRefused for a partition whose rows need its parent
 */
export const chooseEntries = (
  contents: TableOfContents,
  tables: readonly TableName[],
): ChosenEntries => {
  const archive = archiveOf(contents);
  const chosen: Chosen = {
    keys: withPartitions(archive, tables),
    entries: new Set(),
    shared: new Set(),
    leftOut: [],
  };
  for (const key of chosen.keys) {
    const entry = archive.tables.get(key);
    if (entry) chosen.entries.add(entry);
  }
  const found = [...chosen.entries];
  chooseParts(archive, chosen);
  refuseWithoutRoot(archive, chosen);
  const needed = neededBy(archive, chosen.entries);
  const withNeeds = new Set([...chosen.entries, ...needed.entries]);
  const ownerless = completeSequences(archive, withNeeds);
  chooseNotes(archive, withNeeds);
  const numbers = (of: ReadonlySet<Entry>): number[] =>
    archive.entries.filter((entry) => of.has(entry)).map(({ dumpId }) => dumpId);
  return {
    entries: numbers(chosen.entries),
    tables: found.map(nameOf),
    leftOut: chosen.leftOut,
    leftOutBeside: [...ownersMissing(ownerless), ...rowsMissing(archive, needed.entries)],
    makes: madeBy(archive, chosen.entries),
    uses: archive.entries.filter((entry) => chosen.shared.has(entry)).map(nameOf),
    needs: needed.names,
    withNeeds: numbers(withNeeds),
  };
};

/** Rows that pg_dump wrote for a partitioned table are loaded through it, and would go into any table that has its name. */
const refuseWithoutRoot = ({ definitions }: Archive, { entries, keys }: Chosen): void => {
  const problems: string[] = [];
  for (const entry of entries) {
    if (entry.desc !== 'TABLE DATA') continue;
    const root = definitions.target(entry);
    if (!root || keys.has(keyOf(root))) continue;
    problems.push(
      `The rows of ${quoted(entry.tag)} are restored through ${quoted(root.name)}, because the hash of an enum or the like chooses their partition: choose ${quoted(root.name)}, which includes all its partitions.`,
    );
  }
  if (problems.length) throw new RestoreRefused(problems);
};

const nameOf = ({ namespace, tag }: Entry): TableName => ({ schema: namespace ?? '', name: tag });

const written = (entry: Entry): string => {
  const { schema, name } = nameOf(entry);
  return qualified(schema, name);
};

const ownersMissing = (ownerless: readonly Entry[]): ChosenEntries['leftOut'] =>
  ownerless.map((entry) => ({
    what: `the owner of sequence ${written(entry)}`,
    why: 'it is a table that was not chosen',
  }));

/** A table that others inherit from, or whose row type they use, is restored without rows. */
const rowsMissing = (
  { entries, byNumber }: Archive,
  needed: ReadonlySet<Entry>,
): ChosenEntries['leftOut'] =>
  entries
    .filter(({ desc }) => desc === 'TABLE DATA')
    .flatMap(({ dependencies }) => dependencies.map((number) => byNumber.get(number)))
    .filter((table) => table !== undefined && table.desc === 'TABLE' && needed.has(table))
    .map((table) => ({
      what: `the rows of table ${table ? written(table) : ''}`,
      why: 'it was not chosen: only its definition is restored, because chosen objects need it',
    }));

/** Kinds of objects that need a name in a schema, besides tables. */
const madeBy = (
  { entries, definitions }: Archive,
  chosen: ReadonlySet<Entry>,
): NonNullable<ChosenEntries['makes']> =>
  entries
    .filter((entry) => chosen.has(entry))
    .flatMap((entry): NonNullable<ChosenEntries['makes']> => {
      const { schema, name } = nameOf(entry);
      if (entry.desc === 'STATISTICS') return [{ kind: 'statistics', schema, name }];
      const made = entry.desc === 'SEQUENCE' ? name : definitions.index(entry);
      return made === undefined ? [] : [{ kind: 'relation', schema, name: made }];
    });

/** The names of the tables and of all partitions below them. */
const withPartitions = (archive: Archive, tables: readonly TableName[]): ReadonlySet<string> => {
  const missing = tables.filter((table) => !archive.tables.has(keyOf(table)));
  if (missing.length > 0) {
    const names = missing.map(({ schema, name }) => qualified(schema, name)).join(', ');
    throw new DumpUnreadable('its table of contents', `it has no table ${names}`);
  }
  const children = new Map<string, string[]>();
  for (const { parent, child } of archive.attaching) {
    const key = keyOf(parent);
    children.set(key, [...(children.get(key) ?? []), keyOf(child)]);
  }
  const keys = new Set(tables.map(keyOf));
  // The loop over a set also visits items that are added during the loop.
  for (const key of keys) for (const child of children.get(key) ?? []) keys.add(child);
  return keys;
};

/** Reads the table of contents of a stored archive, and chooses from it. @throws DumpUnreadable */
export const chooseFromArchive: ArchiveReader['choose'] = async ({ format, read, tables }) => {
  const contents = await readTableOfContents(read);
  if (contents.header.format !== format) {
    throw new DumpUnreadable(
      'its table of contents',
      `it is of format ${contents.header.format}, not ${format}`,
    );
  }
  return chooseEntries(contents, tables);
};
