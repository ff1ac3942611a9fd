import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Compression, Format } from '../../../../core/backup.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { describeDatabase, differences } from '../../../support/compare-databases.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { runFile } from '../../../support/restore.ts';
import { openedOn } from '../../../support/servers.ts';
import { requestOf, sealed, serverOf, surveyOf, takeBackup } from '../support/restoring.ts';

/**
 * The awkward schema, restored beside itself and in its own place, object by object and row by row. Only a superuser may create its
 * C functions, text search parsers and casts, so a superuser restores here.
 */
const SCHEMA = 'Awk.ward "schema" *é';
const SUPERUSER = 'postgres';
const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

const factsOf = async (postgres: Postgres, database: string) => {
  const client = await postgres.session(database);
  try {
    return await describeDatabase(client);
  } finally {
    await client.end();
  }
};

const on = openedOn([15, 18], async (postgres) => {
  const template = await postgres.database();
  await runFile(postgres, template, fixture('awkward-outside.sql'));
  await runFile(postgres, template, fixture('awkward.sql'));
  return { postgres, template };
});

/** A separate database with the awkward schema in it. */
const awkward = async (major: number) => {
  const { postgres, template } = on(major);
  const database = await postgres.database();
  await postgres.sql(`DROP DATABASE ${database}`);
  await postgres.sql(`CREATE DATABASE ${database} TEMPLATE ${template}`);
  return { postgres, database, user: SUPERUSER };
};

/** Allowed differences, each with a reported reason. */
const EXPECTED: readonly RegExp[] = [
  // In no dump of a schema.
  /^(missing|changed) (access method|cast|event trigger|publication|large object) /,
  /^missing dependency (access method|cast|event trigger|publication)/,
  // Child tables and partitions of tables outside are restored as plain tables.
  /^changed relation \S+ \S+ \S+(derived: parents was .*"elsewhere.ancestor"|log_2026: parents was)/,
  /^changed column .*\.(derived [45] (born|made_by)|log_2026 [12] (id|day)): local was false, is true/,
  /^changed constraint log_(id|day)_not_null on/,
  /^missing dependency table .*\.(derived -> table elsewhere.ancestor|log_2026 -> table elsewhere.log) /,
  // The marker.
  /^changed comment schema .* is "Larder restore /,
  // Cases in which pg_dump itself writes something else than it read.
  /^changed column .*events_old 2 n: default was null, is "NULL::integer"/,
  /^added dependency default value for .*events_old\.n -> /,
  /^changed constraint events_detached_pkey on /,
];

const CASES: [number, Format, Compression | undefined][] = [
  [18, 'custom', undefined],
  [18, 'plain', 'zstd'],
  [18, 'tar', undefined],
  [15, 'custom', undefined],
  [15, 'plain', 'bzip2'],
];

describe('the awkward schema', () => {
  it.each(CASES)('of PostgreSQL %i as %s, %s is restored', async (major, format, compression) => {
    const target = await awkward(major);
    const { postgres, database } = target;
    const before = await factsOf(postgres, database);
    const stored = await takeBackup(postgres, database, [SCHEMA], {
      format,
      ...(compression && { compression }),
    });
    const places = [{ from: SCHEMA, to: 'new "one"' }];
    const preflight = await surveyOf(target, stored, { places });
    expect(preflight.problems).toEqual([]);
    const server = serverOf(target);
    const restoreId = uuidv7(Date.now());
    // Everything belongs to a superuser, so its functions can be restricted to no role.
    const wishes = { restoreId, places, acceptOwnCode: true };
    const loaded = await server.load(await requestOf(stored, wishes));
    const { namingLive: _, ...marked } = loaded;
    expect(await server.findLoaded(sealed(restoreId), places)).toEqual(marked);
    const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
    const keys = await server.addForeignKeys(loaded.foreignKeys, options);
    expect(keys.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'people_country_fkey valid',
    ]);
    await server.rename(
      sealed(restoreId),
      [
        { from: SCHEMA, to: 'old' },
        { from: 'new "one"', to: SCHEMA },
      ],
      options,
    );
    await postgres.sql('DROP SCHEMA old CASCADE', database);
    const found = differences(before, await factsOf(postgres, database));
    const unforeseen = found.filter((line) => !EXPECTED.some((pattern) => pattern.test(line)));
    expect(unforeseen).toEqual([]);
    expect(loaded.leftOut.map(({ what }) => what.replaceAll('\\"', '"'))).toEqual([
      `"${SCHEMA}.derived" as a child of "elsewhere.ancestor"`,
      `"${SCHEMA}.log_2026" as a partition of "elsewhere.log"`,
    ]);
  });
});
