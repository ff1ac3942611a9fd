import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRehearsals } from '../../adapters/postgres/scratch-restore/support.ts';
import { startPostgres } from '../../support/postgres.ts';
import { startServices } from '../export/support.ts';
import { type Home, journey } from './generated/journey.ts';
import { TENANTS } from './generated/schemas.ts';
import { makeTemplate } from './generated/tenant-in.ts';

/**
 * Generated tenants, each exported, verified, restored beside, swapped and swapped back; compared object by object and row by row with
 * the original and with `pg_dump | psql`; the rest of the database is compared byte for byte with its state before.
 *
 * The few tenants of every run are always the same. LARDER_GENERATED_RUNS sets how many more run on each server, from a new seed
 * that the test titles show; LARDER_GENERATED_SEED repeats one. LARDER_GENERATED_SHRINK makes a failing tenant smaller, for which each
 * try takes seconds.
 */
const RUNS = Number(process.env.LARDER_GENERATED_RUNS ?? 0);
const SEED = Number(process.env.LARDER_GENERATED_SEED ?? (RUNS ? Date.now() % 1_000_000 : 1));
const ENDS_AT_ONCE = !process.env.LARDER_GENERATED_SHRINK;

const homes = new Map<number, Home>();
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const services = await startServices();
  ends.unshift(services.stop);
  for (const major of [15, 18]) {
    const postgres = await startPostgres(major);
    ends.unshift(postgres.stop);
    const scratchRestores = await openRehearsals(major);
    ends.unshift(scratchRestores.end);
    homes.set(major, {
      services,
      postgres,
      scratchRestores,
      template: await makeTemplate(postgres),
    });
  }
});
afterAll(async () => {
  for (const end of ends) await end();
});

it.each([
  [18, RUNS || 5],
  [15, RUNS || 2],
])(
  `tenants of PostgreSQL %i are restored unchanged, and nothing else changes (%i of seed ${SEED})`,
  async (major, numRuns) => {
    const home = homes.get(major);
    if (!home) throw new Error(`no server ${major}`);
    await fc.assert(
      fc.asyncProperty(TENANTS, async (tenant) => {
        expect(await journey(home, tenant)).toEqual([]);
      }),
      { numRuns, seed: SEED + major, endOnFailure: ENDS_AT_ONCE },
    );
  },
  400_000 + RUNS * 60_000,
);
