import type pg from 'pg';
import type { WrittenObject } from '../../../../core/errors/restore.ts';
import { identifier } from '../../sql/identifiers.ts';

/**
 * Finds rows of system catalogs that the transaction in progress has written, its subtransactions included. A row's `xmin` names the
 * transaction that wrote it; ours are still in progress (pg_xact_status), and such rows of other sessions are not visible.
 */

export interface Catalog {
  readonly name: string;
  /** SQL for the OID of the schema that a row belongs to; absent if it belongs to none. */
  readonly schema?: string;
  /** SQL for the readable name of a row, in a catalog that no restore writes to: any such row is a fault. */
  readonly title?: string;
  /** SQL by which a row is found again; its OID by default. */
  readonly id?: string;
  /** SQL for the part of a row that is compared; everything but the bookkeeping by default. */
  readonly content?: string;
  /** SQL condition for the rows that count; all by default. */
  readonly only?: string;
  /** Each new row comes with a new row of another catalog. */
  readonly follows?: boolean;
  /** Its rows are covered by those of pg_class, and by a lock. */
  readonly isColumnOf?: boolean;
  /** Its rows are parts of an object of another catalog: that catalog, and SQL for the object's OID. */
  readonly partOf?: readonly [string, string];
  /** The only columns that the table's statistics, and inheriting tables, change. */
  readonly bookkeeping?: readonly string[];
}

const inSchema = (name: string, column: string): Catalog => ({ name, schema: `c.${column}` });
const ofTable = (name: string, column: string): Catalog => ({
  name,
  schema: `(SELECT t.relnamespace FROM pg_catalog.pg_class t WHERE t.oid = c.${column})`,
});

const LARGE_OBJECTS = 'pg_largeobject_metadata';

/** Catalogs whose rows may have a comment or a security label, and that every role may read. */
const OF_OBJECTS: readonly Catalog[] = [
  {
    ...inSchema('pg_class', 'relnamespace'),
    bookkeeping: [
      ...['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid'],
      'relhassubclass',
    ],
  },
  inSchema('pg_proc', 'pronamespace'),
  inSchema('pg_type', 'typnamespace'),
  inSchema('pg_constraint', 'connamespace'),
  inSchema('pg_operator', 'oprnamespace'),
  inSchema('pg_opclass', 'opcnamespace'),
  inSchema('pg_opfamily', 'opfnamespace'),
  inSchema('pg_collation', 'collnamespace'),
  inSchema('pg_conversion', 'connamespace'),
  inSchema('pg_statistic_ext', 'stxnamespace'),
  inSchema('pg_ts_config', 'cfgnamespace'),
  inSchema('pg_ts_dict', 'dictnamespace'),
  inSchema('pg_ts_parser', 'prsnamespace'),
  inSchema('pg_ts_template', 'tmplnamespace'),
  inSchema('pg_default_acl', 'defaclnamespace'),
  inSchema('pg_extension', 'extnamespace'),
  ofTable('pg_trigger', 'tgrelid'),
  ofTable('pg_rewrite', 'ev_class'),
  ofTable('pg_policy', 'polrelid'),
];

/** SQL for the schema of the object that a comment, a label or a dependency belongs to; for a schema, the schema itself. */
const schemaOfTarget = (classId: string, id: string): string =>
  `COALESCE(CASE ${classId} ${[
    ...OF_OBJECTS.map(
      ({ name, schema = '0' }) =>
        `WHEN 'pg_catalog.${name}'::pg_catalog.regclass THEN (SELECT ${schema.replace(/\bc\./g, 'o.')} FROM pg_catalog.${name} o WHERE o.oid = ${id})`,
    ),
    `WHEN 'pg_catalog.pg_namespace'::pg_catalog.regclass THEN ${id}`,
  ].join(' ')} END, 0)`;

const onObject = (name: string, content: string, more = ''): Catalog => ({
  name,
  schema: schemaOfTarget('c.classoid', 'c.objoid'),
  id: `c.classoid::text || '.' || c.objoid::text || '.' || c.objsubid::text${more}`,
  content,
});

/** ALTER ... DEPENDS ON EXTENSION: dropping the extension drops the object. Other rows of pg_depend follow other catalogs. */
const ON_EXTENSION: Catalog = {
  name: 'pg_depend',
  only: `c.deptype = 'x'`,
  schema: schemaOfTarget('c.classid', 'c.objid'),
  id: `c.classid::text || '.' || c.objid::text || '.' || c.objsubid::text || '.' || c.refobjid::text`,
  content: 'c.deptype::text',
};

const ON_OBJECTS: Readonly<Record<string, string>> = {
  pg_depend: 'dependency on an extension of',
  pg_description: 'comment on',
  pg_seclabel: 'security label on',
};

/** Statistics only follow the other catalogs. */
export const CATALOGS: readonly Catalog[] = [
  ...OF_OBJECTS,
  onObject('pg_description', 'c.description'),
  onObject('pg_seclabel', 'c.label', ` || '.' || c.provider`),
  ON_EXTENSION,
  // Grants on a column take no lock. Any other change of a column locks its table. Columns other than these may have values of the tenant's
  // types, whose casts would run.
  {
    ...ofTable('pg_attribute', 'attrelid'),
    id: `c.attrelid::text || '.' || c.attnum::text`,
    content: 'c.attacl::text',
    follows: true,
    isColumnOf: true,
  },
  {
    name: 'pg_enum',
    schema: '(SELECT t.typnamespace FROM pg_catalog.pg_type t WHERE t.oid = c.enumtypid)',
    partOf: ['pg_type', 'c.enumtypid'],
  },
  {
    name: 'pg_ts_config_map',
    schema: '(SELECT t.cfgnamespace FROM pg_catalog.pg_ts_config t WHERE t.oid = c.mapcfg)',
    id: `c.mapcfg::text || '.' || c.maptokentype::text || '.' || c.mapseqno::text`,
    partOf: ['pg_ts_config', 'c.mapcfg'],
  },
  ofTable('pg_attrdef', 'adrelid'),
  ofTable('pg_publication_rel', 'prrelid'),
  // A cast from a range to its multirange comes with the type.
  {
    name: 'pg_cast',
    schema: '(SELECT t.typnamespace FROM pg_catalog.pg_type t WHERE t.oid = c.castsource)',
  },
  ...['pg_namespace', 'pg_event_trigger', 'pg_publication', 'pg_database', 'pg_tablespace'].map(
    (name) => ({ name }),
  ),
  ...['pg_foreign_server', 'pg_foreign_data_wrapper', 'pg_language', 'pg_transform', 'pg_am'].map(
    (name) => ({ name }),
  ),
  { name: LARGE_OBJECTS, title: `'large object ' || c.oid::text` },
  {
    name: 'pg_db_role_setting',
    title: `'settings of ' || CASE c.setrole WHEN 0 THEN 'the database' ELSE 'role ' || c.setrole::pg_catalog.regrole::text END`,
  },
  { name: 'pg_auth_members', title: `'members of role ' || c.roleid::pg_catalog.regrole::text` },
];

const row = ({ bookkeeping = [], content }: Catalog): string =>
  content ?? `(pg_catalog.to_jsonb(c) - '{${bookkeeping.join()}}'::text[])::text`;
/** SQL for the value by which a row is found. */
export const idOf = ({ id = 'c.oid::text' }: Catalog): string => id;

/** `$2` is the number of transactions that the server has begun since ours, ours included. */
const OURS = `CASE WHEN pg_catalog.age(c.xmin) BETWEEN 1 - $2::int AND 0
    THEN pg_catalog.pg_xact_status(
      (pg_catalog.pg_current_xact_id()::text::bigint - pg_catalog.age(c.xmin))::text::pg_catalog.xid8) = 'in progress'
    ELSE false END`;

const select = (catalog: Catalog): string => `
  SELECT '${catalog.name}' AS catalog, ${catalog.title ? 'NULL' : idOf(catalog)} AS oid, ${catalog.title ?? 'NULL'} AS title,
    (${catalog.schema ?? '0'})::text AS schema, ${row(catalog)} AS content
  FROM pg_catalog.${catalog.name} c
  WHERE ${catalog.only ?? 'true'} AND ${OURS} AND ${catalog.schema ? `${catalog.schema} <> ALL ($1::oid[])` : 'true'}`;

const WRITTEN = CATALOGS.map(select).join(' UNION ALL ');

export interface WrittenRow {
  readonly catalog: string;
  /** Or the value by which it is found. Null in a catalog that no restore writes to. */
  readonly oid: string | null;
  readonly title: string | null;
  /** OID of its schema; 0 if it is in none. */
  readonly schema: string;
  /** The row as JSON, without bookkeeping. */
  readonly content: string | null;
}

/** Catalogs whose new rows are reported with those of other catalogs. */
export const FOLLOWING: readonly string[] = CATALOGS.flatMap(({ name, follows }) =>
  follows ? [name] : [],
);

/**
 * @param except OIDs of schemas whose objects are left out
 * @param transactions how many the server has begun since ours, ours included
 */
export const readWritten = async (
  client: pg.Client,
  except: readonly string[],
  transactions: number,
): Promise<readonly WrittenRow[]> =>
  (await client.query<WrittenRow>(WRITTEN, [except, transactions])).rows;

/** The same rows as another session sees them, by catalog and OID. New rows are not among them. */
export const readCommitted = async (
  observer: pg.Client,
  rows: readonly WrittenRow[],
): Promise<ReadonlyMap<string, string | null>> => {
  const found = new Map<string, string | null>();
  for (const catalog of CATALOGS) {
    const oids = rows.flatMap(({ catalog: of, oid }) => (of === catalog.name && oid) || []);
    if (!oids.length) continue;
    const { rows: there } = await observer.query<{ oid: string; content: string | null }>(
      `SELECT ${idOf(catalog)} AS oid, ${row(catalog)} AS content FROM pg_catalog.${identifier(catalog.name)} c WHERE ${idOf(catalog)} = ANY ($1::text[])`,
      [oids],
    );
    for (const { oid, content } of there) found.set(rowKey(catalog.name, oid), content);
  }
  return found;
};

export const rowKey = (catalog: string, oid: string | null): string => `${catalog} ${oid}`;

const IDENTITY = `
  SELECT o.type AS kind, o.type || ' ' || o.identity AS title
  FROM pg_catalog.pg_identify_object(pg_catalog.to_regclass('pg_catalog.' || $1), $2::oid, $3::int) o WHERE o.identity IS NOT NULL`;

const IDENTITY_OF = `
  SELECT o.type AS kind, o.type || ' ' || o.identity AS title
  FROM pg_catalog.pg_identify_object($1::oid, $2::oid, $3::int) o WHERE o.identity IS NOT NULL`;

/** Its readable name, such as `function shared.f(integer)`. */
export const objectOf = async (client: pg.Client, one: WrittenRow): Promise<WrittenObject> => {
  const kind = one.catalog === LARGE_OBJECTS ? 'large object' : one.catalog;
  if (one.title !== null || one.oid === null) return { kind, title: one.title ?? one.catalog };
  const part = CATALOGS.find(({ name }) => name === one.catalog);
  if (part?.partOf) {
    const [of, whole] = part.partOf;
    const sql = `SELECT ${whole}::text AS oid FROM pg_catalog.${part.name} c WHERE ${idOf(part)} = $1`;
    const [found] = (await client.query<{ oid: string }>(sql, [one.oid])).rows;
    return await objectOf(client, { ...one, catalog: of, oid: found?.oid ?? '0' });
  }
  const on = ON_OBJECTS[one.catalog];
  if (on !== undefined) {
    const [of, target, column = 0] = one.oid.split('.');
    const [found] = (await client.query<WrittenObject>(IDENTITY_OF, [of, target, column])).rows;
    return { kind, title: `${on} ${found?.title ?? 'an object'}` };
  }
  const [oid, column = 0] = one.oid.split('.');
  const catalog = one.catalog === 'pg_attribute' ? 'pg_class' : one.catalog;
  const [found] = (await client.query<WrittenObject>(IDENTITY, [catalog, oid, column])).rows;
  return found ?? { kind, title: `row ${one.oid} of ${one.catalog}` };
};
