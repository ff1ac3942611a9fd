import type pg from 'pg';
import * as z from 'zod';
import { qualified } from '../../adapters/postgres/sql/identifiers.ts';
import { CATALOG_QUERIES } from './catalog-queries.ts';

/**
 * Compares two databases object by object, from their catalogs, and row by row, by a hash that does not depend on the order of rows. A
 * difference is a line such as `missing cast (a AS b)`, `added ...`, or `changed column ...: was ..., is ...`.
 */
const TABLES = `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^(pg_|information_schema$)' AND (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)`;
const SEQUENCES = `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND c.relkind = 'S'`;

type Facts = ReadonlyMap<string, string>;
interface Fact {
  readonly name: string;
  readonly definition: unknown;
}

/**
 * Rows as text and not as they are stored, because two copies may differ in compression. Two hashes, because sums may be equal by chance.
 */
const rowsOf = async (client: pg.Client, table: string): Promise<string> => {
  const hash = (seed: number) => `sum(hashtextextended(t::text, ${seed})::numeric)`;
  const sql = `SELECT concat_ws(' ', count(*), ${hash(0)}, ${hash(1)}) AS rows FROM ONLY ${table} AS t`;
  return String((await client.query(sql)).rows[0].rows);
};

/** All objects and rows of a database, by kind and name. */
export const describeDatabase = async (client: pg.Client): Promise<Facts> => {
  // With an empty path, every name is written in full.
  await client.query(`SET search_path = ''; SET extra_float_digits = 1; SET row_security = off`);
  const facts = new Map<string, string>();
  for (const [kind, sql] of Object.entries(CATALOG_QUERIES)) {
    // These texts name catalogs and functions of pg_catalog, which is searched even then.
    for (const { name, definition } of (await client.query<Fact>(sql)).rows) {
      facts.set(`${kind} ${name}`, JSON.stringify(definition));
    }
  }
  for (const { schema, name } of (await client.query(TABLES)).rows) {
    facts.set(
      `rows of ${schema}.${name}`,
      JSON.stringify(await rowsOf(client, qualified(schema, name))),
    );
  }
  for (const { schema, name } of (await client.query(SEQUENCES)).rows) {
    const sql = `SELECT last_value, is_called FROM ${qualified(schema, name)}`;
    facts.set(`value of ${schema}.${name}`, JSON.stringify((await client.query(sql)).rows[0]));
  }
  return facts;
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};

const record = z.record(z.string(), z.unknown());

/** Of two definitions only the members that differ. */
const change = (was: unknown, is: unknown): string => {
  const before = record.safeParse(was).data;
  const after = record.safeParse(is).data;
  if (!before || !after) return `was ${shown(was)}, is ${shown(is)}`;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => `${key} was ${shown(before[key])}, is ${shown(after[key])}`)
    .join('; ');
};

/** The differences, in the order of names; `before` is the expected state. */
export const differences = (before: Facts, after: Facts): string[] => {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key) => {
    const was = before.get(key);
    const is = after.get(key);
    if (was === is) return [];
    if (is === undefined) return [`missing ${key}`];
    if (was === undefined) return [`added ${key}`];
    return [`changed ${key}: ${change(JSON.parse(was), JSON.parse(is))}`];
  });
};
