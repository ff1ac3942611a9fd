import type { StockReason } from '../../../core/engine.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { type ManifestSequence, tableKey } from '../../../core/manifest.ts';
import { type ArchiveEntry, describeEntry } from '../archive/format/entry.ts';
import type { TableFacts } from '../catalog/schema-contents.ts';
import { qualified } from '../sql/identifiers.ts';
import type { Template } from './template.ts';

/** What the engine writes: the entries with the values of sequences as they are now, and a COPY for each entry with rows. */
export interface EnginePlan {
  readonly entries: readonly ArchiveEntry[];
  /** By `dumpId`. */
  readonly copies: ReadonlyMap<number, TableCopy>;
}

export interface TableCopy {
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
}

/** What was read of the schema in the snapshot of the export. */
export interface SchemaFacts {
  readonly facts: readonly Pick<TableFacts, 'oid' | 'schema' | 'name' | 'kind'>[];
  readonly sequences: readonly ManifestSequence[];
}

export type Planned = { readonly plan: EnginePlan } | { readonly refused: StockReason };

const refused = (entry: ArchiveEntry): Planned => ({
  refused: { kind: 'entry', entry: describeEntry(entry) },
});

/**
 * How to write an archive by a template. Refused where the template has something that the engine does not know how to read as pg_dump does:
 * large objects, and tables and sequences of extensions, of which pg_dump may write some rows only (a condition that is not in the contents).
 */
export const planOf = ({ contents }: Template, { facts, sequences }: SchemaFacts): Planned => {
  const tables = new Map(facts.filter(holdsOwnRows).map((table) => [table.oid, table]));
  const values = new Map(sequences.map((one) => [tableKey(one.schema, one.name), one]));
  const copies = new Map<number, TableCopy>();
  const entries: ArchiveEntry[] = [];
  for (const entry of contents.entries) {
    const written = entry.desc === 'SEQUENCE SET' ? withValue(entry, values) : entry;
    if (!written) return refused(entry);
    entries.push(written);
    if (!entry.hasData) continue;
    const copy = copyOf(entry, tables.get(String(entry.oid)));
    if (!copy) return refused(entry);
    copies.set(entry.dumpId, copy);
    tables.delete(String(entry.oid));
  }
  const [missing] = tables.values();
  if (!missing) return { plan: { entries, copies } };
  const { schema, name } = missing;
  const entry = describeEntry({ desc: 'TABLE DATA', namespace: schema, tag: name });
  return { refused: { kind: 'entry', entry } };
};

const holdsOwnRows = ({ kind }: Pick<TableFacts, 'kind'>): boolean =>
  kind === 'table' || kind === 'partition' || kind === 'unlogged';

const copyOf = (
  { desc, namespace, tag, copyStmt }: ArchiveEntry,
  table: SchemaFacts['facts'][number] | undefined,
): TableCopy | undefined => {
  const isSame = table?.schema === namespace && table?.name === tag;
  if (desc !== 'TABLE DATA' || !table || !isSame) return undefined;
  const columns = columnsOf(copyStmt ?? '');
  if (columns === undefined) return undefined;
  const { schema, name } = table;
  return { schema, name, sql: `COPY ${qualified(schema, name)} ${columns} TO STDOUT` };
};

/** `COPY acme.t (a, "b") FROM stdin;`, in which a quoted name may hold anything. A table that is loaded through its root names the root. */
const COPY_STATEMENT =
  /^COPY (?:(?:"(?:[^"]|"")*"|[^"\s(.]+)\.)?(?:"(?:[^"]|"")*"|[^"\s(.]+) (\(.*\))? ?FROM stdin;\n$/s;

/** The columns as the entry's own statement lists them, in brackets: not the generated ones. Empty for a table without columns. */
export const columnsOf = (copyStatement: string): string | undefined => {
  const found = COPY_STATEMENT.exec(copyStatement);
  return found ? (found[1] ?? '') : undefined;
};

/** The end of what pg_dump writes for a sequence: `SELECT pg_catalog.setval('acme.s', 5, true);`. */
const VALUE = /, -?\d+, (?:true|false)\);\n$/;

const withValue = (
  entry: ArchiveEntry,
  values: ReadonlyMap<string, ManifestSequence>,
): ArchiveEntry | undefined => {
  const found = values.get(tableKey(entry.namespace ?? '', entry.tag));
  if (!found || !entry.defn || !VALUE.test(entry.defn)) return undefined;
  return { ...entry, defn: entry.defn.replace(VALUE, `, ${found.value}, ${found.called});\n`) };
};

/** The reason why pg_dump writes an archive whose version no template can be read of; undefined for other errors. */
export const unknownVersion = (error: unknown): StockReason | undefined =>
  error instanceof DumpUnreadable ? { kind: 'archive-version', problem: error.why } : undefined;
