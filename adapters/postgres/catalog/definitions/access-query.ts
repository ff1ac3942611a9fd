import { catalog } from '../outside-dependencies.ts';
import { membersIn, typesIn } from '../schema-members.ts';

/**
 * The owner and the grants of each object, under the kinds and names of definition-queries.ts. Grantors are left out, because pg_dump
 * leaves out what changes nothing. No list at all means PostgreSQL's default. https://www.postgresql.org/docs/current/ddl-priv.html
 */
const granted = (acl: string): string => `(
      SELECT pg_catalog.jsonb_agg(e.entry ORDER BY e.entry::text COLLATE "C") FROM (
        SELECT DISTINCT pg_catalog.jsonb_build_array(COALESCE(r.rolname, ''), x.privilege_type, x.is_grantable) AS entry
        FROM pg_catalog.aclexplode(${acl}) x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
        WHERE x.grantee = 0 OR r.oid IS NOT NULL) e)`;

const grants = (acl: string, kind: string, owner: string): string =>
  `'grants', ${granted(`COALESCE(${acl}, pg_catalog.acldefault(${kind}, ${owner}))`)}`;

const access = (kind: string, name: string, owner: string, more: readonly string[]): string => `
  SELECT ${kind} AS kind, (pg_catalog.pg_identify_object(${catalog(name)}, o.oid, 0)).identity AS name,
    pg_catalog.jsonb_build_object(${[`'owner', pg_catalog.pg_get_userbyid(o.${owner})`, ...more].join(', ')}) AS access
  FROM pg_catalog.${name} o`;

const COLUMN_GRANTS = `'columns', (
      SELECT pg_catalog.jsonb_object_agg(a.attname, ${granted('a.attacl')})
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.cardinality(a.attacl) > 0)`;

/** Default privileges for objects created in the schema. */
const DEFAULT_GRANTS = `'defaults', (
      SELECT pg_catalog.jsonb_object_agg(pg_catalog.concat_ws(' ', d.defaclobjtype, pg_catalog.pg_get_userbyid(d.defaclrole)), ${granted('d.defaclacl')})
      FROM pg_catalog.pg_default_acl d WHERE d.oid = ANY (ARRAY(${membersIn('pg_default_acl', 'ARRAY[o.oid]')})) AND pg_catalog.cardinality(d.defaclacl) > 0)`;

const RELATION_KIND = `CASE WHEN o.relkind = 'S' THEN 'sequence' WHEN o.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END`;

const ONLY_OWNED = [
  ['operator', 'pg_operator', 'opr'],
  ['operator class', 'pg_opclass', 'opc'],
  ['operator family', 'pg_opfamily', 'opf'],
  ['collation', 'pg_collation', 'coll'],
  ['conversion', 'pg_conversion', 'con'],
  ['statistics', 'pg_statistic_ext', 'stx'],
  ['text search configuration', 'pg_ts_config', 'cfg'],
  ['text search dictionary', 'pg_ts_dict', 'dict'],
] as const;

/** No dump has PostgreSQL's own grants on public, so further grants can't be distinguished from them. */
const SCHEMA_GRANTS = `'grants', CASE WHEN o.nspname <> 'public' THEN ${granted("COALESCE(o.nspacl, pg_catalog.acldefault('n', o.nspowner))")} END`;

export const ACCESS_QUERY = [
  `${access("'schema'", 'pg_namespace', 'nspowner', [SCHEMA_GRANTS, DEFAULT_GRANTS])}
  WHERE o.oid = ANY ($1)`,
  `${access(RELATION_KIND, 'pg_class', 'relowner', [grants('o.relacl', `CASE WHEN o.relkind = 'S' THEN 's'::"char" ELSE 'r' END`, 'o.relowner'), COLUMN_GRANTS])}
  WHERE o.oid = ANY (ARRAY(${membersIn('pg_class')})) AND o.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')`,
  `${access("'function'", 'pg_proc', 'proowner', [grants('o.proacl', "'f'", 'o.proowner')])}
  WHERE o.oid = ANY (ARRAY(${membersIn('pg_proc')}))`,
  `${access("'type'", 'pg_type', 'typowner', [grants('o.typacl', "'T'", 'o.typowner')])}
  WHERE o.oid = ANY (ARRAY(${typesIn()})) AND o.typcategory <> 'A'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = o.typrelid AND c.relkind <> 'c')`,
  ...ONLY_OWNED.map(
    ([kind, name, prefix]) => `${access(`'${kind}'`, name, `${prefix}owner`, [])}
  WHERE o.oid = ANY (ARRAY(${membersIn(name)}))`,
  ),
].join('\n  UNION ALL');
