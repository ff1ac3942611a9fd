import type pg from 'pg';
import { SchemaInMotion } from '../../../core/errors/schema.ts';
import type { SchemaOids } from '../catalog/schema-contents.ts';
import { membersIn } from '../catalog/schema-members.ts';
import { atOnce } from '../session/pipelined-reads.ts';

/**
 * What a dump reads by name while no table lock protects the name. `ALTER SCHEMA ... RENAME` locks no table: if two schemas are swapped
 * during the dump, COPY and our counts both read the other schema's tables. `ALTER TYPE ... RENAME VALUE` locks none either: the type is
 * dumped with the old label, and the rows with the new one. So the names in the snapshot are compared with the present ones after all has
 * been read; xmin reveals a swap that was undone.
 */
export interface NamesHeld {
  readonly schemas: string;
  readonly labels: ReadonlyMap<string, string>;
}

const SCHEMAS = `
  SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %s', oid, nspname, xmin), E'\\n' ORDER BY oid) AS schemas
  FROM pg_catalog.pg_namespace WHERE oid = ANY ($1)`;

/** Labels of the schemas' own enums, and of enums elsewhere that their columns have. */
const LABELS = `
  SELECT e.oid::text AS oid, e.enumlabel AS label
  FROM pg_catalog.pg_enum e
  WHERE e.enumtypid = ANY (ARRAY(
    SELECT t.oid FROM pg_catalog.pg_type t WHERE t.oid = ANY (ARRAY(${membersIn('pg_type')}))
    UNION ALL
    SELECT COALESCE(NULLIF(t.typelem, 0), t.oid)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class')})) AND a.attnum > 0
  ))`;

export const readNamesHeld = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<NamesHeld> => {
  const [schemas, labels] = await atOnce(
    client,
    () => client.query<{ schemas: string | null }>(SCHEMAS, [schemaOids]),
    () => client.query<{ oid: string; label: string }>(LABELS, [schemaOids]),
  );
  return {
    schemas: schemas.rows[0]?.schemas ?? '',
    labels: new Map(labels.rows.map(({ oid, label }) => [oid, label])),
  };
};

/** @throws SchemaInMotion if a name has changed; a label that was only added is in no row of the snapshot */
export const refuseMoved = (
  before: NamesHeld,
  after: NamesHeld,
  schemas: readonly string[],
): void => {
  const relabelled = [...before.labels].some(([oid, label]) => after.labels.get(oid) !== label);
  if (before.schemas !== after.schemas || relabelled) throw new SchemaInMotion(schemas.join(', '));
};
