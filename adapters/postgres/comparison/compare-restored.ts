import type pg from 'pg';
import { isTable } from '../../../core/completion.ts';
import { quoted } from '../../../core/errors/base.ts';
import { type Manifest, tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import { readCountingWays, wayOf } from '../catalog/counting-methods.ts';
import { readRehashedPartitions } from '../catalog/rehashed-partitions.ts';
import { readNames, readSequences } from '../catalog/schema-contents.ts';
import { countTable } from '../counting/count-table.ts';
import { refusal } from '../replay/statement-errors.ts';
import { tablesThere } from '../schema-names/schema-names.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { compareAttached } from './attached-partitions.ts';
import { compareBindings } from './operator-bindings.ts';
import { isOn, isReported, isUnfilled, type ReportedObject } from './reported-objects.ts';

/**
 * What came back, beside what the manifest says: every object, every table's rows, every sequence. Read in the transaction that
 * made it, under the backup's own schema names.
 */
export interface CompareRequest {
  readonly manifest: Manifest;
  readonly schemas: readonly string[];
  /** Only these are there; absent: all of the manifest's. */
  readonly tables?: readonly TableName[] | undefined;
  /** Others' tables are in the schemas as well: they are neither opened nor read, nor their sequences. */
  readonly intoLive?: boolean;
  /** Partitions that were left without their parent, whose triggers come with it. */
  readonly alone: readonly TableName[];
  /** Objects that are already reported as unfinished. */
  readonly unfinished: readonly ReportedObject[];
  readonly signal: AbortSignal;
}
export interface Compared {
  /** As a backup's row counts them: without materialized views, which only show the rows of others. */
  readonly tables: number;
  readonly rows: number;
  /** A line for each, empty where all is as it should be. */
  readonly differences: readonly string[];
  /** What is other without being wrong. */
  readonly warnings: readonly string[];
}

const OIDS = 'SELECT oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)';

/** Owners may have taken rights from themselves, and hide rows even from themselves; what this opens is rolled back. */
const CLOSED = `
  SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'S' AS sequence,
    c.relrowsecurity AND c.relforcerowsecurity AND NOT COALESCE((SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false) AS forced,
    NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') AS unreadable,
    NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS shut
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.oid = ANY ($1) AND c.relkind IN ('r', 'p', 'm', 'S')`;

interface Closed extends TableName {
  readonly sequence: boolean;
  readonly forced: boolean;
  readonly unreadable: boolean;
  readonly shut: boolean;
}

/** Sequences that tables own. */
const OWNED = `
  SELECT tn.nspname AS "tableSchema", t.relname AS "tableName", n.nspname AS schema, s.relname AS name
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND tn.oid = ANY ($1)`;

type IsOurs = (name: TableName) => boolean;

/** What of the schemas this restore has made. */
const oursAmong = async (
  client: pg.Client,
  request: CompareRequest,
  schemaOids: readonly string[],
): Promise<IsOurs> => {
  const { tables = [], intoLive } = request;
  if (!intoLive) return () => true;
  type Owned = TableName & { readonly tableSchema: string; readonly tableName: string };
  const ours = new Set(tables.map(({ schema, name }) => tableKey(schema, name)));
  for (const one of (await client.query<Owned>(OWNED, [schemaOids])).rows) {
    if (ours.has(tableKey(one.tableSchema, one.tableName)))
      ours.add(tableKey(one.schema, one.name));
  }
  return ({ schema, name }) => ours.has(tableKey(schema, name));
};

const open = async (
  client: pg.Client,
  schemaOids: readonly string[],
  isOurs: IsOurs,
): Promise<void> => {
  const found = (await client.query<Closed>(CLOSED, [schemaOids])).rows.filter(isOurs);
  for (const schema of new Set(found.filter(({ shut }) => shut).map((one) => one.schema))) {
    await client.query(`GRANT USAGE ON SCHEMA ${identifier(schema)} TO current_user`);
  }
  for (const { schema, name, sequence, forced, unreadable } of found) {
    const table = qualified(schema, name);
    if (unreadable)
      await client.query(`GRANT SELECT ON ${sequence ? 'SEQUENCE ' : ''}${table} TO current_user`);
    if (forced) await client.query(`ALTER TABLE ONLY ${table} NO FORCE ROW LEVEL SECURITY`);
  }
};

export const isWanted = (
  { tables }: Pick<CompareRequest, 'tables'>,
  { schema, name }: TableName,
): boolean => !tables || tables.some((table) => table.schema === schema && table.name === name);

const title = ({ schema, name }: TableName): string => quoted(`${schema}.${name}`);

/** A sequence may have run ahead of the manifest while the dump was made, but never behind. */
const DIRECTIONS = `
  SELECT n.nspname AS schema, c.relname AS name, s.seqincrement > 0 AS up, s.seqcycle AS cycles
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.oid = ANY ($1)`;

const compareSequences = async (
  client: pg.Client,
  { manifest, tables }: CompareRequest,
  schemaOids: readonly string[],
  isOurs: IsOurs,
): Promise<string[]> => {
  type Direction = TableName & { readonly up: boolean; readonly cycles: boolean };
  const directions = new Map(
    (await client.query<Direction>(DIRECTIONS, [schemaOids])).rows.map((row) => [
      tableKey(row.schema, row.name),
      row,
    ]),
  );
  const found = new Map(
    (await readSequences(client, schemaOids, isOurs)).map((one) => [
      tableKey(one.schema, one.name),
      one,
    ]),
  );
  return manifest.sequences.flatMap((wanted) => {
    const key = tableKey(wanted.schema, wanted.name);
    const [now, direction] = [found.get(key), directions.get(key)];
    // Of chosen tables only their own sequences are there.
    if (!now || !direction) return tables ? [] : [`sequence ${title(wanted)} is missing`];
    if (manifest.options.content !== 'full' || direction.cycles) return [];
    const ahead = BigInt(now.value) - BigInt(wanted.value);
    const isBehind = ahead === 0n ? wanted.called && !now.called : ahead > 0n !== direction.up;
    return isBehind
      ? [`sequence ${title(wanted)} stands at ${now.value} instead of ${wanted.value}`]
      : [];
  });
};

/** Kinds that chosen tables bring along, whose names end with their table's. */
const OF_TABLES = ['triggers', 'policies'] as const;
const BY_THEMSELVES = ['views', 'functions', 'types'] as const;

const compareNames = async (
  client: pg.Client,
  request: CompareRequest,
  schemaOids: readonly string[],
): Promise<string[]> => {
  const { manifest, tables, alone, unfinished } = request;
  const found = await readNames(client, schemaOids);
  const on = (all: readonly TableName[], one: TableName): boolean =>
    all.some((table) => table.schema === one.schema && isOn(one.name, table));
  const missing = (kind: keyof typeof found, wanted: readonly TableName[]): string[] => {
    const there = new Set(found[kind].map(({ schema, name }) => tableKey(schema, name)));
    return wanted
      .filter(({ schema, name }) => !there.has(tableKey(schema, name)))
      .filter((one) => !unfinished.some((reported) => isReported(reported, kind, one)))
      .map(
        (one) =>
          `${kind.replace(/(ie)?s$/, (end) => (end === 'ies' ? 'y' : ''))} ${title(one)} is missing`,
      );
  };
  return [
    ...OF_TABLES.flatMap((kind) =>
      missing(
        kind,
        manifest[kind].filter((one) => !on(alone, one) && (!tables || on(tables, one))),
      ),
    ),
    ...(tables ? [] : BY_THEMSELVES.flatMap((kind) => missing(kind, manifest[kind]))),
  ];
};

const compareTables = async (
  client: pg.Client,
  request: CompareRequest,
  schemaOids: readonly string[],
): Promise<Compared> => {
  const differences: string[] = [];
  const warnings: string[] = [];
  const wanted = request.manifest.tables.filter((table) => isWanted(request, table));
  const there = new Set(
    (await tablesThere(client, wanted)).map(({ schema, name }) => tableKey(schema, name)),
  );
  const { under } = await readRehashedPartitions(client, schemaOids);
  const ways = await readCountingWays(client, schemaOids);
  const shared = new Map<string, { was: number; is: number }>();
  let rows = 0;
  for (const table of wanted) {
    request.signal.throwIfAborted();
    if (!there.has(tableKey(table.schema, table.name))) {
      differences.push(`table ${title(table)} is missing`);
    } else if (isUnfilled(request.unfinished, table)) {
      warnings.push(`Materialized view ${title(table)} could not be filled and has no rows.`);
    } else if (table.rows !== null) {
      const { rows: counted } = (await countTable(client, table, wayOf(ways, table))) ?? {};
      if (counted === undefined) continue;
      if (table.kind !== 'materialized-view') rows += counted;
      const top = under.get(tableKey(table.schema, table.name));
      if (top !== undefined) {
        const { was, is } = shared.get(top) ?? { was: 0, is: 0 };
        shared.set(top, { was: was + table.rows, is: is + counted });
      } else if (counted !== table.rows && table.kind === 'materialized-view') {
        // No backup holds its rows: they were worked out again, from tables that may have gone on since it was last refreshed.
        warnings.push(
          `Materialized view ${title(table)} was refreshed and has ${counted} rows now; it had ${table.rows}, and may have been out of date.`,
        );
      } else if (counted !== table.rows) {
        differences.push(`table ${title(table)} has ${counted} rows instead of ${table.rows}`);
      }
    }
  }
  for (const [top, { was, is }] of shared) {
    if (was !== is)
      differences.push(`the partitions of ${top} together have ${is} rows instead of ${was}`);
  }
  const own = wanted.filter(isTable);
  return { tables: own.length, rows, differences, warnings };
};

/** Leaves the transaction as it was. @throws what reading fails with, by name */
export const compareWithManifest = async (
  client: pg.Client,
  request: CompareRequest,
): Promise<Compared> => {
  try {
    const found = await client.query<{ oid: string }>(OIDS, [request.schemas]);
    const schemaOids = found.rows.map(({ oid }) => oid);
    await client.query('SAVEPOINT larder_compare');
    const isOurs = await oursAmong(client, request, schemaOids);
    await open(client, schemaOids, isOurs);
    const tables = await compareTables(client, request, schemaOids);
    const sequences = await compareSequences(client, request, schemaOids, isOurs);
    const names = await compareNames(client, request, schemaOids);
    const bindings = await compareBindings(client, request, schemaOids);
    const attached = await compareAttached(client, request, schemaOids);
    await client.query('ROLLBACK TO SAVEPOINT larder_compare; RELEASE SAVEPOINT larder_compare');
    return {
      ...tables,
      differences: [...tables.differences, ...sequences, ...names, ...bindings, ...attached],
    };
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    throw refusal(error, { object: 'the count of what came back' });
  }
};
