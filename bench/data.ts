import type { Postgres } from '../test/support/postgres.ts';
import { fillSchema, projectSql } from './schema.ts';

/** A schema to export. */
export interface Filled {
  readonly schema: string;
  /** Bytes of its tables on the server, with indexes and TOAST. */
  readonly bytes: number;
}

export const DATABASE = 'bench';

const BYTES = `
  SELECT sum(pg_total_relation_size(c.oid))::text AS bytes FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`;

export const bytesOf = async (
  postgres: Postgres,
  schema: string,
  database = DATABASE,
): Promise<number> => {
  const client = await postgres.session(database);
  try {
    const found = await client.query<{ bytes: string }>(BYTES, [schema]);
    return Number(found.rows[0]?.bytes);
  } finally {
    await client.end();
  }
};

/** Creates schemas on first use, and keeps them for the later sections. */
export const openData = async (postgres: Postgres, say: (line: string) => void) => {
  await postgres.sql(`CREATE DATABASE ${DATABASE}`);
  const made = new Map<string, Promise<Filled>>();
  const make = async (schema: string, sql: string): Promise<Filled> => {
    await postgres.sql(projectSql(schema) + sql, DATABASE);
    // Not inside the transaction that a simple query of several statements forms.
    await postgres.sql('VACUUM ANALYZE', DATABASE);
    await postgres.sql('CHECKPOINT', DATABASE);
    return { schema, bytes: await bytesOf(postgres, schema) };
  };
  const once = (schema: string, what: string, sql: () => string): Promise<Filled> => {
    const found = made.get(schema);
    if (found) return found;
    say(`filling a schema with ${what} ...`);
    const filling = make(schema, sql());
    made.set(schema, filling);
    return filling;
  };
  return {
    /** Rows like those of most tables. */
    mixed: (megabytes: number): Promise<Filled> => {
      const schema = `mixed_${String(megabytes).replace('.', '_')}`;
      return once(schema, `${megabytes} MB`, () => fillSchema(schema, megabytes * 1e6));
    },
    /** Any other schema, by SQL that creates it. */
    other: (schema: string, what: string, sql: string): Promise<Filled> =>
      once(schema, what, () => sql),
    drop: async ({ schema }: Filled): Promise<void> => {
      made.delete(schema);
      await postgres.sql(`DROP SCHEMA ${schema} CASCADE`, DATABASE);
    },
  };
};
