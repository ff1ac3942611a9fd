import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openedOn } from '../../../support/servers.ts';
import { AWK, AWKWARD, awkwardDatabase } from '../support/dumps.ts';
import { readChanges } from './changes.ts';
import { randomChange, UNIVERSE } from './random-changes.ts';
import { openWalk, type Walk } from './walk.ts';

/**
 * Whatever changes pg_dump's table of contents changes the fingerprint or the environment's. pg_dump itself is asked where both stand.
 */
const on = openedOn([15, 18], async (postgres) => ({
  postgres,
  database: await awkwardDatabase(postgres, { filled: true }),
}));

/** Changes after which a template is made anew although pg_dump writes the same. They cost time, and are written down. */
const NEEDLESS: readonly string[] = [
  'truncate',
  'sequence',
  'base type option',
  'collation refresh',
  "OUT attribute of a function's result",
  'OUT view replaced',
  'OUT column added',
  'OUT column dropped',
  'OUT key to the schema',
  'OUT partition of a table',
  "OUT partition's column",
  'extension member',
];

const NEIGHBORS = `
  CREATE SCHEMA neighbor;
  CREATE TABLE neighbor.people (id serial PRIMARY KEY, country char(2) REFERENCES elsewhere.countries, tone elsewhere.tone DEFAULT 'high', n int);
  CREATE VIEW neighbor.names AS SELECT * FROM elsewhere.names;
  CREATE FUNCTION neighbor.f(elsewhere.pair) RETURNS int LANGUAGE sql RETURN elsewhere.twice(1);
  CREATE ROLE neighbor; GRANT SELECT ON ALL TABLES IN SCHEMA elsewhere TO neighbor; GRANT USAGE ON SCHEMA elsewhere TO neighbor;
  GRANT USAGE ON TYPE elsewhere.tone, elsewhere.pair TO neighbor; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA elsewhere TO neighbor;
  COMMENT ON TABLE elsewhere.countries IS 'of all'; CREATE INDEX ON elsewhere.countries (lower(name)); ANALYZE elsewhere.countries;
  ALTER SCHEMA neighbor RENAME TO neighbor_2; DROP SCHEMA neighbor_2 CASCADE`;

describe.each([15, 18])('of PostgreSQL %i', (major) => {
  it('what neighbors do with what is shared leaves the fingerprint as it was', async () => {
    const { postgres, database } = on(major);
    const walk = await openWalk(postgres, database, AWKWARD);
    try {
      const before = await walk.read();
      await postgres.sql(NEIGHBORS, database);
      expect(await walk.read()).toBe(before);
    } finally {
      await walk.end();
    }
  });

  it('no known change of the table of contents leaves the fingerprint as it was', async () => {
    const { postgres, database } = on(major);
    const { setUp, changes } = readChanges(major, database);
    expect(changes.length).toBeGreaterThan(250);
    const walk = await openWalk(postgres, database, AWKWARD, ['--extension=hstore']);
    try {
      await walk.execute(`SET search_path = ${AWK}; ${setUp}`);
      const missed: string[] = [];
      const needless: string[] = [];
      for (const { name, sql } of changes) {
        const seen = await walk.change(sql, NEEDLESS.includes(name)).catch((cause: unknown) => {
          throw new Error(`change "${name}" is not possible`, { cause });
        });
        if (seen === 'missed') missed.push(name);
        if (seen === 'needless') needless.push(name);
      }
      expect(missed).toEqual([]);
      expect(needless).toEqual(NEEDLESS);
    } finally {
      await walk.end();
    }
  }, 300_000);

  it('no random change does', async () => {
    const { postgres } = on(major);
    const database = await postgres.database();
    const walk: Walk = await openWalk(postgres, database, 's');
    try {
      await walk.execute(UNIVERSE);
      await fc.assert(
        fc.asyncProperty(fc.array(randomChange, { minLength: 30, maxLength: 30 }), async (all) => {
          for (const sql of all)
            if ((await walk.tryChange(sql)) === 'missed') throw new Error(walk.missed());
        }),
        { numRuns: 6, endOnFailure: true },
      );
    } finally {
      await walk.end();
    }
  }, 300_000);
});
