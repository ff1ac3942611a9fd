import { expect, it } from 'vitest';
import { boundedDependents, boundedOutcome, boundedReport } from '../../core/outcome-bounds.ts';
import type { RestoredForeignKey } from '../../core/restore.ts';
import type { Dependent } from '../../core/restore-dependents.ts';

/** A row of DynamoDB holds 400 KB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const many = <T>(make: (n: number) => T): T[] => Array.from({ length: 5000 }, (_, n) => make(n));
const long = (n: number): string => `${n} ${'é'.repeat(1000)}`;

const dependent = (n: number): Dependent => ({
  kind: 'view',
  name: long(n),
  repoint: n === 4999 ? 'impossible' : 'possible',
  ...(n === 4999 && { obstacle: 'refused', detail: long(n) }),
  sql: `${n} ${'x'.repeat(3000)}`,
});

it('the outcome for a schema of thousands of everything fits into one row, and reports what it leaves out', () => {
  const report = boundedReport({
    at: '2026-11-21T02:00:00.000Z',
    serverVersion: '18.6',
    schemas: [],
    needs: { databaseBytes: 1, seconds: 1, secondsAllowed: 1 },
    missingExtensions: [],
    missingRoles: many(long),
    missingOutside: many(long),
    functionsNamingLive: many(long),
    foreignKeysOutside: many(long),
    dependents: many(long),
    dependentObjects: many(dependent),
    problems: many(long),
    warnings: many(long),
  });
  const key = (n: number): RestoredForeignKey => ({
    table: { schema: 's', name: `t${n}` },
    name: `k${n}`,
    state: n === 4999 ? 'not-valid' : 'valid',
    why: long(n),
    sql: `ALTER TABLE ${'x'.repeat(500)}`,
  });
  const outcome = boundedOutcome({
    schemas: [],
    tables: 1,
    rows: 1,
    bytesRead: 1,
    foreignKeys: many(key),
    leftOut: many((n) => ({ what: long(n), why: long(n) })),
    unfinished: many((n) => ({
      kind: 'index',
      object: long(n),
      state: 'missing',
      why: long(n),
      sql: n === 0 ? 'REINDEX' : 'x'.repeat(n % 1000),
    })),
    before: [],
    dependentObjects: boundedDependents(many(dependent)),
    warnings: many(long),
  });
  expect(Buffer.byteLength(JSON.stringify({ report, outcome }))).toBeLessThan(380_000);
  expect(report.problems.at(-1)).toBe('and 4960 more');
  expect(outcome.foreignKeys[0]).toMatchObject({ name: 'k4999', state: 'not-valid' });
  expect(outcome.unfinished?.[0]).toMatchObject({ sql: 'REINDEX' });
  expect(outcome.warnings[0]).toMatch(/^4980 more objects are unfinished and not listed here/);
  expect(outcome.warnings[1]).toBe(
    '4960 more foreign keys are not listed here, 0 of them not valid.',
  );
  // Whole statements only, and those of the remaining entries.
  const told = report.dependentObjects ?? [];
  expect(told[0]).toMatchObject({ repoint: 'impossible', sql: `4999 ${'x'.repeat(3000)}` });
  expect(told.at(-1)).not.toHaveProperty('sql');
});
