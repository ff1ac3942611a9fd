import * as fc from 'fast-check';

/**
 * Random changes of definitions in a schema `s`, and outside of it in `o`, between which objects refer to each other. Many are impossible in
 * the state that the ones before have made; these are left out.
 */
export const UNIVERSE = `
  CREATE SCHEMA s; CREATE SCHEMA o; CREATE ROLE walker_1; CREATE ROLE walker_2;
  CREATE TYPE o.e AS ENUM ('x', 'y'); CREATE TYPE s.e AS ENUM ('x', 'y'); CREATE TYPE o.c AS (a o.e, b int); CREATE DOMAIN o.d AS o.e;
  CREATE TABLE o.t (a int PRIMARY KEY, b text); CREATE TABLE s.t (a int PRIMARY KEY, b text, e o.e DEFAULT 'x', c o.c DEFAULT ROW('x', 1));
  CREATE FUNCTION o.f(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1; CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1;
  CREATE VIEW o.v AS SELECT a, b FROM o.t; CREATE VIEW s.v AS SELECT v.a, v.b FROM o.v;`;

const schema = fc.constantFrom('s', 's', 's', 'o');
const table = fc.constantFrom('t', 'u', 'w');
const column = fc.constantFrom('a', 'b', 'e', 'c', 'g');
const type = fc.constantFrom(
  'int',
  'text',
  'o.e',
  's.e',
  'o.c',
  'o.d',
  'o.e[]',
  's.t',
  'o.t',
  'bigint',
);
const role = fc.constantFrom('walker_1', 'walker_2', 'postgres');
const value = fc.constantFrom(
  "'x'",
  "'y'",
  '1',
  'NULL',
  'o.f(1)',
  's.f(2)',
  "'{x}'",
  "ROW('x', 2)",
  "'z'",
);
const name = fc.constantFrom('n1', 'n2');
const right = fc.constantFrom('SELECT', 'INSERT', 'ALL');

type Piece = fc.Arbitrary<string>;
const sql = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Piece =>
  fc.tuple(...pieces).map((chosen) => texts.map((text, i) => `${text}${chosen[i] ?? ''}`).join(''));

export const randomChange: Piece = fc.oneof(
  sql`CREATE TABLE ${schema}.${table} (a int PRIMARY KEY, ${column} ${type} DEFAULT ${value})`,
  sql`CREATE TABLE ${schema}.${table} (LIKE ${schema}.${table} INCLUDING ALL)`,
  sql`CREATE TABLE ${schema}.${table} (a int, b text) PARTITION BY LIST (a)`,
  sql`CREATE TABLE ${schema}.${table} PARTITION OF ${schema}.${table} DEFAULT`,
  sql`DROP TABLE ${schema}.${table} CASCADE`,
  sql`ALTER TABLE ${schema}.${table} RENAME TO ${table}`,
  sql`ALTER TABLE ${schema}.${table} SET SCHEMA ${schema}`,
  sql`ALTER TABLE ${schema}.${table} ADD COLUMN ${column} ${type} DEFAULT ${value}`,
  sql`ALTER TABLE ${schema}.${table} DROP COLUMN ${column} CASCADE`,
  sql`ALTER TABLE ${schema}.${table} RENAME ${column} TO ${column}`,
  sql`ALTER TABLE ${schema}.${table} ALTER ${column} SET DEFAULT ${value}`,
  sql`ALTER TABLE ${schema}.${table} ALTER ${column} DROP DEFAULT`,
  sql`ALTER TABLE ${schema}.${table} ALTER ${column} SET NOT NULL`,
  sql`ALTER TABLE ${schema}.${table} ALTER ${column} TYPE ${type}`,
  sql`ALTER TABLE ${schema}.${table} ADD CONSTRAINT ${name} CHECK (${column} IS NOT NULL AND o.f(1) = 1)`,
  sql`ALTER TABLE ${schema}.${table} ADD CONSTRAINT ${name} FOREIGN KEY (${column}) REFERENCES ${schema}.${table}`,
  sql`ALTER TABLE ${schema}.${table} DROP CONSTRAINT ${name} CASCADE`,
  sql`ALTER TABLE ${schema}.${table} RENAME CONSTRAINT ${name} TO ${name}`,
  sql`ALTER TABLE ${schema}.${table} INHERIT ${schema}.${table}`,
  sql`ALTER TABLE ${schema}.${table} OWNER TO ${role}`,
  sql`ALTER TABLE ${schema}.${table} ENABLE ROW LEVEL SECURITY`,
  sql`CREATE INDEX ${name} ON ${schema}.${table} (${column})`,
  sql`DROP INDEX ${schema}.${name} CASCADE`,
  sql`CREATE OR REPLACE VIEW ${schema}.v AS SELECT t.a, t.${column} AS b FROM ${schema}.${table} t`,
  sql`DROP VIEW ${schema}.v CASCADE`,
  sql`CREATE MATERIALIZED VIEW ${schema}.${name} AS SELECT * FROM ${schema}.${table}`,
  sql`CREATE OR REPLACE FUNCTION ${schema}.f(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN ${fc.constantFrom('1', 'o.f($1)', 's.f($1)')}`,
  sql`ALTER FUNCTION ${schema}.${fc.constantFrom('f', 'g')}(int) RENAME TO ${fc.constantFrom('f', 'g')}`,
  sql`ALTER TYPE ${schema}.e RENAME VALUE ${value} TO ${value}`,
  sql`ALTER TYPE ${schema}.${fc.constantFrom('e', 'c', 'd')} RENAME TO ${fc.constantFrom('e', 'c', 'd')}`,
  sql`ALTER TYPE o.c RENAME ATTRIBUTE ${column} TO ${column} CASCADE`,
  sql`CREATE POLICY ${name} ON ${schema}.${table} TO ${role} USING (a > 0)`,
  sql`CREATE TRIGGER ${name} BEFORE UPDATE ON ${schema}.${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  sql`GRANT ${right} ON ${schema}.${table} TO ${role}`,
  sql`REVOKE ${right} ON ${schema}.${table} FROM ${role}`,
  sql`COMMENT ON TABLE ${schema}.${table} IS ${value}`,
  sql`COMMENT ON COLUMN ${schema}.${table}.${column} IS ${value}`,
  sql`CREATE CAST (${type} AS ${type}) WITH INOUT`,
  sql`DROP CAST IF EXISTS (${type} AS ${type})`,
  sql`ALTER ROLE ${fc.constantFrom('walker_1', 'walker_2', 'walker_3')} RENAME TO ${fc.constantFrom('walker_1', 'walker_2', 'walker_3')}`,
  sql`ALTER SCHEMA ${fc.constantFrom('o', 'p')} RENAME TO ${fc.constantFrom('o', 'p')}`,
  sql`INSERT INTO ${schema}.${table} VALUES (1)`,
  sql`ANALYZE`,
);
