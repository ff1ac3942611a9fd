import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStatementKind } from '../../../../adapters/postgres/sql/kinds/read-statement-kind.ts';
import { describeDatabase, differences } from '../../../support/compare-databases.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { runFile } from '../../../support/restore.ts';
import { AWKWARD, awkwardDatabase, dumpOf, send, withClient } from '../support/dumps.ts';
import { HOSTILE, HOSTILE_SCHEMA } from '../support/hostile.ts';
import { readAll } from '../support/reading.ts';

/** The output of real pg_dumps, read and sent to real servers. */
let old: Postgres;
let current: Postgres;
let folder: string;
/** The awkward schema's database on each. */
const awkward = new Map<Postgres, string>();

beforeAll(async () => {
  folder = mkdtempSync('/var/tmp/larder-statements-');
  [old, current] = await Promise.all([startPostgres(15), startPostgres(18)]);
  await Promise.all(
    [old, current].map(async (postgres) => {
      awkward.set(postgres, await awkwardDatabase(postgres, { filled: true }));
    }),
  );
});
afterAll(async () => {
  await old.stop();
  await current.stop();
  rmSync(folder, { recursive: true, force: true });
});

const awkwardOn = (postgres: Postgres): string => awkward.get(postgres) ?? '';

const sendInOne = (postgres: Postgres, database: string, script: Buffer): Promise<void> =>
  withClient(postgres, database, async (client) => {
    await client.query('BEGIN');
    await send(client, script);
    await client.query('COMMIT');
  });

const factsOf = (postgres: Postgres, database: string) =>
  withClient(postgres, database, async (client) => {
    // The same in every database: definitions are written with it.
    await client.query('SET standard_conforming_strings = on');
    return await describeDatabase(client);
  });

/** Source major, pg_dump major, target major. */
const cases: [number, number, number][] = [
  [15, 15, 15],
  [15, 17, 18],
  [18, 18, 18],
];
const serverOf = (major: number): Postgres => (major === 15 ? old : current);

describe('a dump that is sent statement by statement', () => {
  it.each(cases)(
    'creates what psql creates from it: of PostgreSQL %i, by pg_dump %i, into %i',
    async (of, by, into) => {
      const source = serverOf(of);
      const target = serverOf(into);
      const script = await dumpOf(source, awkwardOn(source), {
        major: by,
        schemas: [AWKWARD],
        flags: ['--extension=hstore'],
      });
      const [byPsql, byUs] = [
        await awkwardDatabase(target, { filled: false }),
        await awkwardDatabase(target, { filled: false }),
      ];
      const file = path.join(folder, `${of}-${by}.sql`);
      writeFileSync(file, script);
      await runFile(target, byPsql, file);
      await sendInOne(target, byUs, script);
      expect(differences(await factsOf(target, byPsql), await factsOf(target, byUs))).toEqual([]);
    },
  );

  it('with hostile names, bodies, comments and rows is restored completely', async () => {
    const source = await current.database();
    const target = await current.database();
    await withClient(current, source, (client) => client.query(HOSTILE));
    for (const flags of [[], ['--no-comments'], ['--verbose']]) {
      const script = await dumpOf(current, source, { schemas: [HOSTILE_SCHEMA], flags });
      await current.sql(
        `DROP SCHEMA IF EXISTS "${HOSTILE_SCHEMA.replaceAll('"', '""')}" CASCADE`,
        target,
      );
      await sendInOne(current, target, script);
      const found = differences(await factsOf(current, source), await factsOf(current, target));
      expect(
        found.filter((line) => flags[0] !== '--no-comments' || !line.startsWith('missing comment')),
      ).toEqual([]);
    }
  });

  it('with backslashes that escape is read right, if its database reads them so', async () => {
    const source = await old.database();
    const target = await old.database();
    await old.sql(`ALTER DATABASE ${source} SET standard_conforming_strings = off`);
    await withClient(old, source, async (client) => {
      await client.query('SET standard_conforming_strings = on');
      await client.query(HOSTILE);
    });
    const script = await dumpOf(old, source, { schemas: [HOSTILE_SCHEMA] });
    expect(script.includes('standard_conforming_strings = off')).toBe(true);
    await sendInOne(old, target, script);
    expect(differences(await factsOf(old, source), await factsOf(old, target))).toEqual([]);
  });
});

/** All that a dump of the awkward schema's database has. */
const KINDS = [
  'setting',
  'session-authorization',
  'transaction',
  'create-schema',
  'comment-on-schema',
  'create-extension',
  'comment-on-extension',
  'foreign-key',
  'comment-on-constraint',
  'attach-partition',
  'attach-index',
  'owner',
  'grant',
  'revoke',
  'default-privileges',
  'create',
  'alter',
  'refresh',
  'copy',
  'sequence-value',
  'publication',
  'event-trigger',
];

describe('a dump', () => {
  /** Nothing but what psql skips as well. */
  const BETWEEN = /^(?:\s|--[^\n]*(?:\n|$)|\/\*(?:(?!\*\/)[\s\S])*\*\/|\\(?:un)?restrict \w+\n)*$/;

  it.each(cases)(
    'is complete in its pieces, in their order: of PostgreSQL %i, by pg_dump %i',
    async (of, by) => {
      const source = serverOf(of);
      const script = await dumpOf(source, awkwardOn(source), { major: by, flags: ['--verbose'] });
      let rest = script.toString('latin1');
      for (const { text, rows } of await readAll(script)) {
        const at = rest.indexOf(text);
        expect(rest.slice(0, at)).toMatch(BETWEEN);
        rest = rest.slice(at + text.length);
        if (rows === undefined) continue;
        expect(rest.startsWith(`\n${rows}\\.\n`)).toBe(true);
        rest = rest.slice(rows.length + 4);
      }
      expect(rest).toMatch(BETWEEN);
    },
  );

  it.each(cases)(
    'is read the same in chunks of any size: of PostgreSQL %i, by pg_dump %i',
    async (of, by) => {
      const source = serverOf(of);
      const script = await dumpOf(source, awkwardOn(source), {
        major: by,
        schemas: [AWKWARD],
        flags: ['--exclude-table-data=*.(texts|bytes)'],
      });
      const whole = await readAll(script);
      expect(whole.length).toBeGreaterThan(400);
      for (const size of [1, 2, 3, 5, 64, 4096])
        expect(await readAll(script, [size])).toEqual(whole);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 50 }),
          async (sizes) => {
            expect(await readAll(script, sizes)).toEqual(whole);
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  it.each(cases)(
    'has unknown statements only of kinds that are never left out: of PostgreSQL %i, by pg_dump %i',
    async (of, by) => {
      const source = serverOf(of);
      const script = await dumpOf(source, awkwardOn(source), { major: by });
      const pieces = await readAll(script);
      const kinds = new Set(pieces.map(({ words }) => readStatementKind(words).kind));
      for (const kind of KINDS) expect(kinds).toContain(kind);
      const unknown = pieces.filter(({ words }) => readStatementKind(words).kind === 'other');
      const others = unknown.filter(
        ({ text }) => !/^(COMMENT ON|CREATE CAST|SELECT pg_catalog\.lo)/.test(text),
      );
      expect(others.map(({ text }) => text)).toEqual([]);
    },
  );
});
