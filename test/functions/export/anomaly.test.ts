import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../support/postgres.ts';
import type { Bench } from './support.ts';
import { tenantForAll } from './tenant-for-all.ts';

let postgres: Postgres;
let database: string;
let bench: Bench;
tenantForAll((made) => {
  ({ postgres, database, bench } = made);
});

const warningsOfNext = async (): Promise<readonly string[]> => {
  const backup = await bench.request('acme');
  await bench.run(backup);
  const row = await bench.row(backup);
  expect(row.status).toBe('completed');
  // This schema gives no other warnings.
  expect(row.anomalyCount ?? 0).toBe(row.warnings?.length);
  return row.warnings ?? [];
};

describe('a backup far smaller than the one before', () => {
  it('completes with a warning that names what shrank; an ordinary one does not', async () => {
    expect(await warningsOfNext()).toEqual([]);
    await postgres.sql('DELETE FROM acme.child WHERE parent_id <= 100', database);
    expect(await warningsOfNext()).toEqual([]);
    await postgres.sql('TRUNCATE acme.child', database);
    expect(await warningsOfNext()).toEqual([
      expect.stringMatching(/^Tables that had rows and have none, since .*: "child" \(4900\)\.$/),
    ]);
    await postgres.sql('DELETE FROM acme.parent WHERE id > 10; DROP TABLE acme.part', database);
    expect(await warningsOfNext()).toEqual([
      expect.stringContaining('"part_2026" (1000)'),
      expect.stringMatching(/Less than half of the rows are left, since .*: 10 of 6000/),
    ]);
    expect(await warningsOfNext()).toEqual([]);
  });
});
