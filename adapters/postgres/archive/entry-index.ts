import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import { type Definitions, definitionsOf, keyOf } from './entry-definitions.ts';
import type { Entry, TableOfContents } from './table-of-contents.ts';

/** An archive's entries, indexed. */
export interface Archive {
  readonly entries: readonly Entry[];
  readonly definitions: Definitions;
  readonly byNumber: ReadonlyMap<number, Entry>;
  /** Tables, by `keyOf` their names. */
  readonly tables: ReadonlyMap<string, Entry>;
  readonly attaching: readonly Attaching[];
}

/** Makes a table a partition of another. */
export interface Attaching {
  readonly entry: Entry;
  readonly parent: Name;
  readonly child: Name;
}

/** @throws DumpUnreadable */
export const archiveOf = (contents: TableOfContents): Archive => {
  const { entries } = contents;
  const definitions = definitionsOf(contents);
  const tables = entries.filter(({ desc }) => desc === 'TABLE' || desc === 'FOREIGN TABLE');
  const attaching = entries.flatMap((entry) => {
    if (entry.desc !== 'TABLE ATTACH') return [];
    const statement = definitions.statement(entry);
    if (statement.kind !== 'attach-partition') throw strange(entry);
    return [{ entry, parent: statement.parent, child: statement.child }];
  });
  return {
    entries,
    definitions,
    byNumber: new Map(entries.map((entry) => [entry.dumpId, entry])),
    tables: new Map(
      tables.map((entry) => [keyOf({ schema: entry.namespace, name: entry.tag }), entry]),
    ),
    attaching,
  };
};

/** The SQL of an entry is not what pg_dump writes for its kind. */
export const strange = ({ dumpId, desc }: Entry): DumpUnreadable =>
  new DumpUnreadable(
    `entry ${dumpId} of its table of contents`,
    `its SQL is not what pg_dump writes for a ${desc}`,
  );
