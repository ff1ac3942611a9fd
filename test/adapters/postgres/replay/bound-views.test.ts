import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { readBindings } from '../../../../adapters/postgres/catalog/bindings/operator-bindings.ts';
import { formOf } from '../../../../adapters/postgres/catalog/expressions/normal-form.ts';
import { sendBound } from '../../../../adapters/postgres/replay/operators/bind-operators.ts';
import { bindingPlan } from '../../../../adapters/postgres/replay/operators/binding-plan.ts';
import { readStatementKind } from '../../../../adapters/postgres/sql/kinds/read-statement-kind.ts';
import { readStatements } from '../../../../adapters/postgres/sql/split-statements.ts';
import { pendingBackup } from '../../../support/backups.ts';
import { manifestOf } from '../../../support/manifests.ts';
import { openedOn } from '../../../support/servers.ts';
import { QUERIES, TABLES } from '../support/views.ts';

/** Views of all kinds, printed by the server and created again from that, as a dump and a restore do it. */
const on = openedOn([15, 18], async (postgres) => {
  const database = await postgres.database();
  await postgres.sql(
    `CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION intarray SCHEMA ext; CREATE SCHEMA gen; ${TABLES.join('; ')}`,
    database,
  );
  return { postgres, database };
});

const bindingsIn = async (client: pg.Client) => {
  const { rows } = await client.query<{ oid: string }>(
    "SELECT 'gen'::regnamespace::oid::text AS oid",
  );
  return await readBindings(client, [rows[0]?.oid ?? '']);
};

const definitionOf = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ text: string }>(
    "SELECT pg_get_viewdef('gen.v'::regclass) AS text",
  );
  return rows[0]?.text ?? '';
};

const made = async (client: pg.Client, sql: string, plan: ReturnType<typeof bindingPlan>) => {
  for await (const piece of readStatements(
    (async function* () {
      yield Buffer.from(sql);
    })(),
  )) {
    await sendBound({ client, plan }, readStatementKind(piece.words), piece, {
      object: 'view "gen.v"',
    });
  }
};

/** @returns whether the server accepts the query at all */
const isTaken = async (client: pg.Client, query: string, path: string): Promise<boolean> => {
  try {
    await client.query(`SET LOCAL search_path = ${path}`);
    await client.query(`CREATE VIEW gen.v AS ${query}`);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return false;
    throw error;
  }
};

const SAFE = 'pg_catalog, pg_temp';

describe('any view', () => {
  it.each([15, 18])(
    'of PostgreSQL %i is restored with the same bindings, and with the same form',
    async (major) => {
      const { postgres, database } = on(major);
      const client = await postgres.session(database);
      let taken = 0;
      try {
        await fc.assert(
          fc.asyncProperty(QUERIES, fc.constantFrom('gen, ext', SAFE), async (query, path) => {
            await client.query('BEGIN');
            try {
              if (!(await isTaken(client, query, path))) return;
              taken += 1;
              await client.query(`SET LOCAL search_path = ${SAFE}`);
              const operatorBindings = await bindingsIn(client);
              const text = await definitionOf(client);
              await client.query('DROP VIEW gen.v');
              const manifest = manifestOf(pendingBackup(), {
                object: { key: '', bytes: 1, sha256: '' },
                operatorBindings,
              });
              await made(client, `CREATE VIEW gen.v AS ${text}`, bindingPlan(manifest));
              expect(await bindingsIn(client)).toEqual(operatorBindings);
              expect(formOf(await definitionOf(client))).toEqual(formOf(text));
            } finally {
              await client.query('ROLLBACK');
            }
          }),
          { numRuns: 200 },
        );
        expect(taken).toBeGreaterThan(60);
      } finally {
        await client.end();
      }
    },
  );
});
