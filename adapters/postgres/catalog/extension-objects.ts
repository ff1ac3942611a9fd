import type pg from 'pg';
import type { Inventory, Outside } from '../../../core/manifest.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Objects of the schemas that belong to extensions. `CREATE EXTENSION` creates them, so no dump has their definitions. An extension may
 * mark tables and sequences whose rows belong to its user (extconfig). pg_dump writes these rows if it dumps the extension, that is, if the
 * extension is in one of the schemas, and if it dumps their schema. It does not dump a schema that itself belongs to an extension: it writes
 * nothing of pg_cron's own schema. No dump has the rows of other tables of extensions.
 * processExtensionTables in PostgreSQL's src/bin/pg_dump/pg_dump.c
 */
export type ExtensionRows = NonNullable<Inventory['extensionRows']>[number];

export interface ExtensionSchema {
  readonly schema: string;
  readonly extension: string;
}

const MEMBER = (catalog: string, oid: string): string =>
  `d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND d.objid = ${oid} AND d.deptype = 'e'`;

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, e.extname AS extension, m.held
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_depend d ON ${MEMBER('pg_class', 'c.oid')}
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  CROSS JOIN LATERAL (
    SELECT c.oid = ANY (COALESCE(e.extconfig, '{}')) AND (
      e.extnamespace = ANY ($1)
      OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE ${MEMBER('pg_namespace', 'n.oid')} OFFSET 0)
    )
  ) AS m (held)
  WHERE c.oid = ANY (ARRAY(
    ${membersIn('pg_class')}
    UNION ALL SELECT o.objid FROM pg_catalog.pg_extension x
      JOIN pg_catalog.pg_depend o ON o.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND o.refobjid = x.oid
      WHERE x.extnamespace = ANY ($1) AND o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.deptype = 'e'
  )) AND c.relkind IN ('r', 'S') AND (
    c.relnamespace = ANY ($1) AND (m.held OR c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0)
    OR e.extnamespace = ANY ($1) AND m.held
  )
  ORDER BY 1, 2`;

export const readExtensionTables = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<{
  readonly extensionTables: readonly string[];
  readonly extensionRows: readonly ExtensionRows[];
}> => {
  type Row = ExtensionRows & { readonly held: boolean };
  const { rows } = await client.query<Row>(TABLES, [schemaOids]);
  return {
    extensionTables: rows.filter(({ held }) => !held).map(({ name }) => name),
    extensionRows: rows.filter(({ held }) => held).map(({ held: _, ...row }) => row),
  };
};

const SCHEMAS = `
  SELECT n.nspname AS schema, e.extname AS extension
  FROM pg_catalog.pg_namespace n
  JOIN pg_catalog.pg_depend d ON ${MEMBER('pg_namespace', 'n.oid')}
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE n.oid = ANY ($1) ORDER BY 1`;

/** Schemas that belong to an extension. */
export const readExtensionSchemas = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<readonly ExtensionSchema[]> =>
  (await client.query<ExtensionSchema>(SCHEMAS, [schemaOids])).rows;

/** As SQL writes it: unquoted if possible. */
export const written = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** As pg_identify_object writes it, except names that are key words, which it quotes. */
export const identityOf = ({ schema, name }: Pick<ExtensionRows, 'schema' | 'name'>): string =>
  `${written(schema)}.${written(name)}`;

/**
 * Rows need the extension that their table belongs to, which no catalog shows.
 * @param living extensions that are in the schemas, and are created with the dump
 */
export const withExtensionsOf = (
  outside: readonly Outside[],
  rows: readonly ExtensionRows[],
  living: readonly string[],
): Outside[] => {
  const known = new Set(outside.filter(({ kind }) => kind === 'extension').map(({ name }) => name));
  const more = new Map<string, string[]>();
  for (const { schema, name, extension } of rows) {
    if (living.includes(extension) || known.has(written(extension))) continue;
    const tables = more.get(extension) ?? [];
    if (tables.length < 20) more.set(extension, [...tables, identityOf({ schema, name })]);
  }
  const added = [...more].map(([extension, neededBy]) => ({
    kind: 'extension',
    name: written(extension),
    neededBy,
  }));
  return added.length
    ? [...outside, ...added].sort((a, b) =>
        `${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1,
      )
    : [...outside];
};
