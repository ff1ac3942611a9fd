import {
  catalog,
  NOTES,
  OUTSIDE_CATALOGS,
  OWN_CATALOGS,
  OWNED_CATALOGS,
  PARTS,
} from './catalogs.ts';

/** Oids of objects, each as the text of an array, by the name of their catalog. */
export interface Reached {
  readonly own: ReadonlyMap<string, string>;
  readonly outside: ReadonlyMap<string, string>;
  /** Of types outside, and of what they are made of. */
  readonly types: string | undefined;
}

/**
 * The query that reads one line for each fact about these objects, and digests them. It asks each catalog only that has some, by the index
 * on its OIDs.
 */
export const linesQuery = ({
  own,
  outside,
  types,
}: Reached): { readonly text: string; readonly values: readonly string[] } => {
  const values: string[] = [];
  /** SQL of an array of oids. */
  const given = (oids: string): string => {
    values.push(oids);
    return `ANY ($${values.length}::pg_catalog.oid[])`;
  };
  const among = (kind: ReadonlyMap<string, string>) => {
    const used = new Map<string, string>();
    return (name: string, query: (oids: string) => string): string[] => {
      const oids = kind.get(name);
      if (oids === undefined) return [];
      // Only what a query names may be a parameter.
      const sql = used.get(name) ?? given(oids);
      used.set(name, sql);
      return [query(sql)];
    };
  };
  const ofOwn = among(own);
  const ofOutside = among(outside);
  const noted = given(allOf(own));
  const lines = [
    // Never empty.
    `SELECT 'schema fingerprint 1'`,
    ...OWN_CATALOGS.flatMap((name) =>
      ofOwn(name, (oids) => select(name, ['c.oid', 'c.xmin'], `c.oid = ${oids}`)),
    ),
    ...PARTS.flatMap(([name, whole, column]) =>
      ofOwn(whole, (oids) => {
        const more = name === 'pg_attribute' ? ' AND c.attnum > 0' : '';
        const number = name === 'pg_attribute' ? ['c.attnum'] : [];
        return select(
          name,
          [`c.${column}::pg_catalog.oid`, ...number, 'c.xmin'],
          `c.${column} = ${oids}${more}`,
        );
      }),
    ),
    ...NOTES.map(([name, more]) =>
      // An OID is one of a catalog: a note on an object elsewhere with the same one changes the fingerprint without need.
      select(
        name,
        ['c.classoid', 'c.objoid', 'c.objsubid', `c.xmin${more}`],
        `c.objoid = ${noted}`,
      ),
    ),
    ...OWNED_CATALOGS.flatMap((name) => ofOwn(name, (oids) => roleUses(name, oids))),
    ...OUTSIDE_CATALOGS.flatMap((one) =>
      ofOutside(one.catalog, (oids) =>
        select(one.catalog, outsideColumns(one), `c.oid = ${oids}`, 'outside '),
      ),
    ),
    ...ofOutside('pg_class', (oids) =>
      select('pg_attribute', COLUMN, `c.attrelid = ${oids} AND c.attnum > 0`, 'outside '),
    ),
    ...(types === undefined ? [] : [given(types)]).flatMap((oids) => [
      select(
        'pg_enum',
        ['c.enumtypid', 'c.oid', literal('c.enumlabel')],
        `c.enumtypid = ${oids}`,
        'made of ',
      ),
      select(
        'pg_attribute',
        COLUMN,
        `c.attrelid = ANY (ARRAY(SELECT t.typrelid FROM pg_catalog.pg_type t WHERE t.oid = ${oids})) AND c.attnum > 0`,
        'made of ',
      ),
    ]),
  ];
  return {
    text: `SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(l.line, E'\\n' ORDER BY l.line COLLATE "C"), 'UTF8')), 'hex') AS digest
  FROM (${lines.join('\n  UNION ALL ')}) AS l (line)`,
    values,
  };
};

/** Text of an array of all oids. */
const allOf = (own: ReadonlyMap<string, string>): string =>
  `{${[...own.values()].map((oids) => oids.slice(1, -1)).join(',')}}`;

const literal = (column: string): string => `pg_catalog.quote_literal(${column})`;

const select = (name: string, columns: readonly string[], condition: string, as = ''): string =>
  `SELECT pg_catalog.concat_ws(' ', '${as}${name}', ${columns.join(', ')}) FROM pg_catalog.${name} c WHERE ${condition}`;

/** Views name the columns of what they read; so do keys. */
const COLUMN = ['c.attrelid', 'c.attnum', literal('c.attname'), 'c.atttypid'];

const schemaName = (column: string): string =>
  `(SELECT ${literal('n.nspname')} FROM pg_catalog.pg_namespace n WHERE n.oid = c.${column})`;

const outsideColumns = ({
  schema,
  name,
  columns = [],
}: (typeof OUTSIDE_CATALOGS)[number]): string[] => [
  'c.oid',
  ...(name
    ? [literal(`c.${name}`), ...columns.map((one) => `COALESCE(c.${one}::pg_catalog.text, '-')`)]
    : ['c.xmin']),
  ...(schema ? [schemaName(schema)] : []),
];

/** Roles are renamed without a trace in the objects that they own or may use. */
const roleUses = (name: string, oids: string): string =>
  select(
    'pg_shdepend',
    [
      'c.classid',
      'c.objid',
      'c.objsubid',
      'c.deptype',
      'c.refobjid',
      `(SELECT ${literal('r.rolname')} FROM pg_catalog.pg_roles r WHERE r.oid = c.refobjid)`,
    ],
    `c.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
      AND c.classid = ${catalog(name)} AND c.objid = ${oids} AND c.refclassid = ${catalog('pg_authid')}`,
  );
