import type pg from 'pg';
import { type ManifestSequence, tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import {
  type NamedObjects,
  NOT_OF_EXTENSION,
  readNames,
  readSequences,
} from '../catalog/schema-contents.ts';
import { membersIn } from '../catalog/schema-members.ts';

/** What exists now. Opens no relation except the wanted sequences. */
export interface RestoredContents {
  readonly schemaOids: readonly string[];
  readonly serverMajor: number;
  /** Tables and materialized views, by `tableKey`; the same for the sequences. */
  readonly relations: ReadonlyMap<string, Relation>;
  readonly sequences: ReadonlyMap<string, ManifestSequence>;
  readonly names: NamedObjects;
}

export interface Relation extends TableName {
  /** False for a materialized view that was never filled. */
  readonly populated: boolean;
}

const OIDS = `
  SELECT oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) ORDER BY oid`;

const MAJOR = `SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major`;

const RELATIONS = `
  SELECT (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = c.relnamespace) AS schema, c.relname AS name, c.relispopulated AS populated
  FROM pg_catalog.pg_class c
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('r', 'p', 'f', 'm') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
  ORDER BY 1, 2`;

const byKey = <T extends TableName>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map((one) => [tableKey(one.schema, one.name), one]));

/** @param isWanted which sequences are read; absent: all */
export const readRestored = async (
  client: pg.Client,
  schemas: readonly string[],
  isWanted?: (sequence: TableName) => boolean,
): Promise<RestoredContents> => {
  const found = await client.query<{ oid: string }>(OIDS, [schemas]);
  const schemaOids = found.rows.map(({ oid }) => oid);
  const server = await client.query<{ major: number }>(MAJOR);
  return {
    schemaOids,
    serverMajor: server.rows[0]?.major ?? 0,
    relations: byKey((await client.query<Relation>(RELATIONS, [schemaOids])).rows),
    sequences: byKey(await readSequences(client, schemaOids, isWanted)),
    names: await readNames(client, schemaOids),
  };
};
