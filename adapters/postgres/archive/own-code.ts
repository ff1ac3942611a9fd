import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { TableName } from '../../../core/restore.ts';
import type { OwnCode, ReadOwnCode } from '../../../core/restore-ports.ts';
import { type CalledNames, calledIn, checksIn } from '../sql/called-names.ts';
import { type Archive, archiveOf } from './entry-index.ts';
import { type Entry, readTableOfContents, type TableOfContents } from './table-of-contents.ts';

/**
 * Entries of an archive that call functions while they are restored: the backup's own functions, found by dependencies, and names without a
 * schema, found in the text. Defaults call none: a restored row has values for all columns. Triggers and rules are created after the rows.
 */

/** Clauses of a table that are evaluated for each row. */
const FOR_ROWS = ['check', 'generated', 'partition'];

/** A function can be reached through these. Tables and domains are listed themselves. */
const BETWEEN = new Set([
  'OPERATOR',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'AGGREGATE',
  'TYPE',
  'VIEW',
]);
const FUNCTIONS = new Set(['FUNCTION', 'PROCEDURE']);

const functionsOf = ({ byNumber }: Archive, entry: Entry): readonly string[] => {
  const found = new Set<string>();
  const seen = new Set<Entry>([entry]);
  // The loop over a set also visits items that are added during the loop.
  for (const one of seen) {
    for (const number of one.dependencies) {
      const other = byNumber.get(number);
      if (!other) continue;
      if (FUNCTIONS.has(other.desc)) found.add(`${other.namespace}.${other.tag}`);
      else if (BETWEEN.has(other.desc)) seen.add(other);
    }
  }
  return [...found].sort();
};

type Found = Pick<OwnCode, 'what' | 'restricted'> & { readonly from?: Entry };

/** Kinds whose text may have checks. Built-ins in generated columns, keys and indexes are immutable. */
const CLAUSES = ['TABLE', 'DOMAIN', 'CHECK CONSTRAINT'];

const calledBy = ({ definitions }: Archive, entry: Entry): CalledNames | undefined => {
  if (entry.desc === 'MATERIALIZED VIEW') return calledIn(definitions.words(entry));
  return CLAUSES.includes(entry.desc) ? calledIn(checksIn(definitions.words(entry))) : undefined;
};

/** Functions in schemas that the archive does not create. */
const outsideOf = ({ entries }: Archive, called: CalledNames | undefined): readonly TableName[] =>
  called?.functions.filter(({ schema }) => !entries.some((one) => one.namespace === schema)) ?? [];

const nameOf = ({ namespace, tag }: Entry): string => quoted(`${namespace}.${tag}`);

/** What it calls, under the name that people use. */
const evaluated = ({ definitions, byNumber }: Archive, entry: Entry): Found | undefined => {
  const { desc, dependencies } = entry;
  switch (desc) {
    case 'TABLE':
      return definitions.says(entry, FOR_ROWS)
        ? { what: `table ${nameOf(entry)}`, restricted: false }
        : undefined;
    case 'DOMAIN':
      return { what: `domain ${nameOf(entry)}`, restricted: false };
    case 'CHECK CONSTRAINT':
      return { what: `constraint ${nameOf(entry)}`, restricted: false };
    case 'INDEX':
    case 'CONSTRAINT':
      return { what: `${desc.toLowerCase()} ${nameOf(entry)}`, restricted: true };
    case 'MATERIALIZED VIEW DATA': {
      const view = dependencies
        .map((number) => byNumber.get(number))
        .find((one) => one?.desc === 'MATERIALIZED VIEW' && one.tag === entry.tag);
      return view && { what: `materialized view ${nameOf(view)}`, restricted: true, from: view };
    }
    default:
      return undefined;
  }
};

export const ownCodeOf = (contents: TableOfContents): readonly OwnCode[] => {
  const archive = archiveOf(contents);
  return archive.entries.flatMap((entry) => {
    const found = evaluated(archive, entry);
    if (!found) return [];
    const { from = entry, ...rest } = found;
    const functions = functionsOf(archive, from);
    const called = calledBy(archive, from);
    const builtIns = called?.plain.toSorted() ?? [];
    const outside = outsideOf(archive, called);
    return functions.length || builtIns.length || outside.length
      ? [
          {
            entry: entry.dumpId,
            ...rest,
            owner: from.owner ?? '',
            functions,
            builtIns,
            ...(outside.length && { outside }),
            ...(from !== entry && { isView: true as const }),
          },
        ]
      : [];
  });
};

export const readOwnCode: ReadOwnCode = async ({ format, read }) => {
  const contents = await readTableOfContents(read);
  if (contents.header.format === format) return ownCodeOf(contents);
  throw new DumpUnreadable(
    'its table of contents',
    `it is of format ${contents.header.format}, not ${format}`,
  );
};
