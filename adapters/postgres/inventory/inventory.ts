import type pg from 'pg';
import { PartitionsElsewhere, PermissionMissing, quoted } from '../../../core/errors.ts';
import type { Inventory, Outside } from '../../../core/manifest.ts';
import { ROLES_PAGE } from '../failures.ts';
import {
  readNames,
  readRoles,
  readSequences,
  readTables,
  type SchemaOids,
  type TableFacts,
} from './contents.ts';
import { readExtensions, readLoose, readOutside, readPartitionsElsewhere } from './outside.ts';

/**
 * Reads the whole inventory of a project's schemas, and refuses what no dump could hold. Everything is read in
 * the snapshot of `client`, before pg_dump starts, so that a refusal comes early.
 */
export interface InventoryReading {
  readonly inventory: Inventory;
  /** Tables whose rows can be counted, with materialized views that are populated. */
  readonly countable: readonly Pick<TableFacts, 'schema' | 'name'>[];
  readonly sourceBytes: number;
}

export interface InventoryOptions {
  readonly schemaOids: SchemaOids;
  readonly schemas: readonly string[];
  readonly partitionsElsewhere: 'refuse' | 'accept';
}

/** @throws PartitionsElsewhere, PermissionMissing */
export const readInventory = async (
  client: pg.Client,
  { schemaOids, schemas, partitionsElsewhere }: InventoryOptions,
): Promise<InventoryReading> => {
  const elsewhere = await readPartitionsElsewhere(client, schemaOids);
  if (elsewhere.length && partitionsElsewhere === 'refuse') {
    throw new PartitionsElsewhere(schemas.join(', '), elsewhere);
  }
  const facts = await readTables(client, schemaOids);
  refuseHidden(facts);
  const outside = await readOutside(client, schemaOids);
  const extensions = await readExtensions(client, schemaOids, outside);
  const loose = await readLoose(client, schemaOids);
  const inventory: Inventory = {
    tables: facts.map(({ populated: _, hidden: __, ...table }) => table),
    sequences: await readSequences(client, schemaOids),
    ...(await readNames(client, schemaOids)),
    extensions,
    roles: await readRoles(client, schemaOids),
    outside,
    warnings: [
      ...outsideWarnings(outside),
      ...tableWarnings(facts),
      ...listWarning(
        elsewhere,
        'Partitions in other schemas are not in this backup, as configured',
      ),
      ...listWarning(
        loose.largeObjectColumns,
        'Columns that may refer to large objects, which a backup of one schema does not hold',
      ),
      ...listWarning(loose.publications, 'Publications that a restored copy has to be added to'),
    ],
  };
  return {
    inventory,
    countable: facts.filter(isCountable),
    sourceBytes: facts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

const isCountable = ({ kind, populated }: TableFacts): boolean =>
  kind === 'materialized-view' ? populated : kind !== 'foreign' && kind !== 'partitioned';

const refuseHidden = (facts: readonly TableFacts[]): void => {
  const hidden = facts.filter((table) => table.hidden).map(({ name }) => name);
  if (!hidden.length) return;
  throw new PermissionMissing(
    `Row security hides rows of ${shortList(hidden)} from the backup role`,
    `Give the role BYPASSRLS. ${ROLES_PAGE}`,
  );
};

const shortList = (names: readonly string[]): string =>
  `${names.slice(0, 5).map(quoted).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

const listWarning = (names: readonly string[], what: string): string[] =>
  names.length ? [`${what}: ${shortList(names)}.`] : [];

const outsideWarnings = (outside: readonly Outside[]): string[] => {
  const others = outside.filter(({ kind }) => kind !== 'extension' && kind !== 'schema');
  return others.map(
    ({ kind, name, neededBy }) =>
      `A restore needs the ${kind} ${name}, which is outside the schema; ${shortList(neededBy)} refer${neededBy.length === 1 ? 's' : ''} to it.`,
  );
};

const tableWarnings = (facts: readonly TableFacts[]): string[] => {
  const of = (kind: TableFacts['kind']) =>
    facts.filter((table) => table.kind === kind).map(({ name }) => name);
  const unpopulated = facts.filter(({ populated }) => !populated).map(({ name }) => name);
  return [
    ...listWarning(of('foreign'), 'Foreign tables are backed up without their rows'),
    ...listWarning(of('unlogged'), 'Unlogged tables lose their rows when the server crashes'),
    ...listWarning(unpopulated, 'Materialized views that were never refreshed'),
  ];
};
