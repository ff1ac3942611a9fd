import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compression, Format } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { describeDatabase, differences } from '../../support/compare-databases.ts';
import type { Postgres } from '../../support/postgres.ts';
import { restoreFile, runFile } from '../../support/restore.ts';
import { openedOn } from '../../support/servers.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

/**
 * The awkward schema, exported by the worker and restored by hand into a database that has what the manifest says it needs.
 * Every difference there must be one that the manifest says a backup leaves out.
 */
const SCHEMA = 'Awk.ward "schema" *é';
const AWK = '"Awk.ward ""schema"" *é"';
const fixture = (name: string): string => path.join(import.meta.dirname, '../../fixtures', name);

interface Side {
  readonly postgres: Postgres;
  readonly database: string;
  readonly bench: Bench;
  readonly facts: ReadonlyMap<string, string>;
}
let services: Services;
let folder: string;

const factsOf = async (postgres: Postgres, database: string) => {
  const client = await postgres.session(database);
  try {
    return await describeDatabase(client);
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  services = await startServices();
  folder = mkdtempSync('/var/tmp/larder-awkward-');
});
afterAll(async () => {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const on = openedOn([15, 18], async (postgres): Promise<Side> => {
  const database = await postgres.database();
  await runFile(postgres, database, fixture('awkward-outside.sql'));
  await runFile(postgres, database, fixture('awkward.sql'));
  const facts = await factsOf(postgres, database);
  const bench = await openBench(services, postgres, { database, source: { schemas: [SCHEMA] } });
  return { postgres, database, bench, facts };
});

const exported = async (
  major: number,
  format: Format,
  compression?: Compression,
): Promise<{ manifest: Manifest; file: string }> => {
  const { bench } = on(major);
  const backup = await bench.request(SCHEMA, { format, ...(compression ? { compression } : {}) });
  await bench.run(backup);
  const row = await bench.row(backup);
  if (row.status !== 'completed' || !row.fileId) throw new Error(JSON.stringify(row.error));
  const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId)))?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId }),
  );
  const file = path.join(folder, path.basename(row.fileId));
  writeFileSync(file, (await found.Body?.transformToByteArray()) ?? '');
  return { manifest, file };
};

/** Cases in which pg_dump itself writes something else than it read; no restore can repair them. */
const PG_DUMP_OWN = [
  // A partition's column without a default, whose parent has one.
  `changed column ${AWK}.events_old 2 n: default was null, is "NULL::integer"`,
  `added dependency default value for ${AWK}.events_old.n -> table column ${AWK}.events_old.n a`,
  `added dependency default value for ${AWK}.events_old.n -> type ${AWK}.positive n`,
  // A detached partition's key keeps the flag that it may be inherited.
  `changed constraint events_detached_pkey on ${AWK}.events_detached: was ["PRIMARY KEY (id, day, region)",true,true,0,false,null], is ["PRIMARY KEY (id, day, region)",true,true,0,true,null]`,
];

/** The differences that a manifest predicts. */
const foretold = ({ leftOut = [], warnings }: Manifest): string[] => [
  ...leftOut.map(({ kind, name }) => `missing ${kind} ${name}`),
  ...(warnings.some((warning) => warning.includes('large objects'))
    ? ['missing large object 4242']
    : []),
];

const cases: [number, Format, Compression | undefined][] = [
  [18, 'custom', undefined],
  [18, 'custom', 'gzip'],
  [18, 'plain', 'none'],
  [18, 'plain', 'gzip'],
  [18, 'plain', 'zstd'],
  [18, 'plain', 'bzip2'],
  [18, 'tar', undefined],
  [15, 'custom', undefined],
  [15, 'plain', 'none'],
  [15, 'plain', 'zstd'],
  [15, 'tar', undefined],
];

describe('the comparison', () => {
  it.each([
    ['a byte in a row', `UPDATE ${AWK}.texts SET v = v || ' ' WHERE id = 9`, /^changed rows of/],
    ['a NULL that became empty', `UPDATE ${AWK}.texts SET v = '' WHERE v IS NULL`, /^changed rows/],
    ['rows that are gone', `TRUNCATE ${AWK}."no columns"`, /^changed rows of .*no columns/],
    ['a grant', `GRANT DELETE ON ${AWK}.texts TO PUBLIC`, /^changed relation .*PUBLIC DELETE/],
    ['a comment', `COMMENT ON TABLE ${AWK}.people IS 'x'`, /^changed comment table/],
    ['a trigger', `ALTER TABLE ${AWK}.watched ENABLE TRIGGER off`, /^changed trigger off/],
    ['a sequence', `SELECT setval('${AWK}."never called"', 1)`, /^changed value of/],
    ['an index', `DROP INDEX ${AWK}.hashed`, /^missing index/],
  ])('detects %s', async (_, sql, seen) => {
    const { postgres, facts, database: template } = on(18);
    const database = await postgres.database();
    await postgres.sql(`DROP DATABASE ${database}`);
    await postgres.sql(`CREATE DATABASE ${database} TEMPLATE ${template}`);
    await postgres.sql(sql, database);
    const found = differences(facts, await factsOf(postgres, database));
    expect(found).toContainEqual(expect.stringMatching(seen));
    expect(found.length).toBeLessThan(10);
  });
});

describe('the awkward schema', () => {
  it.each(cases)(
    'of PostgreSQL %i as %s, %s is restored object by object and row by row',
    async (major, format, compression) => {
      const { postgres, facts } = on(major);
      const { manifest, file } = await exported(major, format, compression);
      const database = await postgres.database();
      await runFile(postgres, database, fixture('awkward-outside.sql'));
      await restoreFile(postgres, database, file);
      const found = differences(facts, await factsOf(postgres, database));
      const expected = [...PG_DUMP_OWN, ...foretold(manifest)];
      const unforeseen = found.filter(
        (line) =>
          !expected.includes(line) &&
          // What is left out takes its dependencies along; a publication FOR ALL TABLES has no table of its own.
          !/^missing dependency (access method|cast|event trigger|publication)/.test(line) &&
          line !== 'missing publication everything',
      );
      expect(unforeseen).toEqual([]);
      expect(found).toEqual(expect.arrayContaining(expected));
    },
  );

  it('has in its manifest exactly what a restore needs elsewhere', async () => {
    const { manifest } = await exported(18, 'custom');
    const outside = manifest.outside.map(
      ({ kind, name, neededBy }) =>
        `${kind} ${name} < ${neededBy.join(', ').replaceAll(`${AWK}.`, '')}`,
    );
    expect(outside).toEqual([
      'collation elsewhere.backwards < tuned',
      'extension btree_gist < "no two at once", periods_pkey',
      'extension citext < "a grouped view", people, people_mail_key, tuned',
      'extension pg_trgm < trigrams',
      'extension unaccent < "our ""search"""',
      'function elsewhere.stamp() < watched',
      'function elsewhere.twice(integer) < computed, tuned',
      'operator elsewhere.===(integer,integer) < outsiders',
      'sequence elsewhere.numbers < tuned',
      'server "a ""server""" < "far ""away"""',
      'table elsewhere.ancestor < derived',
      'table elsewhere.countries < guarded, nested_outside, outsiders, people',
      'table elsewhere.log < log_2026',
      'table elsewhere.owning < watched',
      'text search dictionary elsewhere.plain_words < "our ""search"""',
      'type elsewhere.pair < nested_outside, overloaded(elsewhere.pair), tuned',
      'type elsewhere.percent < tuned',
      'type elsewhere.span < nested_outside',
      'type elsewhere.tone < overloaded(elsewhere.pair), tuned',
      'view elsewhere.names < outsiders',
    ]);
    expect(manifest.extensions.map(({ name, schema }) => `${name} in ${schema}`)).toEqual([
      'btree_gist in Ext.ensions',
      'citext in Ext.ensions',
      `hstore in ${SCHEMA}`,
      'pg_trgm in Ext.ensions',
      'unaccent in Ext.ensions',
    ]);
    expect(manifest.roles).toEqual([
      'awkward "owner"',
      'awkward only owner of a collation',
      'awkward reader',
      'awkward,writer=x/y',
      'postgres',
    ]);
  });

  it('has in its manifest its objects that no dump of a schema holds', async () => {
    const { manifest } = await exported(18, 'custom');
    expect(
      manifest.leftOut?.map(({ kind, name, belongsTo }) =>
        `${kind} ${name} < ${belongsTo.join(', ')}`.replaceAll(`${AWK}.`, ''),
      ),
    ).toEqual([
      'access method "awkward heap" < am_handler(pg_catalog.internal)',
      'cast (widget AS integer) < widget',
      'cast (widget AS pg_catalog.text) < as_text(widget), widget',
      'event trigger "awkward ""ddl""" < on_ddl()',
      'publication "some ""tables""" < events, people',
      `publication "whole schema" < ${AWK}`,
    ]);
  });

  it('reports what a restore needs in sentences', async () => {
    const { manifest } = await exported(15, 'custom');
    const text = manifest.warnings.join('\n');
    expect(text).toMatch(/Extensions that live in the schema itself .*: "hstore"\./);
    expect(text).toContain('A restore needs the table elsewhere.countries, which is outside');
    expect(text).toContain('The publication "whole schema" belongs to');
    expect(text).toMatch(/Foreign tables are backed up without their rows: "far \\"away\\""/);
    expect(text).toMatch(/Unlogged tables .*"events_unlogged", "un\\"logged"/);
    expect(text).toMatch(/never refreshed: "never filled"/);
    expect(text).toMatch(/a restore attaches to them: "log_2026"/);
    expect(text).toMatch(/large objects.*with large objects.*picture/);
    expect(text).toMatch(/Functions whose text may need schema "elsewhere".*"mentions\(\)"/);
    // Nothing of a session's temporary tables, and nothing that every database has.
    expect(text).not.toMatch(/pg_temp|passing|int4|pg_toast/);
  });

  it('has the exact rows, sequences and kinds in its manifest', async () => {
    const { manifest } = await exported(18, 'tar');
    const tables = Object.fromEntries(manifest.tables.map((table) => [table.name, table]));
    expect(tables['no columns']).toMatchObject({ kind: 'table', rows: 5 });
    expect(tables.base?.rows).toBe(1);
    expect(tables.events).toMatchObject({ kind: 'partitioned', rows: null });
    expect(tables['far "away"']).toMatchObject({ kind: 'foreign', rows: null });
    expect(tables['never filled']).toMatchObject({ kind: 'materialized-view', rows: null });
    expect(tables['un"logged']).toMatchObject({ kind: 'unlogged', rows: 1 });
    const sequences = Object.fromEntries(
      manifest.sequences.map(({ name, value, called }) => [name, [value, called]]),
    );
    expect(sequences).toMatchObject({
      'never called': ['1', false],
      'at its end': ['9223372036854775807', true],
      'set, not called': ['77', false],
      // Five at a time are taken from it.
      downwards: ['-14', true],
    });
    expect(manifest.types.map(({ name }) => name)).toContain('widget');
  });
});
