import { identifier, qualified } from '../sql/identifiers.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import { keyOf } from './entry-definitions.ts';
import { type Archive, strange } from './entry-index.ts';
import type { Entry } from './table-of-contents.ts';

/** The choice so far. */
export interface Chosen {
  /** Tables, by `keyOf` their names. */
  readonly keys: ReadonlySet<string>;
  readonly entries: Set<Entry>;
  /** Sequences that the tables use and don't own. */
  readonly shared: Set<Entry>;
  /** Parts of the tables that can't be restored, with the reason. */
  readonly leftOut: { what: string; why: string }[];
}

/** Kinds of entries that are part of one table. */
const PARTS = new Set([
  'TABLE DATA',
  'DEFAULT',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'INDEX',
  'STATISTICS',
  'TRIGGER',
  'RULE',
  'POLICY',
  'ROW SECURITY',
]);
/** Kinds of entries about another entry, on which they depend. */
const NOTES = new Set(['COMMENT', 'ACL', 'SECURITY LABEL', 'STATISTICS DATA']);

/**
 * Adds the parts of the chosen tables.
 * @throws DumpUnreadable
 */
export const chooseParts = (archive: Archive, chosen: Chosen): void => {
  const numbers = new Set([...chosen.entries].map(({ dumpId }) => dumpId));
  for (const entry of archive.entries) {
    const isForeignKey = entry.desc === 'FK CONSTRAINT';
    if (!isForeignKey && !PARTS.has(entry.desc)) continue;
    if (!entry.dependencies.some((number) => numbers.has(number))) continue;
    const table = tableOf(archive, entry);
    if (!table || !chosen.keys.has(keyOf(table))) continue;
    if (isForeignKey) chooseForeignKey(archive, chosen, entry);
    else if (entry.desc === 'TRIGGER') chooseTrigger(archive, chosen, entry, table);
    else chosen.entries.add(entry);
  }
  chooseAttaching(archive, chosen);
  chooseSequences(archive, chosen);
  chooseNotes(archive, chosen.entries);
};

const written = ({ schema, name }: Name): string =>
  schema === null ? identifier(name) : qualified(schema, name);

/** The table that an entry is part of; undefined for a view's query and a domain's constraint, which look like parts. */
const tableOf = ({ definitions }: Archive, entry: Entry): Name | undefined => {
  const table = definitions.table(entry);
  if (table) return table;
  const statement = definitions.statement(entry);
  const isView = entry.desc === 'RULE' && statement.kind === 'create' && statement.what === 'view';
  const isDomain = statement.kind === 'alter' && statement.what === 'domain';
  if (!isView && !isDomain) throw strange(entry);
  return undefined;
};

const chooseForeignKey = (
  { definitions, tables }: Archive,
  { keys, entries, leftOut }: Chosen,
  entry: Entry,
): void => {
  const statement = definitions.statement(entry);
  if (statement.kind !== 'foreign-key') throw strange(entry);
  const to = keyOf(statement.references);
  if (keys.has(to) || !tables.has(to)) entries.add(entry);
  else {
    leftOut.push({
      what: `foreign key ${identifier(statement.constraint)} of ${written(statement.table)}`,
      why: `it refers to ${written(statement.references)}, which was not chosen`,
    });
  }
};

/** A partition's trigger is created with its parent's. It has its own entry only if its state differs. */
const chooseTrigger = (
  { definitions, byNumber }: Archive,
  { entries, leftOut }: Chosen,
  entry: Entry,
  table: Name,
): void => {
  const isOwn = definitions.statement(entry).kind === 'create';
  const parents = entry.dependencies.map((number) => byNumber.get(number));
  if (isOwn || parents.some((one) => one?.desc === 'TRIGGER' && entries.has(one))) {
    entries.add(entry);
  } else {
    leftOut.push({
      what: `the state of a trigger that ${written(table)} has from its parent`,
      why: 'the parent was not chosen',
    });
  }
};

/** Partitions, and their indexes, are attached if both sides are chosen. */
const chooseAttaching = (archive: Archive, { keys, entries, leftOut }: Chosen): void => {
  const { definitions } = archive;
  for (const { entry, parent, child } of archive.attaching) {
    if (!keys.has(keyOf(child))) continue;
    if (keys.has(keyOf(parent))) entries.add(entry);
    else {
      leftOut.push({
        what: `attaching ${written(child)} to ${written(parent)}`,
        why: 'the parent was not chosen',
      });
    }
  }
  const indexes = new Set<string>();
  for (const entry of entries) {
    const name = definitions.index(entry);
    if (name !== undefined) indexes.add(keyOf({ schema: entry.namespace, name }));
  }
  for (const entry of archive.entries) {
    if (entry.desc !== 'INDEX ATTACH') continue;
    const statement = definitions.statement(entry);
    if (statement.kind !== 'attach-index') throw strange(entry);
    const { parent, child } = statement;
    if (indexes.has(keyOf(parent)) && indexes.has(keyOf(child))) entries.add(entry);
  }
};

/**
 * Sequences that a table owns, wherever they are: `GENERATED AS IDENTITY`, `serial`. Another sequence that it uses by `DEFAULT
 * nextval(...)` is shared with others: it is needed, like a type, and is not created in a live schema.
 */
const chooseSequences = (archive: Archive, { keys, entries, shared }: Chosen): void => {
  const { byNumber, definitions } = archive;
  const sequences = new Set<Entry>();
  const add = (entry: Entry | undefined): void => {
    if (entry?.desc === 'SEQUENCE') sequences.add(entry);
  };
  const isOf = (entry: Entry): boolean => {
    const table = definitions.table(entry);
    return table !== undefined && keys.has(keyOf(table));
  };
  const owning = archive.entries.filter(({ desc }) => desc === 'SEQUENCE OWNED BY');
  for (const entry of archive.entries) if (entry.desc === 'SEQUENCE' && isOf(entry)) add(entry);
  for (const entry of owning) {
    if (isOf(entry)) for (const number of entry.dependencies) add(byNumber.get(number));
  }
  for (const { dependencies } of entries) {
    for (const number of dependencies) {
      const entry = byNumber.get(number);
      // The sequence of an identity column is created only with its table, which is needed then.
      if (entry?.desc !== 'SEQUENCE' || sequences.has(entry)) continue;
      if (definitions.statement(entry).kind === 'create') shared.add(entry);
    }
  }
  for (const sequence of sequences) entries.add(sequence);
  completeSequences(archive, entries);
};

/**
 * Adds the values of sequences, and their owners if these are chosen.
 * @returns the sequences whose owner is not
 */
export const completeSequences = (
  { entries, byNumber, definitions, tables }: Archive,
  chosen: Set<Entry>,
): readonly Entry[] => {
  const isOfOne = ({ dependencies }: Entry): boolean =>
    dependencies.some((number) => {
      const entry = byNumber.get(number);
      return entry?.desc === 'SEQUENCE' && chosen.has(entry);
    });
  const ownerless: Entry[] = [];
  for (const entry of entries) {
    if (!/^SEQUENCE (SET|OWNED BY)$/.test(entry.desc) || !isOfOne(entry)) continue;
    const table = definitions.table(entry);
    const owner = table && tables.get(keyOf(table));
    if (entry.desc === 'SEQUENCE SET' || (owner && chosen.has(owner))) chosen.add(entry);
    else ownerless.push(entry);
  }
  return ownerless;
};

/** Adds comments, grants and the like on entries. */
export const chooseNotes = ({ entries, byNumber }: Archive, chosen: Set<Entry>): void => {
  for (const entry of entries) {
    if (!NOTES.has(entry.desc)) continue;
    const about = entry.dependencies.map((number) => byNumber.get(number));
    if (about.some((one) => one && !NOTES.has(one.desc) && chosen.has(one))) chosen.add(entry);
  }
};
