import type pg from 'pg';
import { FIRST_NORMAL_OID } from '../catalog/outside-dependencies.ts';

/**
 * What decides the contents of every schema's dump alike: the server, the settings by which it writes values, and the rows of an archive that
 * are the database's. They are read as a whole, which costs the same however many schemas there are, once a session.
 */

/**
 * pg_dump leaves these as the role, the database and the server have set them. Read as the session began with them, which also pg_dump's
 * does: meanwhile a transaction may have others.
 */
const SETTINGS: readonly string[] = [
  'client_encoding',
  'standard_conforming_strings',
  'quote_all_identifiers',
  'TimeZone',
  'lc_monetary',
  'bytea_output',
  'xmlbinary',
];

/**
 * System identifier and timeline: a copy of a server goes on with the same transaction numbers, for other changes.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
 */
const SERVER = [
  '(SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())',
  '(SELECT timeline_id::pg_catalog.text FROM pg_catalog.pg_control_checkpoint())',
];

const all = (column: string, from: string): string =>
  `(SELECT pg_catalog.jsonb_agg(${column} ORDER BY ${column})::pg_catalog.text FROM ${from})`;

const OF_DATABASE =
  "= 'pg_catalog.pg_database'::pg_catalog.regclass AND d.datname = pg_catalog.current_database()";

/**
 * Entries DATABASE and DATABASE PROPERTIES of an archive. Names of roles are read from the snapshot: functions that give them, and the
 * text of a grant, have the present ones.
 */
const DATABASE = [
  `(SELECT (pg_catalog.to_jsonb(d) - '{datfrozenxid,datminmxid}'::pg_catalog.text[])::pg_catalog.text
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())`,
  ...['pg_shdescription', 'pg_shseclabel'].map((name) =>
    all(
      'pg_catalog.to_jsonb(c)',
      `pg_catalog.${name} c JOIN pg_catalog.pg_database d ON d.oid = c.objoid
      WHERE c.classoid ${OF_DATABASE}`,
    ),
  ),
  all(
    'pg_catalog.jsonb_build_array(s.deptype, r.oid, r.rolname)',
    `pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d ON d.oid = s.objid JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
      WHERE s.dbid = 0 AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.classid ${OF_DATABASE}`,
  ),
  all(
    'pg_catalog.jsonb_build_array(s.setrole, r.rolname, s.setconfig)',
    `pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
      WHERE d.datname = pg_catalog.current_database()`,
  ),
];

/** Names that stand in definitions and are in no dependency of an object. */
const NAMES = [
  all('pg_catalog.to_jsonb(e)', 'pg_catalog.pg_extension e'),
  all('pg_catalog.jsonb_build_array(t.oid, t.spcname)', 'pg_catalog.pg_tablespace t'),
  all(
    "pg_catalog.to_jsonb(l) - '{lanowner,lanacl}'::pg_catalog.text[]",
    'pg_catalog.pg_language l',
  ),
  // The first superuser, who has no dependencies.
  '(SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r WHERE r.oid = 10)',
  'session_user::pg_catalog.text',
];

/**
 * An index's operator class is written unless it is the default one of its column's type. Which one that is, is searched among all; casts
 * decide whether one of another type will do (GetDefaultOpClass in src/backend/commands/indexcmds.c).
 */
const DEFAULT_CLASSES = [
  all(
    'pg_catalog.jsonb_build_array(o.oid, o.xmin::pg_catalog.text)',
    `pg_catalog.pg_opclass o WHERE o.oid >= ${FIRST_NORMAL_OID} AND o.opcdefault`,
  ),
  all(
    'pg_catalog.jsonb_build_array(c.oid, c.xmin::pg_catalog.text)',
    `pg_catalog.pg_cast c WHERE c.oid >= ${FIRST_NORMAL_OID} AND c.castmethod = 'b'`,
  ),
];

const PIECES = [
  "pg_catalog.current_setting('server_version')",
  all(
    'pg_catalog.jsonb_build_array(s.name, s.reset_val)',
    `pg_catalog.pg_settings s WHERE s.name IN (${SETTINGS.map((name) => `'${name}'`).join(', ')})`,
  ),
  ...SERVER,
  ...DATABASE,
  ...NAMES,
  ...DEFAULT_CLASSES,
];

export const ENVIRONMENT_SQL = `
  SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.jsonb_build_array(${PIECES.join(', ')})::pg_catalog.text, 'UTF8')), 'hex') AS digest`;

/** Hexadecimal SHA-256. */
export const readEnvironment = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ digest: string }>(ENVIRONMENT_SQL);
  const [row] = rows;
  if (!row) throw new Error('the server gave no row');
  return row.digest;
};
