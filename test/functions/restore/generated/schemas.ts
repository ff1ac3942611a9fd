import fc from 'fast-check';
import type { Compression, Format } from '../../../../core/backup.ts';
import { TABLES as VIEWED } from '../../../adapters/postgres/support/views.ts';
import { access } from './access.ts';
import { BEFORE_TABLES, code } from './code.ts';
import { divided, later, type Sql, TYPES, tables } from './tables.ts';

/** One tenant: its schema's name, the statements that create it, and its backup options. */
export interface Tenant {
  readonly schema: string;
  /** Of the session that makes it, after the schema itself. */
  readonly path: string;
  /** In order; a statement that a server refuses is left out, because it then had no effect. */
  readonly steps: readonly string[];
  readonly format: Format;
  readonly compression: Compression | undefined;
  /** It contains an extension, so only a superuser can restore it. */
  readonly extension: boolean;
  /** Rows that no longer satisfy a check. */
  readonly conflict: boolean;
}

const ENCODINGS: readonly (readonly [Format, Compression | undefined])[] = [
  ['custom', undefined],
  ['custom', 'none'],
  ['plain', 'none'],
  ['plain', 'gzip'],
  ['plain', 'zstd'],
  ['plain', 'bzip2'],
  ['tar', undefined],
];

const viewed = VIEWED.map((sql) => sql.replace('gen.', ''));
const VIEWED_ROWS = ['t', 'u'].map(
  (name) =>
    `INSERT INTO ${name} SELECT n, n, n, CASE n % 3 WHEN 0 THEN 'X' WHEN 1 THEN 'x' END, 'D' || n % 2, 'v', 'a.b', ARRAY[n], n % 2 = 0 FROM generate_series(1, 6) n`,
);
const EXTENSION = 'CREATE EXTENSION unaccent SCHEMA §';
const CONFLICT = `CREATE FUNCTION was_met(int) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE TABLE unmet (n int CONSTRAINT unmet_check CHECK (was_met(n)));
  INSERT INTO unmet VALUES (1), (2); CREATE OR REPLACE FUNCTION was_met(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 1'`;

const steps: Sql = fc
  .tuple(tables, divided, later, code, access)
  .map((all) => [...TYPES, ...BEFORE_TABLES, ...viewed, ...VIEWED_ROWS, ...all.flat()]);

const seldom = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);

export const TENANTS: fc.Arbitrary<Tenant> = fc
  .record({
    schema: fc.constantFrom('acme', 'Acme', `x"; DROP SCHEMA victim; --'`, 'ü.$$ \\', 'user'),
    path: fc.constantFrom('ext, shared', 'shared, ext', 'pg_catalog', 'rough, pg_catalog, ext'),
    steps,
    encoding: fc.constantFrom(...ENCODINGS),
    extension: seldom,
    conflict: seldom,
  })
  .map(({ encoding: [format, compression], steps: made, ...rest }) => ({
    ...rest,
    format,
    compression,
    steps: [...made, ...(rest.extension ? [EXTENSION] : []), ...(rest.conflict ? [CONFLICT] : [])],
  }));

/** What surrounds every tenant, created by a superuser. */
export const SURROUNDINGS = `
CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION intarray SCHEMA ext;
CREATE SCHEMA shared AUTHORIZATION app_owner; CREATE SCHEMA rough; GRANT USAGE ON SCHEMA ext, rough, shared TO PUBLIC;
CREATE FUNCTION rough.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT lower($1) OPERATOR(pg_catalog.=) lower($2)';
CREATE OPERATOR rough.= (LEFTARG = text, RIGHTARG = text, FUNCTION = rough.same, COMMUTATOR = OPERATOR(rough.=));
CREATE TABLE shared.users (id int PRIMARY KEY, name ext.citext); INSERT INTO shared.users SELECT n, 'u' || n FROM generate_series(0, 2000) n; ALTER TABLE shared.users OWNER TO app_owner;
CREATE SCHEMA victim AUTHORIZATION victim_owner; CREATE TABLE victim.secret (v text); INSERT INTO victim.secret VALUES ('untouched'); ALTER TABLE victim.secret OWNER TO victim_owner;
CREATE SEQUENCE victim.numbers START 3; ALTER SEQUENCE victim.numbers OWNER TO victim_owner;
CREATE SCHEMA control_plane; CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text NOT NULL, schema_name text NOT NULL, status text NOT NULL);
`;
