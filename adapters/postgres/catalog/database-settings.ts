import type pg from 'pg';
import type { Inventory, Setting } from '../../../core/manifest.ts';
import { FIRST_NORMAL_OID } from './outside-dependencies.ts';
import type { SchemaOids } from './schema-contents.ts';
import { constraintsIn, membersIn } from './schema-members.ts';

/**
 * What a schema's code may rely on without any entry in a catalog: extensions that the text of a function names, and settings with which
 * every session of the database begins.
 */
const EXTENSIONS = `
  SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE e.oid >= ${FIRST_NORMAL_OID} ORDER BY 1`;

export const readDatabaseExtensions = async (
  client: pg.Client,
): Promise<NonNullable<Inventory['databaseExtensions']>> => (await client.query(EXTENSIONS)).rows;

/**
 * PostgreSQL's own settings that may influence a row's check or a generated column. `search_path` is not one of them: a restore has none,
 * so an object that needs one can't be restored.
 */
const OF_TEXT = [
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'bytea_output',
  'default_text_search_config',
  'extra_float_digits',
  'xmlbinary',
] as const;

/**
 * The database's setting, or that for all databases; else the server's, which is what a RESET would give: except what our own role has set,
 * and the date style, with which every session of ours begins.
 */
const SETTINGS = `
  WITH sets AS (
    SELECT s.setrole, s.setdatabase, pg_catalog.split_part(line, '=', 1) AS name, pg_catalog.substr(line, pg_catalog.strpos(line, '=') + 1) AS value
    FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS line
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ), given AS (
    SELECT DISTINCT ON (lower(name)) name, value FROM sets WHERE setrole = 0 ORDER BY lower(name), setdatabase DESC
  )
  SELECT name, value FROM given
  UNION ALL
  SELECT p.name, p.reset_val FROM pg_catalog.pg_settings p
  WHERE p.name = ANY ($1) AND p.name <> 'DateStyle' AND p.reset_val IS DISTINCT FROM p.boot_val
    AND NOT EXISTS (SELECT FROM given g WHERE lower(g.name) = lower(p.name))
    AND NOT EXISTS (SELECT FROM sets s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole WHERE lower(s.name) = lower(p.name) AND r.rolname = session_user)`;

/** All code and all expressions of the schemas, one text for each. */
const TEXTS = `
  SELECT p.prosrc AS text FROM pg_catalog.pg_proc p WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc')}))
  UNION ALL SELECT pg_catalog.pg_get_function_sqlbody(p.oid) FROM pg_catalog.pg_proc p WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc')}))
  UNION ALL SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
    WHERE d.adrelid = ANY (ARRAY(${membersIn('pg_class')}))
  UNION ALL SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k WHERE k.oid = ANY (ARRAY(${constraintsIn()})) AND k.contype = 'c'
  UNION ALL SELECT pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('v', 'm')`;

const NAMED = `
  SELECT DISTINCT n.name FROM pg_catalog.unnest($2::text[]) AS n (name), (${TEXTS}) AS t
  WHERE pg_catalog.strpos(lower(t.text), lower(n.name)) > 0`;

/** Of a setting's name: many such settings contain keys, which no manifest may contain. */
const SECRET =
  /secret|pass|pwd|token|key|jwt|cred|private|dsn|ur[il]|conn|crypt|salt|cert|auth|sign|hmac|seed/i;

/** Before the session's own settings are changed. */
export const readDatabaseSettings = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<Setting[]> => {
  const all = (await client.query<Setting>(SETTINGS, [OF_TEXT])).rows;
  const known = new Set(OF_TEXT.map((name) => name.toLowerCase()));
  const own = all
    .map(({ name }) => name)
    .filter((name) => name.includes('.') && !SECRET.test(name));
  const named = own.length
    ? (await client.query<{ name: string }>(NAMED, [schemaOids, own])).rows.map(({ name }) => name)
    : [];
  return all
    .filter(({ name }) => known.has(name.toLowerCase()) || named.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
};
