import type pg from 'pg';
import { schemasNamed, wordsOfSchemas } from '../sql/schemas-named.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Function bodies are text, so no catalog has the names in them. This searches them for the names of other schemas: a word before a dot, or
 * a schema on the function's own search_path. A table's alias may have the name of a schema, so it is a guess, and reported as one.
 */
interface Source {
  /** As SQL writes it, with its arguments. */
  readonly name: string;
  readonly body: string;
  /** `search_path=...` as set by the function, or empty. */
  readonly path: string;
}

export interface Mention {
  readonly name: string;
  readonly schemas: readonly string[];
}

const SOURCES = `
  SELECT pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name, p.prosrc AS body,
    COALESCE((SELECT set FROM pg_catalog.unnest(p.proconfig) set WHERE set LIKE 'search_path=%'), '') AS path
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc')})) AND l.lanname NOT IN ('c', 'internal') AND p.prosrc <> ''
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
    )
  ORDER BY 1`;

/** Requested by name, because there may be ten thousand others. */
const OTHERS = `
  SELECT nspname AS name FROM pg_catalog.pg_namespace
  WHERE nspname = ANY ($2) AND oid <> ALL ($1) AND nspname !~ '^pg_' AND nspname <> 'information_schema'`;

/** Functions whose text seems to name schemas that are not in the backup. */
export const readMentions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<Mention[]> => {
  const sources = (await client.query<Source>(SOURCES, [schemaOids])).rows;
  if (!sources.length) return [];
  const words = [...new Set(sources.flatMap(wordsOfSchemas))];
  const others = (await client.query<{ name: string }>(OTHERS, [schemaOids, words])).rows;
  const schemas = new Set(others.map(({ name }) => name));
  return sources
    .map((source) => ({ name: source.name, schemas: schemasNamed(source, schemas) }))
    .filter((mention) => mention.schemas.length);
};
