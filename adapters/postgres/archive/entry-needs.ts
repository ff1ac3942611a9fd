import { qualified } from '../sql/identifiers.ts';
import { keyOf } from './entry-definitions.ts';
import type { Archive } from './entry-index.ts';
import type { Entry } from './table-of-contents.ts';

/**
 * Objects outside of the chosen entries that these need: types, functions, collations, extensions, schemas, a table that one inherits from.
 * They are the dependencies of entries, without those that only give the order in which pg_dump writes.
 */
export interface Needed {
  readonly entries: ReadonlySet<Entry>;
  /** Named as in SQL, such as `FUNCTION s.f(integer)`; without schemas, which every restore creates anyway. */
  readonly names: readonly string[];
}

/** A part of a table depends on these only if they belong to its parent table. */
const OF_PARENTS = new Set(['CONSTRAINT', 'INDEX', 'INDEX ATTACH', 'TABLE ATTACH', 'TRIGGER']);

export const neededBy = (archive: Archive, chosen: ReadonlySet<Entry>): Needed => {
  const needed = new Set<Entry>();
  const isOrderOnly = orderOnly(archive, chosen);
  const completions = completionsOf(archive);
  const open = [...chosen];
  const add = (entry: Entry): void => {
    if (chosen.has(entry) || needed.has(entry)) return;
    needed.add(entry);
    open.push(entry);
  };
  // The loop over an array also visits items that are added during the loop.
  for (const entry of open) {
    for (const number of entry.dependencies) {
      const other = archive.byNumber.get(number);
      if (other && !isOrderOnly(entry, other)) add(other);
    }
    for (const other of completions.get(entry) ?? []) add(other);
  }
  return { entries: needed, names: namesOf(archive.entries.filter((one) => needed.has(one))) };
};

const orderOnly = (
  { attaching, tables, definitions }: Archive,
  chosen: ReadonlySet<Entry>,
): ((entry: Entry, other: Entry) => boolean) => {
  const parents = new Map(
    attaching.map(({ parent, child }) => [tables.get(keyOf(child)), tables.get(keyOf(parent))]),
  );
  return (entry, other) => {
    if (OF_PARENTS.has(other.desc)) return chosen.has(entry);
    if (parents.get(entry) === other) return true;
    // The table that owns a sequence, from the entry that sets the owner.
    return (
      entry.desc === 'SEQUENCE' &&
      other.desc === 'TABLE' &&
      definitions.statement(entry).kind === 'create'
    );
  };
};

/** Entries that complete another one: the query of a view that was created without it first, and a domain's later constraints. */
const completionsOf = ({
  entries,
  byNumber,
  definitions,
}: Archive): ReadonlyMap<Entry, readonly Entry[]> => {
  const found = new Map<Entry, Entry[]>();
  for (const entry of entries) {
    if (entry.desc !== 'RULE' && entry.desc !== 'CHECK CONSTRAINT') continue;
    const statement = definitions.statement(entry);
    const isQuery = statement.kind === 'create' && statement.what === 'view';
    const isCheck = statement.kind === 'alter' && statement.what === 'domain';
    if (!isQuery && !isCheck) continue;
    const name = isQuery ? statement.name : isCheck ? statement.on.name : '';
    for (const number of entry.dependencies) {
      const other = byNumber.get(number);
      if (other?.desc !== (isQuery ? 'VIEW' : 'DOMAIN') || other.tag !== name) continue;
      found.set(other, [...(found.get(other) ?? []), entry]);
    }
  }
  return found;
};

/** Named as in the statement that drops the entry. Entries after the rows belong to a named one. */
const namesOf = (entries: readonly Entry[]): string[] =>
  entries
    .filter(({ desc, section }) => section === 'pre-data' && !UNNAMED.has(desc))
    .map(({ desc, dropStmt, namespace, tag }) => {
      const named = /^DROP ([\s\S]+?)(?: CASCADE)?;\s*$/.exec(dropStmt ?? '')?.[1];
      return named ?? `${desc} ${qualified(namespace ?? '', tag)}`;
    });

const UNNAMED = new Set(['SCHEMA', 'SHELL TYPE']);
