import pg from 'pg';
import { PartitionsElsewhere, PermissionMissing } from '../../../core/errors.ts';
import type { Inventory } from '../../../core/manifest.ts';
import { ROLES_PAGE } from '../failures.ts';
import {
  readNames,
  readRoles,
  readSequences,
  readTables,
  type SchemaOids,
  type TableFacts,
} from './contents.ts';
import { readDefinitions } from './definitions.ts';
import { readLeftOut, readLoose } from './left-out.ts';
import { readMentions } from './mentions.ts';
import { readExtensions, readOutside, readPartitionsElsewhere } from './outside.ts';
import { readStandIns } from './stand-ins.ts';
import { shortList, warningsOf } from './warnings.ts';

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
  const leftOut = await readLeftOut(client, schemaOids);
  const contents = {
    tables: facts.map(({ populated: _, hidden: __, ...table }) => table),
    sequences: await readSequences(client, schemaOids),
    ...(await readNames(client, schemaOids)),
    extensions,
    roles: await readRoles(client, schemaOids),
    outside,
    leftOut,
    ...(await readForVerification(client, schemaOids)),
  };
  const warnings = warningsOf({
    schemas,
    facts,
    outside,
    leftOut,
    extensions,
    elsewhere,
    mentions: await readMentions(client, schemaOids),
    ...(await readLoose(client, schemaOids)),
  });
  const inventory: Inventory = { ...contents, warnings };
  return {
    inventory,
    countable: facts.filter(isCountable),
    sourceBytes: facts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

/**
 * What only a verification needs. The server reads expressions back for it, which may fail where a dump would not: no backup is lost
 * for that.
 */
const readForVerification = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<Pick<Inventory, 'definitions' | 'standIns'>> => {
  await client.query('SAVEPOINT verification');
  try {
    const definitions = await readDefinitions(client, schemaOids);
    return { definitions, standIns: await readStandIns(client, schemaOids) };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT verification');
    return {};
  } finally {
    await client.query('RELEASE SAVEPOINT verification');
  }
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
