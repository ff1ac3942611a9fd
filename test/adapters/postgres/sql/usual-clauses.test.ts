import { expect, it } from 'vitest';
import { readStatementKind } from '../../../../adapters/postgres/sql/kinds/read-statement-kind.ts';
import { unusualClause } from '../../../../adapters/postgres/sql/kinds/usual-clauses.ts';
import { readAll } from '../support/reading.ts';

const whyNot = async (sql: string): Promise<string | undefined> => {
  const [piece] = await readAll(`${sql};\n`);
  const statement = readStatementKind(piece?.words ?? []);
  if (statement.kind !== 'create') throw new Error(`${sql} is ${statement.kind}`);
  return unusualClause(statement, piece?.words ?? [], ({ schema }) => schema === 'acme');
};

it.each([
  'CREATE TABLE acme.t (id integer)',
  'CREATE VIEW acme.v AS SELECT 1',
  'CREATE SEQUENCE acme.s',
  'CREATE FUNCTION acme.f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
  'CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a WITH NO DATA',
  'CREATE STATISTICS acme.st ON a, b FROM acme.t',
  'CREATE TEXT SEARCH CONFIGURATION acme.c (PARSER = pg_catalog."default")',
  'CREATE INDEX i ON acme.t USING btree (id)',
])('a dump of a schema may have: %s', async (sql) => {
  expect(await whyNot(sql)).toBeUndefined();
});

it.each([
  ['CREATE TABLE acme.t AS SELECT 1', 'it would run a query for its rows'],
  ['CREATE TABLE acme.t (id integer REFERENCES acme.u)', 'it refers to another table'],
  ['CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a', 'it would be filled at once'],
  ['CREATE STATISTICS acme.st ON a, b FROM other.t', 'it is about a table outside'],
  // Kinds that are in no schema, and kinds that a later version may add: they are refused until they are reviewed.
  ['CREATE DATABASE acme', 'no dump of a schema creates it'],
  ['CREATE ROLE acme', 'no dump of a schema creates it'],
  ['CREATE TABLESPACE acme', 'no dump of a schema creates it'],
  ['CREATE ACCESS METHOD acme TYPE TABLE HANDLER h', 'no dump of a schema creates it'],
])('a dump of a schema does not have: %s', async (sql, why) => {
  expect(await whyNot(sql)).toBe(why);
});
