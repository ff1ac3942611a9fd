import { membersIn } from '../schema-members.ts';
import { comment, identity, NOT_OF_EXTENSION } from './query-fragments.ts';

/** Like definition-queries.ts, for collations, conversions and text search: the rules by which rows are sorted, compared and found. */
const query = (kind: string, facts: string): string => `
    SELECT ${identity(kind, 'o.oid')}, ${facts} || pg_catalog.jsonb_build_object(${comment(kind, 'o.oid')}) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.${kind} o WHERE o.oid = ANY (ARRAY(${membersIn(kind)})) AND ${NOT_OF_EXTENSION(kind, 'o.oid')}
    ORDER BY 1`;

/** A catalog row without its name and its oids: functions are written by name. */
const rest = (...without: readonly string[]): string =>
  `pg_catalog.to_jsonb(o) - ARRAY[${['oid', ...without].map((column) => `'${column}'`).join(', ')}]`;

export const TEXT_QUERIES: Readonly<Record<string, string>> = {
  // In no dump: the version of the library, and the encoding, which is that of the database.
  collation: query(
    'pg_collation',
    rest('collname', 'collnamespace', 'collowner', 'collversion', 'collencoding'),
  ),
  conversion: query('pg_conversion', rest('conname', 'connamespace', 'conowner')),
  'text search configuration': query(
    'pg_ts_config',
    `pg_catalog.jsonb_build_object(
      'parser', (SELECT pg_catalog.format('%I.%I', n.nspname, p.prsname) FROM pg_catalog.pg_ts_parser p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid = o.cfgparser),
      'dictionaries', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(m.maptokentype, m.mapdict::pg_catalog.regdictionary)
        ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = o.oid))`,
  ),
  'text search dictionary': query(
    'pg_ts_dict',
    `pg_catalog.jsonb_build_object('options', pg_catalog.md5(o.dictinitoption),
      'template', (SELECT pg_catalog.format('%I.%I', n.nspname, t.tmplname) FROM pg_catalog.pg_ts_template t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.tmplnamespace WHERE t.oid = o.dicttemplate))`,
  ),
  'text search parser': query('pg_ts_parser', rest('prsname', 'prsnamespace')),
  'text search template': query('pg_ts_template', rest('tmplname', 'tmplnamespace')),
};
