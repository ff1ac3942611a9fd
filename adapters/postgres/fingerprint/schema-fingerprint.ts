import type pg from 'pg';
import { FIRST_NORMAL_OID } from '../catalog/outside-dependencies.ts';
import { catalog, INNER_TYPES, NOTES, OUTSIDE_CATALOGS, OWN_CATALOGS, PARTS } from './catalogs.ts';

/**
 * A digest of everything on which the table of contents of `pg_dump -n` depends. As long as it stands, and the environment's with it (see
 * environment.ts), pg_dump writes the same definitions again. Values are not in it: neither rows nor those of sequences.
 *
 * It begins with the schema and goes down pg_depend to all that belongs to it. A row of a catalog is not read but told by its `xmin`, the
 * transaction that wrote it. ANALYZE and VACUUM write in place and leave it; so does freezing. A row that is written anew without a change
 * of definitions, as TRUNCATE writes that of a table, changes the fingerprint without need: that costs a pg_dump and no more.
 *
 * What the schema refers to outside is followed one step, and types through all that they are made of, since constants show their labels
 * and names. PostgreSQL's own objects have no rows in pg_depend: their names do not change.
 *
 * Every step is a look-up in an index, so the number of other schemas is of no concern. The session must plan by index: see
 * PLANNED_BY_INDEX in ../session/planned-by-index.ts.
 *
 * It sees neither a changed object of PostgreSQL's own, nor an object that an expression names in the text of a value: see
 * readNeverKept.
 */

/**
 * Objects that are in no schema and in no dump of one, but depend on objects of a schema. pg_dump sorts all objects of the database by their
 * dependencies, so these may decide which of two entries comes first.
 */
const BESIDE = [
  'pg_cast',
  'pg_transform',
  'pg_event_trigger',
  'pg_am',
  'pg_language',
  'pg_foreign_data_wrapper',
];

/** What belongs to the schemas whose names are `$1`: what is in them, and what depends on that as a part does. */
export const OWN = `
  own (classid, objid) AS (
    SELECT ${catalog('pg_namespace')}::pg_catalog.oid, s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = ANY ($1)
    UNION
    SELECT d.classid, d.objid
    FROM own JOIN pg_catalog.pg_depend d ON d.refclassid = own.classid AND d.refobjid = own.objid
    WHERE d.deptype IN ('a', 'i', 'P', 'S')
      OR d.deptype = 'n' AND (own.classid = ${catalog('pg_namespace')} OR d.classid IN (${BESIDE.map(catalog).join(', ')}))
  )`;

/** What that depends on. */
const NEEDS = `
  needs AS MATERIALIZED (
    SELECT d.* FROM own JOIN pg_catalog.pg_depend d ON d.classid = own.classid AND d.objid = own.objid
  ), outside AS MATERIALIZED (
    SELECT DISTINCT n.refclassid AS classid, n.refobjid AS objid FROM needs n
    WHERE NOT EXISTS (SELECT FROM own WHERE own.classid = n.refclassid AND own.objid = n.refobjid)
  )`;

/** Types outside, those of functions and columns there, and what they are all made of. */
const TYPES = `
  types (oid) AS (
    SELECT seed.oid FROM (
      SELECT o.objid AS oid FROM outside o WHERE o.classid = ${catalog('pg_type')}
      UNION ALL
      SELECT v.oid FROM outside o JOIN pg_catalog.pg_proc p ON p.oid = o.objid
        CROSS JOIN LATERAL pg_catalog.unnest(p.prorettype || p.proargtypes::pg_catalog.oid[] || COALESCE(p.proallargtypes, '{}')) AS v (oid)
        WHERE o.classid = ${catalog('pg_proc')}
    ) AS seed WHERE seed.oid >= ${FIRST_NORMAL_OID}
    UNION
    SELECT made.oid
    FROM types JOIN pg_catalog.pg_type t ON t.oid = types.oid
    CROSS JOIN LATERAL (${INNER_TYPES}
    ) AS made (oid)
    WHERE made.oid >= ${FIRST_NORMAL_OID}
  )`;

const text = (...columns: readonly string[]): string =>
  `pg_catalog.concat_ws(' ', ${columns.join(', ')})`;

const ownRows = OWN_CATALOGS.map(
  (name) => `SELECT ${text(`'${name}'`, 'c.oid', 'c.xmin')}
    FROM own JOIN pg_catalog.${name} c ON c.oid = own.objid WHERE own.classid = ${catalog(name)}`,
);

const partRows = PARTS.map(([name, whole, column]) => {
  const isColumn = name === 'pg_attribute';
  return `SELECT ${text(`'${name}'`, 'own.objid', ...(isColumn ? ['c.attnum'] : []), 'c.xmin')}
    FROM own JOIN pg_catalog.${name} c ON c.${column} = own.objid
    WHERE own.classid = ${catalog(whole)}${isColumn ? ' AND c.attnum > 0' : ''}`;
});

const noteRows = NOTES.map(
  ([
    name,
    more,
  ]) => `SELECT ${text(`'${name}'`, 'c.classoid', 'c.objoid', 'c.objsubid', `c.xmin${more}`)}
    FROM own JOIN pg_catalog.${name} c ON c.objoid = own.objid AND c.classoid = own.classid`,
);

/** Roles are renamed without a trace in the objects that they own or may use. */
const ROLES = `
  SELECT ${text("'role'", 's.classid', 's.objid', 's.objsubid', 's.deptype', 's.refobjid', 'pg_catalog.quote_literal(r.rolname)')}
  FROM own
  JOIN pg_catalog.pg_shdepend s ON s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
    AND s.classid = own.classid AND s.objid = own.objid
  JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
  WHERE s.refclassid = ${catalog('pg_authid')}`;

const outsideRows = OUTSIDE_CATALOGS.map(
  ({ catalog: name, schema, name: called, columns = [] }) => {
    const row = called
      ? [
          `pg_catalog.quote_literal(c.${called})`,
          ...columns.map((one) => `COALESCE(c.${one}::pg_catalog.text, '-')`),
        ]
      : ['c.xmin'];
    return `SELECT ${text(`'outside ${name}'`, 'c.oid', ...row, ...(schema ? ['pg_catalog.quote_literal(n.nspname)'] : []))}
    FROM outside o JOIN pg_catalog.${name} c ON c.oid = o.objid${schema ? ` JOIN pg_catalog.pg_namespace n ON n.oid = c.${schema}` : ''}
    WHERE o.classid = ${catalog(name)}`;
  },
);

/** Views name the columns of what they read; so do keys. Of a view, its query decides what pg_dump lets come before it. */
const OUTSIDE_PARTS = [
  `SELECT ${text("'outside column'", 'a.attrelid', 'a.attnum', 'pg_catalog.quote_literal(a.attname)', 'a.atttypid')}
    FROM outside o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.objid AND a.attnum > 0 WHERE o.classid = ${catalog('pg_class')}`,
  `SELECT ${text("'outside rule'", 'r.oid', 'r.xmin')}
    FROM outside o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.objid WHERE o.classid = ${catalog('pg_class')}`,
  `SELECT ${text("'outside attribute'", 'a.attrelid', 'a.attnum', 'pg_catalog.quote_literal(a.attname)', 'a.atttypid')}
    FROM types JOIN pg_catalog.pg_type t ON t.oid = types.oid JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0`,
  `SELECT ${text("'outside label'", 'e.enumtypid', 'e.oid', 'pg_catalog.quote_literal(e.enumlabel)')}
    FROM types JOIN pg_catalog.pg_enum e ON e.enumtypid = types.oid`,
];

const NEEDS_ROWS = `SELECT ${text("'needs'", 'n.classid', 'n.objid', 'n.objsubid', 'n.refclassid', 'n.refobjid', 'n.refobjsubid', 'n.deptype')} FROM needs n`;

const LINES = [
  NEEDS_ROWS,
  ...ownRows,
  ...partRows,
  ...noteRows,
  ROLES,
  ...outsideRows,
  ...OUTSIDE_PARTS,
].join('\n  UNION ALL ');

/** One line for each fact. Its first word says what it is of. */
export const FINGERPRINT_LINES = `WITH RECURSIVE ${OWN}, ${NEEDS}, ${TYPES}, lines (line) AS (
  ${LINES})`;

export const FINGERPRINT_SQL = `${FINGERPRINT_LINES}
  SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(COALESCE(pg_catalog.string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex') AS digest
  FROM lines`;

/**
 * Hexadecimal SHA-256; of the empty text if there is no such schema. Equal ones of two snapshots mean equal definitions, in an
 * equal environment.
 */
export const readFingerprint = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<string> => {
  const { rows } = await client.query<{ digest: string }>(FINGERPRINT_SQL, [schemas]);
  const [row] = rows;
  if (!row) throw new Error('the server gave no row');
  return row.digest;
};
