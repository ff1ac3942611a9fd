import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { Outside } from '../../../core/manifest.ts';
import type { RestoreReport } from '../../../core/restore.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { ROLES_PAGE } from '../replay/statement-errors.ts';
import { nameInText } from '../sql/kinds/clauses.ts';
import { schemasNamed } from '../sql/schemas-named.ts';
import type { Findings } from './rights.ts';

/** Objects outside its schemas that the backup needs, and objects outside that name the live schemas. */

/** Functions that find an object of a kind by its SQL name. Other kinds are found by their identity. */
const FINDERS: Readonly<Record<string, string>> = {
  table: 'to_regclass',
  view: 'to_regclass',
  'materialized view': 'to_regclass',
  'foreign table': 'to_regclass',
  sequence: 'to_regclass',
  index: 'to_regclass',
  type: 'to_regtype',
  domain: 'to_regtype',
  function: 'to_regprocedure',
  procedure: 'to_regprocedure',
  aggregate: 'to_regprocedure',
  operator: 'to_regoperator',
  collation: 'to_regcollation',
  schema: 'to_regnamespace',
};

/** Small catalogs: all their objects are compared by identity. */
const CATALOGS: Readonly<Record<string, string>> = {
  server: 'pg_foreign_server',
  'foreign-data wrapper': 'pg_foreign_data_wrapper',
  language: 'pg_language',
  tablespace: 'pg_tablespace',
  'access method': 'pg_am',
  'operator class': 'pg_opclass',
  'operator family': 'pg_opfamily',
  conversion: 'pg_conversion',
  'text search dictionary': 'pg_ts_dict',
  'text search configuration': 'pg_ts_config',
  'text search template': 'pg_ts_template',
  'text search parser': 'pg_ts_parser',
};

const queryFor = (kind: string): string | undefined => {
  const finder = FINDERS[kind];
  if (finder) return `SELECT pg_catalog.${finder}($1) IS NOT NULL AS there`;
  const catalog = CATALOGS[kind];
  if (!catalog) return undefined;
  return `SELECT EXISTS (
    SELECT FROM pg_catalog.${catalog} o, LATERAL pg_catalog.pg_identify_object('pg_catalog.${catalog}'::pg_catalog.regclass, o.oid, 0) i
    WHERE i.identity = $1) AS there`;
};

type Presence = 'there' | 'missing' | 'closed';

/** Before PostgreSQL 16 a missing argument type raises an error; then the object is missing too. */
const presenceOf = async (client: pg.Client, { kind, name }: Outside): Promise<Presence> => {
  const sql = queryFor(kind);
  if (!sql) return 'there';
  try {
    const [row] = (await client.query<{ there: boolean }>(sql, [name])).rows;
    return row?.there ? 'there' : 'missing';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '42501') return 'closed';
    if (code?.startsWith('42') || code === '3F000') return 'missing';
    throw error;
  }
};

const LONGEST_FIRST = [...Object.keys(FINDERS), ...Object.keys(CATALOGS)].sort(
  (a, b) => b.length - a.length,
);

/** Such as `FUNCTION s.f(integer)`, as in DROP. Sequences are checked elsewhere. */
const needOf = (need: string): Outside | undefined => {
  const kind = LONGEST_FIRST.find((one) => need.startsWith(`${one.toUpperCase()} `));
  if (kind === undefined || kind === 'sequence') return undefined;
  return { kind, name: need.slice(kind.length + 1), neededBy: [] };
};

const ROUTINES = ['function', 'procedure', 'aggregate'];
const ROUTINE_THERE = `
  SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname = $2`;

/** DROP also names a routine's arguments, which no lookup function accepts. So any routine of that name counts. */
const isMissing = async (client: pg.Client, one: Outside): Promise<boolean> => {
  if (!ROUTINES.includes(one.kind)) return (await presenceOf(client, one)) === 'missing';
  const [head = ''] = /^(?:"(?:[^"]|"")*"|[^"(])*/.exec(one.name) ?? [];
  const routine = nameInText(head);
  if (!routine) return false;
  return (await client.query(ROUTINE_THERE, [routine.schema, routine.name])).rowCount === 0;
};

/** If chosen tables go into the live schema, the objects that they need there must exist: they are not restored. */
export const checkNeeds = async (
  client: pg.Client,
  { mode, chosen }: PreflightRequest,
): Promise<Findings> => {
  const problems: string[] = [];
  for (const need of mode === 'tables-live' ? (chosen?.needs ?? []) : []) {
    const one = needOf(need);
    if (!one || !(await isMissing(client, one))) continue;
    problems.push(
      `The ${one.kind} ${one.name} is missing, which the tables need: create it, or restore beside, which includes it.`,
    );
  }
  return { problems, warnings: [] };
};

/** Perhaps only foreign keys need the table; they are added afterwards and may be left out. */
const MAY_LACK = ['table'];

const neededBy = ({ neededBy: all }: Outside): string =>
  `${all.slice(0, 3).join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`;

export const checkOutside = async (
  client: pg.Client,
  { manifest, tables }: PreflightRequest,
): Promise<Findings & Pick<RestoreReport, 'missingOutside'>> => {
  const missing: Outside[] = [];
  const closed: Outside[] = [];
  for (const one of manifest.outside.filter(({ kind }) => kind !== 'extension')) {
    const presence = await presenceOf(client, one);
    if (presence === 'missing') missing.push(one);
    if (presence === 'closed') closed.push(one);
  }
  const said = (one: Outside): string =>
    `The ${one.kind} ${one.name} is missing, which ${neededBy(one)} needs`;
  const isWarning = ({ kind }: Outside): boolean => Boolean(tables) || MAY_LACK.includes(kind);
  return {
    missingOutside: missing.map(({ kind, name }) => `${kind} ${name}`),
    problems: [
      ...missing.filter((one) => !isWarning(one)).map((one) => `${said(one)}: create it first.`),
      ...closed.map(
        (one) =>
          `The restore role has no USAGE on the schema of the ${one.kind} ${one.name}, which ${neededBy(one)} needs: grant it. ${ROLES_PAGE}`,
      ),
    ],
    warnings: missing
      .filter(isWarning)
      .map(
        (one) =>
          `${said(one)}: an object that can't be created without it ends the restore, and the error names it.`,
      ),
  };
};

const SOURCES = `
  SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name, p.prosrc AS body,
    COALESCE((SELECT set FROM pg_catalog.unnest(p.proconfig) set WHERE set LIKE 'search_path=%'), '') AS path
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc', NAMED_SCHEMAS)})) AND l.lanname NOT IN ('c', 'internal') AND p.prosrc <> ''
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e'
    )
  ORDER BY 1`;

/** Function bodies are text: in the new schema they still name the live one. */
export const functionsNaming = async (
  client: pg.Client,
  { places, mode }: PreflightRequest,
): Promise<string[]> => {
  const renamed = places.filter(({ from, to }) => from !== to).map(({ from }) => from);
  if (mode === 'tables-live' || mode === 'swap' || !renamed.length) return [];
  interface Source {
    readonly name: string;
    readonly body: string;
    readonly path: string;
  }
  const sources = (await client.query<Source>(SOURCES, [renamed])).rows;
  const names = new Set(renamed);
  return sources.filter((source) => schemasNamed(source, names).length).map(({ name }) => name);
};

const KEYS = `
  SELECT n.nspname AS schema, c.relname AS table, pg_catalog.format('%s.%s: %s', n.nspname, c.relname, k.conname) AS name, fn.nspname || '.' || f.relname AS referenced,
    pg_catalog.has_table_privilege(f.oid, 'REFERENCES') OR pg_catalog.has_any_column_privilege(f.oid, 'REFERENCES') AS may
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class f ON f.oid = k.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND fn.nspname <> ALL ($1)
  ORDER BY name`;

/** Foreign keys from live tables to tables outside; the backup's own may differ. */
export const checkKeys = async (
  client: pg.Client,
  { places, tables, mode }: PreflightRequest,
): Promise<Findings & Pick<RestoreReport, 'foreignKeysOutside'>> => {
  interface Row {
    readonly schema: string;
    readonly table: string;
    readonly name: string;
    readonly referenced: string;
    readonly may: boolean;
  }
  const all = (await client.query<Row>(KEYS, [places.map(({ from }) => from)])).rows;
  const found = all.filter(
    ({ schema, table }) =>
      !tables || tables.some((one) => one.schema === schema && one.name === table),
  );
  const closed = [...new Set(found.filter(({ may }) => !may).map(({ referenced }) => referenced))];
  const said = (ending: string): string[] =>
    closed.map(
      (table) =>
        `Foreign keys to ${quoted(table)} can't be added: GRANT REFERENCES on it to the restore role, ${ending}. ${ROLES_PAGE}`,
    );
  return {
    foreignKeysOutside: found.map(({ name }) => name),
    problems: mode === 'swap' ? said('a swap that loses them is refused') : [],
    warnings: mode === 'swap' ? [] : said('or add them by hand afterwards'),
  };
};
