import type pg from 'pg';
import { PartitionsElsewhere, PermissionMissing } from '../../../core/errors/schema.ts';
import {
  type Inventory,
  type ManifestSequence,
  type ManifestTable,
  tableKey,
} from '../../../core/manifest.ts';
import type { Comparison } from '../../../core/verification.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { ROLES_PAGE } from '../session/server-errors.ts';
import { readAtRisk } from './checks-at-risk.ts';
import { type CountingWays, readCountingWays, wayOf } from './counting-methods.ts';
import { withExtensionsOf } from './extension-objects.ts';
import { readLeftOut, readLoose } from './left-out-of-dump.ts';
import { readStates } from './object-states.ts';
import { readExtensions, readOutside, readPartitionsElsewhere } from './outside-dependencies.ts';
import { type RehashedPartitions, readRehashedPartitions } from './rehashed-partitions.ts';
import {
  readNames,
  readRoles,
  readSequences,
  readTables,
  type SchemaOids,
  type TableFacts,
} from './schema-contents.ts';
import { readMentions } from './schemas-in-text.ts';
import { readSuperuserObjects } from './superuser-objects.ts';
import { readForVerification } from './verification-facts.ts';
import { shortList, warningsOf } from './warnings.ts';

/**
 * The inventory of a project's schemas, in two steps of one snapshot. The first step, before the dump, reads what decides whether there is
 * a dump at all and what pg_dump needs to know, so that a refusal comes early. The rest is read during the dump.
 */
export interface Beginning {
  readonly facts: readonly TableFacts[];
  /** They do not follow the snapshot: read before pg_dump reads them, so that those of the dump are never behind these. */
  readonly sequences: readonly ManifestSequence[];
  /** Partitions of the schema's tables in other schemas. */
  readonly elsewhere: readonly string[];
  /** Names of the extensions that live in the schemas. */
  readonly inside: readonly string[];
  /** Tables whose rows can be counted, with materialized views that are populated. */
  readonly countable: readonly TableFacts[];
  readonly ways: CountingWays;
  readonly sourceBytes: number;
  readonly divided: RehashedPartitions;
}

export interface InventoryOptions {
  readonly schemaOids: SchemaOids;
  readonly schemas: readonly string[];
  /** `rows` if rows are hashed too. */
  readonly compare?: Comparison | undefined;
}

/** The manifest's entries of tables, whose rows are not counted yet. */
export const manifestTables = ({
  facts,
  ways,
}: Pick<Beginning, 'facts' | 'ways'>): ManifestTable[] =>
  facts.map(({ oid: _, populated, hidden: __, ...table }) => ({
    ...table,
    ...(populated && wayOf(ways, table).by === 'nothing' && { uncounted: true }),
  }));

const withDivision = (
  tables: readonly ManifestTable[],
  { under }: RehashedPartitions,
): ManifestTable[] =>
  tables.map((table) => {
    const dividedUnder = under.get(tableKey(table.schema, table.name));
    return dividedUnder === undefined ? table : { ...table, dividedUnder };
  });

/** @throws PartitionsElsewhere, PermissionMissing */
export const readBeginning = async (
  client: pg.Client,
  { schemaOids, schemas }: InventoryOptions,
  partitionsElsewhere: 'refuse' | 'accept',
): Promise<Beginning> => {
  const [elsewhere, facts, extensions, sequences, divided, ways] = await atOnce(
    client,
    () => readPartitionsElsewhere(client, schemaOids),
    () => readTables(client, schemaOids),
    () => readExtensions(client, schemaOids, []),
    () => readSequences(client, schemaOids),
    () => readRehashedPartitions(client, schemaOids),
    () => readCountingWays(client, schemaOids),
  );
  if (elsewhere.length && partitionsElsewhere === 'refuse') {
    throw new PartitionsElsewhere(schemas.join(', '), elsewhere);
  }
  refuseHidden(facts);
  return {
    facts,
    sequences,
    elsewhere,
    inside: extensions.map(({ name }) => name),
    countable: facts.filter(isCountable),
    ways,
    sourceBytes: facts.reduce((sum, { bytes }) => sum + bytes, 0),
    divided,
  };
};

/** Everything else. The client's snapshot must be that of the first step. */
export const readInventory = async (
  client: pg.Client,
  { schemaOids, schemas, compare }: InventoryOptions,
  { facts, sequences, elsewhere, divided, ways, inside }: Beginning,
): Promise<Inventory> => {
  const [needed, leftOut, names, roles, mentions, loose] = await atOnce(
    client,
    () => readOutside(client, schemaOids),
    () => readLeftOut(client, schemaOids),
    () => readNames(client, schemaOids),
    () => readRoles(client, schemaOids),
    () => readMentions(client, schemaOids),
    () => readLoose(client, schemaOids),
  );
  const { extensionRows } = loose;
  const outside = withExtensionsOf(needed, extensionRows, inside);
  const extensions = await readExtensions(client, schemaOids, outside);
  const [atRisk, states, superuserObjects] = await atOnce(
    client,
    () => readAtRisk(client, schemaOids),
    () => readStates(client, schemaOids),
    () => readSuperuserObjects(client, schemaOids),
  );
  return {
    tables: withDivision(manifestTables({ facts, ways }), divided),
    sequences: [...sequences],
    ...names,
    extensions,
    roles,
    outside,
    ...(extensionRows.length && { extensionRows: [...extensionRows] }),
    leftOut,
    ...(atRisk.length && { atRisk }),
    ...(states.length && { states }),
    superuserObjects,
    ...(await readForVerification(client, schemaOids, mentions, ways)),
    warnings: warningsOf({
      schemas,
      facts,
      ways,
      hashed: compare === 'rows',
      outside,
      leftOut,
      extensions,
      elsewhere,
      mentions,
      atRisk,
      states,
      ...loose,
    }),
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
