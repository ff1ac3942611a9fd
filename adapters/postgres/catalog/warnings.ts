import { quoted } from '../../../core/errors/base.ts';
import {
  type AtRisk,
  type Inventory,
  type LeftOut,
  type Outside,
  riskWarnings,
} from '../../../core/manifest.ts';
import { type ObjectState, stateWarnings } from '../../../core/manifest-states.ts';
import { type CountingWays, wayOf } from './counting-methods.ts';
import type { Loose } from './left-out-of-dump.ts';
import type { TableFacts } from './schema-contents.ts';
import type { Mention } from './schemas-in-text.ts';

/** What a person must know about a backup before a restore, in sentences. Names that SQL quotes are left as they are. */
export interface Observations extends Loose {
  readonly schemas: readonly string[];
  readonly facts: readonly TableFacts[];
  readonly ways: CountingWays;
  /** Rows are hashed as well as counted. */
  readonly hashed: boolean;
  readonly outside: readonly Outside[];
  readonly leftOut: readonly LeftOut[];
  readonly extensions: Inventory['extensions'];
  /** Partitions of the schema's tables in other schemas. */
  readonly elsewhere: readonly string[];
  readonly mentions: readonly Mention[];
  readonly atRisk: readonly AtRisk[];
  readonly states: readonly ObjectState[];
}

const NAMED = 5;

const list = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

export const shortList = (names: readonly string[]): string => list(names.map(quoted));

const listWarning = (names: readonly string[], what: string): string[] =>
  names.length ? [`${what}: ${shortList(names)}.`] : [];

/** `names` are written as SQL writes them, with control characters made visible. */
const visible = (name: string): string => quoted(name).slice(1, -1).replaceAll('\\"', '"');

const outsideWarnings = (outside: readonly Outside[]): string[] =>
  outside
    .filter(({ kind }) => kind !== 'extension' && kind !== 'schema')
    .map(
      ({ kind, name, neededBy }) =>
        `A restore needs the ${kind} ${visible(name)}, which is outside the schema; ${list(neededBy.map(visible))} refer${neededBy.length === 1 ? 's' : ''} to it.`,
    );

const leftOutWarnings = (leftOut: readonly LeftOut[]): string[] =>
  leftOut.map(
    ({ kind, name, belongsTo }) =>
      `The ${kind} ${visible(name)} belongs to ${list(belongsTo.map(visible))} but is in no backup of a schema: create it again after a restore.`,
  );

const CALLS = 'have indexes or statistics that call functions or operators of their own';

const countingWarnings = ({ facts, ways, hashed }: Observations): string[] => {
  const countedBy = (by: 'copy' | 'nothing', but?: TableFacts['kind']) =>
    facts
      .filter(({ populated, kind }) => populated && kind !== but)
      .filter((table) => wayOf(ways, table).by === by)
      .map(({ name }) => name);
  return [
    ...listWarning(
      countedBy('nothing'),
      `Materialized views whose rows are not counted, since they ${CALLS}, and this server cannot count them without running these`,
    ),
    ...(hashed
      ? listWarning(
          countedBy('copy', 'materialized-view'),
          `Tables whose rows are counted and not hashed, since they ${CALLS}, which a query would run; a verification compares their number`,
        )
      : []),
  ];
};

const tableWarnings = (facts: readonly TableFacts[]): string[] => {
  const of = (kind: TableFacts['kind']) =>
    facts.filter((table) => table.kind === kind).map(({ name }) => name);
  const detaching = facts.filter(({ detachPending }) => detachPending).map(({ name }) => name);
  const unpopulated = facts.filter(({ populated }) => !populated).map(({ name }) => name);
  return [
    ...listWarning(of('foreign'), 'Foreign tables are backed up without their rows'),
    ...listWarning(of('unlogged'), 'Unlogged tables lose their rows when the server crashes'),
    ...listWarning(
      detaching,
      'Partitions whose DETACH CONCURRENTLY is pending are restored detached; ALTER TABLE ... DETACH PARTITION ... FINALIZE ends it at the source',
    ),
    ...listWarning(unpopulated, 'Materialized views that were never refreshed'),
  ];
};

const extensionWarnings = ({ schemas, extensions }: Observations): string[] =>
  listWarning(
    extensions.filter(({ schema }) => schemas.includes(schema)).map(({ name }) => name),
    'Extensions that live in the schema itself are created by a restore, whose role must be allowed to; a database that has them in another schema cannot take this backup',
  );

const attachedWarnings = ({ attached }: Observations): string[] => [
  ...listWarning(
    attached.filter(({ indexed }) => !indexed).map(({ name }) => name),
    'Partitions of tables outside the schema, which a restore attaches to them',
  ),
  ...listWarning(
    attached.filter(({ indexed }) => indexed).map(({ name }) => name),
    'Partitions of tables outside the schema that have keys or indexes; a restore must leave out their TABLE ATTACH and INDEX ATTACH entries (pg_restore --use-list) and attach them afterwards',
  ),
];

const mentionWarnings = ({ mentions }: Observations): string[] => {
  const schemas = [...new Set(mentions.flatMap((mention) => mention.schemas))].sort();
  return schemas.flatMap((schema) =>
    listWarning(
      mentions.filter((mention) => mention.schemas.includes(schema)).map(({ name }) => name),
      `Functions whose text may need schema ${quoted(schema)}, judging by its words`,
    ),
  );
};

export const warningsOf = (seen: Observations): string[] => [
  ...extensionWarnings(seen),
  ...outsideWarnings(seen.outside),
  ...leftOutWarnings(seen.leftOut),
  ...tableWarnings(seen.facts),
  ...countingWarnings(seen),
  ...seen.unfillable.map(
    ({ view, owner, reads }) =>
      `A restore can't fill the materialized view ${quoted(view)}: it does so as the view's owner ${quoted(owner)}, who may not SELECT from ${visible(reads)}, or has no USAGE on its schema. GRANT both.`,
  ),
  ...seen.extensionSchemas.map(
    ({ schema, extension }) =>
      `Schema ${quoted(schema)} belongs to extension ${quoted(extension)}: the backup holds no objects of the extension, and does not create the schema. CREATE EXTENSION creates both.`,
  ),
  ...listWarning(
    seen.extensionRows.map(({ name }) => name),
    'Tables and sequences that belong to an extension are in the backup with their rows and without their definition: a restore needs the extension, and adds the rows to those that are there',
  ),
  ...listWarning(
    seen.extensionTables,
    'Tables that belong to an extension are in the backup neither with their definition nor with their rows',
  ),
  ...listWarning(
    seen.elsewhere,
    'Partitions in other schemas are not in this backup, as configured',
  ),
  ...listWarning(seen.heirs, 'Tables outside the schema that inherit from its tables'),
  ...attachedWarnings(seen),
  ...listWarning(
    seen.largeObjectColumns,
    'Columns that may refer to large objects, which a backup of one schema does not hold',
  ),
  ...mentionWarnings(seen),
  ...riskWarnings(seen.atRisk, (names) => list(names.map(visible))),
  ...stateWarnings(seen.states, (names) => list(names.map(visible))),
];
