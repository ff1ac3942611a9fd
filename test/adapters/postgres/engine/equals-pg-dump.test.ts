import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Content } from '../../../../core/backup.ts';
import { SCHEMAS } from '../../../functions/restore/regression.ts';
import { checkWrittenBack } from '../../../support/archives.ts';
import { describeDatabase, differences } from '../../../support/compare-databases.ts';
import { PASSWORD } from '../../../support/postgres.ts';
import { regressionDatabase } from '../../../support/regression.ts';
import { openedOn } from '../../../support/servers.ts';
import { AWKWARD, awkwardDatabase, programsOf, withClient } from '../support/dumps.ts';
import { dumpAs, restored } from './snapshots.ts';

/** What the engine writes is for pg_restore the same as what pg_dump writes of the same snapshot. */
const run = promisify(execFile);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-engine-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const on = openedOn([15, 18], async (postgres) => {
  const home = mkdtempSync('/var/tmp/larder-regression-');
  try {
    const awkward = await awkwardDatabase(postgres, { filled: true });
    return { postgres, awkward, regression: await regressionDatabase(postgres, home) };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

const listed = (text: string): string[] => text.split('\n').filter((line) => /^\d/.test(line));

const bothOf = async (
  major: number,
  database: string,
  schema: string,
  compress: string,
  content: Content = 'full',
) => {
  const { postgres } = on(major);
  const request = { compress, content };
  const ours = await dumpAs(postgres, database, [schema], { ...request, engine: 'larder' });
  const theirs = await dumpAs(postgres, database, [schema], { ...request, engine: 'pg_dump' });
  expect(ours.dump.instead).toBeUndefined();
  expect(ours.dump.engine).toBe('larder');
  expect(theirs.dump.engine).toBe('pg_dump');
  checkWrittenBack(ours.archive);
  const { pgRestore } = await programsOf(major);
  const text = (archive: Buffer) => restored(pgRestore, ['-f', '-'], archive);
  const isEqual = (await text(ours.archive)) === (await text(theirs.archive));
  return { ours, theirs, isEqual, pgRestore };
};

const cases: [number, string, Content][] = [
  [15, '0', 'full'],
  [15, '1', 'full'],
  [15, '1', 'data'],
  [18, 'none', 'full'],
  [18, 'gzip:1', 'full'],
  [18, 'zstd:1', 'full'],
  [18, 'zstd:1', 'data'],
];

describe('an archive by the engine is for pg_restore what pg_dump writes', () => {
  it.each(cases)(
    'of the awkward schema on %i, compressed by %s, of content %s',
    async (major, compress, content) => {
      const { awkward } = on(major);
      const { ours, theirs, isEqual, pgRestore } = await bothOf(
        major,
        awkward,
        AWKWARD,
        compress,
        content,
      );
      expect(isEqual).toBe(true);
      expect(listed(await restored(pgRestore, ['-l'], ours.archive))).toEqual(
        listed(await restored(pgRestore, ['-l'], theirs.archive)),
      );
      const rows = (counts: typeof ours.counts) =>
        [...counts].map(([key, { rows: n }]) => [key, n]).sort();
      expect(rows(ours.counts)).toEqual(rows(theirs.counts));
    },
  );

  it.each([15, 18])('of every schema of the regression database on %i', async (major) => {
    const differing: string[] = [];
    for (const schema of SCHEMAS(major)) {
      const { isEqual } = await bothOf(
        major,
        on(major).regression,
        schema,
        major === 15 ? '1' : 'zstd:1',
      );
      if (!isEqual) differing.push(schema);
    }
    expect(differing).toEqual([]);
  });
});

describe('pg_restore', () => {
  it.each([
    [15, '1'],
    [18, 'zstd:1'],
  ] as const)(
    'on %i restores all of it, from a pipe, in two jobs, and by a list',
    async (major, compress) => {
      const { postgres, awkward } = on(major);
      const { archive } = await dumpAs(postgres, awkward, [AWKWARD], {
        engine: 'larder',
        compress,
      });
      const stock = await dumpAs(postgres, awkward, [AWKWARD], { engine: 'pg_dump', compress });
      const { pgRestore } = await programsOf(major);
      const file = path.join(folder, `by-engine-${major}`);
      writeFileSync(file, archive);
      const into = async (restore: (to: readonly string[]) => Promise<unknown>) => {
        const target = await awkwardDatabase(postgres, { filled: false });
        await restore([
          '--exit-on-error',
          '-h',
          '127.0.0.1',
          '-p',
          String(postgres.port),
          '-U',
          'postgres',
          '-d',
          target,
        ]);
        return await withClient(postgres, target, describeDatabase);
      };
      const env = { PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' };
      const wanted = await into((to) => restored(pgRestore, to, stock.archive));
      expect(wanted.size).toBeGreaterThan(1000);
      expect(differences(wanted, await into((to) => restored(pgRestore, to, archive)))).toEqual([]);
      const inJobs = await into(async (to) => {
        for (const section of ['pre-data', 'data', 'post-data']) {
          // Indexes that are created and attached at the same time deadlock, whichever program wrote the archive.
          const jobs = section === 'data' ? ['-j2'] : [];
          await run(pgRestore, [...jobs, `--section=${section}`, ...to, file], { env });
        }
      });
      expect(differences(wanted, inJobs)).toEqual([]);
      const list = path.join(folder, 'list');
      writeFileSync(list, (await run(pgRestore, ['-l', file], { env })).stdout);
      const byList = await into((to) => run(pgRestore, ['-L', list, ...to, file], { env }));
      expect(differences(wanted, byList)).toEqual([]);
      const table = ['-t', 'texts', '-f', '-'];
      expect(await restored(pgRestore, table, archive)).toBe(
        await restored(pgRestore, table, stock.archive),
      );
    },
  );
});
