import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBindings } from '../../../../adapters/postgres/catalog/bindings/operator-bindings.ts';
import { compareWithManifest } from '../../../../adapters/postgres/comparison/compare-with-manifest.ts';
import type { OperatorBinding } from '../../../../core/manifest.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { restoreFile } from '../../../support/restore.ts';
import { openedOn } from '../../../support/servers.ts';
import {
  choose,
  newDatabase,
  restore,
  schemasIn,
  sealed,
  serverOf,
  takeBackup,
} from '../support/restoring.ts';

/**
 * Expressions whose operators are found on the search_path: in every syntax that can't qualify an operator, in every place that has
 * expressions. They are restored with the same operators as before, or not at all.
 */
const SETUP = readFileSync(path.join(import.meta.dirname, '../../../fixtures/bound.sql'), 'utf8');
const MAJORS = [15, 18];

const RELATIONS = `SELECT c.oid::regclass::text AS name FROM pg_class c
  WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v', 'm') ORDER BY 1`;

const plain = (schema: string, text: string): string =>
  text.replaceAll(new RegExp(`\\b${schema}\\b`, 'g'), 'acme');

/** Rows of every table and view, and what each expression is bound to, under the name `acme`. */
const stateOf = async (postgres: Postgres, database: string, schema: string) => {
  const client = await postgres.session(database);
  try {
    await client.query("SET search_path = ''; SET row_security = off");
    const { rows } = await client.query<{ name: string }>(RELATIONS, [schema]);
    const all: Record<string, unknown> = {};
    for (const { name } of rows) {
      const found = await client.query(
        `SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text) AS rows FROM ${name} AS t`,
      );
      all[plain(schema, name)] = found.rows[0]?.rows;
    }
    const oid = await client.query<{ oid: string }>('SELECT $1::regnamespace::oid::text AS oid', [
      schema,
    ]);
    const bindings = await readBindings(client, [oid.rows[0]?.oid ?? '']);
    return { rows: all, bindings: JSON.parse(plain(schema, JSON.stringify(bindings))) };
  } finally {
    await client.end();
  }
};

const namesOf = (bindings: readonly OperatorBinding[]): string[] =>
  bindings.map(({ kind, name }) => `${kind} ${name}`);

const on = openedOn(MAJORS, async (postgres) => {
  const database = await newDatabase(postgres, `RESET ROLE; ${SETUP}; SET ROLE app_owner`);
  const stored = await takeBackup(postgres, database, ['acme']);
  return { postgres, database, stored, before: await stateOf(postgres, database, 'acme') };
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-bound-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SYNTAXES = {
  by_using: 3,
  by_natural: 3,
  by_full: 3,
  by_case: 3,
  by_distinct: 2,
  by_json: 2,
  by_own: 2,
  by_rows: 1,
};

describe('operators that are found on the search_path', () => {
  it.each(MAJORS)('are recorded in a backup of PostgreSQL %i for each object', (major) => {
    const { stored, before } = on(major);
    for (const [view, rows] of Object.entries(SYNTAXES))
      expect([view, before.rows[`acme.${view}`]]).toEqual([
        view,
        expect.objectContaining({ length: rows }),
      ]);
    const kinds = (stored.manifest.operatorBindings ?? []).map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual([
      ...['column', 'constraint', 'function', 'index', 'policy', 'rule', 'statistics'],
      ...['table', 'trigger', 'type', 'view'],
    ]);
  });

  it.each(MAJORS)('are the same beside and after a swap on PostgreSQL %i', async (major) => {
    const { postgres, database, stored, before } = on(major);
    const target = { postgres, database };
    const places = [{ from: 'acme', to: 'acme_new' }];
    await restore(target, stored, { places });
    const beside = await stateOf(postgres, database, 'acme_new');
    expect(namesOf(beside.bindings)).toEqual(namesOf(before.bindings));
    expect(beside).toEqual(before);
    await serverOf(target).rename(
      sealed(),
      [
        { from: 'acme', to: 'acme_old' },
        { from: 'acme_new', to: 'acme' },
      ],
      { lockTimeoutMs: 2000, signal: new AbortController().signal },
    );
    expect(await stateOf(postgres, database, 'acme')).toEqual(before);
  });
});

/** By hand, with PostgreSQL's own programs: equal text, bound to whatever operators they find. */
const CITEXT = `RESET ROLE; CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; SET ROLE app_owner;
  CREATE SCHEMA acme; SET search_path = acme, ext; CREATE TABLE a (n citext, m citext, same boolean GENERATED ALWAYS AS (n IS NOT DISTINCT FROM m) STORED);
  CREATE TABLE b (n citext, k int[]); INSERT INTO a VALUES ('x', 'X'); INSERT INTO b VALUES ('X', '{1,2}');
  CREATE VIEW joined AS SELECT a.m, pg_catalog.array_length(k, 1) AS length, k @> '{1}'::int[] AS has FROM a JOIN b USING (n); RESET search_path`;

describe('a backup of which only the text is equal', () => {
  it.each(MAJORS)('is reported as bound differently on PostgreSQL %i', async (major) => {
    const { postgres } = on(major);
    const stored = await takeBackup(postgres, await newDatabase(postgres, CITEXT), ['acme']);
    const database = await newDatabase(
      postgres,
      'RESET ROLE; CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext',
    );
    const file = path.join(folder, `${major}.dump`);
    writeFileSync(file, stored.bytes);
    await restoreFile(postgres, database, file);
    const client = await postgres.session(database);
    try {
      await client.query("SET search_path = ''");
      const { differences } = await compareWithManifest(client, {
        manifest: stored.manifest,
        objects: 'definitions',
        rows: 'counts',
        signal: new AbortController().signal,
      });
      expect(differences.filter((line) => / is bound /.test(line))).toEqual([
        'column acme.a.same is bound to other operators than at the source: without ext.=(ext.citext,ext.citext)',
        'view acme.joined is bound to other operators than at the source: without ext.=(ext.citext,ext.citext)',
      ]);
    } finally {
      await client.end();
    }
  });

  it.each(MAJORS)('ends a restore if it cannot be bound on PostgreSQL %i', async (major) => {
    const { postgres } = on(major);
    const database = await newDatabase(postgres, CITEXT);
    const stored = await takeBackup(postgres, database, ['acme']);
    const operatorBindings = (stored.manifest.operatorBindings ?? []).map((one) => ({
      ...one,
      operators: one.operators.map((operator) => ({
        ...operator,
        name: 'ext.=(ext.gone,ext.gone)',
      })),
    }));
    const changed = { ...stored, manifest: { ...stored.manifest, operatorBindings } };
    await expect(restore({ postgres, database }, changed)).rejects.toMatchObject({
      name: 'RestoreMismatch',
      message: expect.stringMatching(
        /view acme\.joined is bound to .*ext\.=\(ext\.gone,ext\.gone\)/,
      ),
    });
    expect(await schemasIn(postgres, database)).toEqual(['acme', 'ext']);
  });

  it.each(MAJORS)('is not bound to other operators on the path on PostgreSQL %i', async (major) => {
    const { postgres } = on(major);
    const database = await newDatabase(postgres, CITEXT);
    const stored = await takeBackup(postgres, database, ['acme']);
    await postgres.sql(
      `CREATE FUNCTION ext.array_length(int[], int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 66';
      CREATE FUNCTION ext.holds(int[], int[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
      CREATE OPERATOR ext.@> (LEFTARG = int[], RIGHTARG = int[], FUNCTION = ext.holds)`,
      database,
    );
    await restore({ postgres, database }, stored);
    const { rows } = await postgres.sql('SELECT * FROM acme_restored.joined', database);
    expect(rows).toEqual([{ m: 'X', length: 2, has: true }]);
  });
});

describe('a backup of an older version', () => {
  const before = async (postgres: Postgres, database: string) => {
    const stored = await takeBackup(postgres, database, ['acme']);
    const { operatorBindings: _, ...manifest } = stored.manifest;
    return { ...stored, manifest };
  };

  it.each(MAJORS)('is restored if its operators are found on PostgreSQL %i', async (major) => {
    const { postgres } = on(major);
    const database = await newDatabase(
      postgres,
      `${CITEXT}; SET search_path = acme, ext; CREATE VIEW tree AS SELECT CASE q WHEN 'a'::ext.ltree THEN 1 END AS n FROM (SELECT 'a'::ext.ltree AS q) t; RESET search_path`.replace(
        'CREATE EXTENSION citext SCHEMA ext;',
        'CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext;',
      ),
    );
    const { warnings } = await restore({ postgres, database }, await before(postgres, database));
    const { rows } = await postgres.sql('SELECT n FROM acme_restored.tree', database);
    expect(rows).toEqual([{ n: 1 }]);
    expect(warnings).toContainEqual(expect.stringMatching(/^operators: .*"ext" has an operator =/));
  });
});

describe('chosen tables', () => {
  it.each(MAJORS)('are bound to their operators on PostgreSQL %i', async (major) => {
    const { postgres, database, stored, before } = on(major);
    const { withNeeds: entries, tables } = await choose(stored, ['people']);
    const places = [{ from: 'acme', to: 'acme_one' }];
    await restore({ postgres, database }, stored, { places, entries, tables });
    const one = await stateOf(postgres, database, 'acme_one');
    expect(one.rows).toEqual({ 'acme.people': before.rows['acme.people'] });
  });
});
