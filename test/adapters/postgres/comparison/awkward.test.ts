import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithManifest } from '../../../../adapters/postgres/comparison/compare-with-manifest.ts';
import { inSnapshot } from '../../../../adapters/postgres/comparison/in-snapshot.ts';
import { noteLine } from '../../../../adapters/postgres/comparison/notes.ts';
import { holdsRows, isTable } from '../../../../core/completion.ts';
import { openBench, type Services, startServices } from '../../../functions/export/support.ts';
import { restoreFile, runFile } from '../../../support/restore.ts';
import { openedOn } from '../../../support/servers.ts';
import { stored } from '../scratch-restore/support.ts';

/**
 * The awkward schema, exported by the worker, restored as a superuser with PostgreSQL's own programs into a database with all
 * prerequisites, and compared: every kind of object and of value, without any difference.
 */
const SCHEMA = 'Awk.ward "schema" *é';
const AWK = '"Awk.ward ""schema"" *é"';
const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

let services: Services;
let folder: string;

beforeAll(async () => {
  services = await startServices();
  folder = mkdtempSync('/var/tmp/larder-compare-');
});
afterAll(async () => {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const on = openedOn([15, 18], async (postgres) => {
  const database = await postgres.database();
  await runFile(postgres, database, fixture('awkward-outside.sql'));
  await runFile(postgres, database, fixture('awkward.sql'));
  const bench = await openBench(services, postgres, {
    database,
    source: { schemas: [SCHEMA] },
    settings: { compare: 'rows' },
  });
  return { postgres, one: await stored(services, bench, SCHEMA) };
});

const restored = async (from: number, to: number, after = ''): Promise<string> => {
  const { postgres } = on(to);
  const database = await postgres.database();
  const file = path.join(folder, `${from}-${to}.dump`);
  writeFileSync(file, on(from).one.bytes);
  await runFile(postgres, database, fixture('awkward-outside.sql'));
  await restoreFile(postgres, database, file);
  if (after) await postgres.sql(after, database);
  return database;
};

const compared = async (from: number, to: number, database: string) => {
  const client = await on(to).postgres.session(database);
  try {
    await client.query("SET search_path = ''");
    const { notes, ...found } = await inSnapshot(client, () =>
      compareWithManifest(client, {
        manifest: on(from).one.manifest,
        objects: 'definitions',
        rows: 'rows',
        signal: new AbortController().signal,
      }),
    );
    return { ...found, notChecked: notes.map(noteLine) };
  } finally {
    await client.end();
  }
};

describe('the awkward schema', () => {
  it.each([15, 18])('of PostgreSQL %i is equal after a restore', async (major) => {
    const { differences, checked, notChecked } = await compared(
      major,
      major,
      await restored(major, major),
    );
    expect({ differences, notChecked }).toEqual({ differences: [], notChecked: [] });
    // Partitioned tables have no rows of their own.
    const { tables } = on(major).one.manifest;
    expect(checked.tables).toBe(tables.filter(isTable).length);
    expect(checked.hashedTables).toBe(tables.filter(holdsRows).length);
    expect(checked.hashedTables).toBeGreaterThan(40);
    expect(checked.objects).toBeGreaterThan(200);
    expect(checked.sequences).toBeGreaterThan(7);
    expect(checked.foreignKeys).toBeGreaterThan(3);
    expect(checked.materializedViews).toBe(3);
  });

  it('of PostgreSQL 15 is equal on 18 too, by names and rows', async () => {
    const { differences, notChecked, checked } = await compared(15, 18, await restored(15, 18));
    expect(differences).toEqual([]);
    expect(notChecked).toEqual([expect.stringContaining('only their names were compared')]);
    expect(checked.hashedTables).toBeGreaterThan(40);
  });

  it('of PostgreSQL 15 that lacks objects on 18 is reported to lack them', async () => {
    const database = await restored(
      15,
      18,
      `SET search_path = ${AWK}; DROP INDEX hashed; DROP VIEW chain; ALTER TABLE unchecked DROP CONSTRAINT "never true"; DELETE FROM texts WHERE id = 300;
      UPDATE nested SET b = '{x}' WHERE id = 1; CREATE TABLE added ()`,
    );
    expect((await compared(15, 18, database)).differences).toEqual([
      'table "Awk.ward \\"schema\\" *é"."added" exists, but not at the source',
      'view "Awk.ward \\"schema\\" *é"."chain" is missing',
      `index ${AWK}.hashed is missing`,
      `constraint "never true" on ${AWK}.unchecked is missing`,
      'table "Awk.ward \\"schema\\" *é"."nested" has its 3 rows, but the contents of some have changed',
      'table "Awk.ward \\"schema\\" *é"."texts" has 25 rows, and had 26',
    ]);
  });
});
