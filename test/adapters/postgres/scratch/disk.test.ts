import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  freeBytes,
  LAMBDA_TEMPORARY_BYTES,
  neededBytes,
  refuseTooLarge,
} from '../../../../adapters/postgres/scratch/server/disk-space.ts';
import type { ScratchServer } from '../../../../adapters/postgres/scratch/server/server.ts';
import { clientPrograms } from '../../../support/postgres.ts';
import { makePlace, type Place } from './support.ts';

const MiB = 1024 ** 2;

let place: Place;
let source: ScratchServer;
beforeAll(async () => {
  place = await makePlace();
  source = await place.start();
});
afterAll(async () => {
  await place.clear();
});

const ask = async (server: ScratchServer, sql: string): Promise<Record<string, string>[]> => {
  const client = await server.connect();
  try {
    return (await client.query<Record<string, string>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const databaseBytes = async (server: ScratchServer): Promise<number> => {
  const [row] = await ask(server, 'SELECT pg_database_size(current_database())::text AS bytes');
  return Number(row?.bytes);
};

const tablesOf = async (schema: string) => {
  const rows = await ask(
    source,
    `SELECT pg_total_relation_size(oid)::text AS bytes FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'm')`,
  );
  return rows.map(({ bytes }) => ({ bytes: Number(bytes) }));
};

interface Restored {
  /** Bytes of the folder: before, and at most. */
  readonly empty: number;
  readonly most: number;
  /** Bytes that the database grew by. */
  readonly grown: number;
}

/** Copies a schema from the source to a new scratch server with pg_dump and pg_restore. */
const restore = async (schema: string, flags: readonly string[]): Promise<Restored> => {
  const run = promisify(execFile);
  const { clients } = await clientPrograms();
  const client = clients.find(({ major }) => major === 18);
  if (!client) throw new Error('the client layer has no 18');
  const dump = path.join(place.folder, `${schema}.dump`);
  const of = ({ access }: ScratchServer) => [
    ...['-h', access.host, '-p', String(access.port), '-U', access.user, '-d', access.database],
  ];
  await run(client.pgDump, [...of(source), '-Fc', '-Z1', '-n', schema, '-f', dump]);
  const target = await place.start({ memoryMb: 1024 });
  const empty = await target.diskBytes();
  const before = await databaseBytes(target);
  let most = 0;
  let running = true;
  const watching = (async () => {
    while (running) {
      most = Math.max(most, await target.diskBytes());
      await sleep(5);
    }
  })();
  await run(client.pgRestore, [...of(target), '--exit-on-error', ...flags, dump]).finally(() => {
    running = false;
  });
  await watching;
  most = Math.max(most, await target.mostDiskBytes());
  const grown = (await databaseBytes(target)) - before;
  await target.stop();
  return { empty, most, grown };
};

describe('the disk space that a verification needs', () => {
  it('is less than 20 MB for an empty server', async () => {
    const empty = await place.start();
    expect(await empty.diskBytes()).toBeLessThan(20 * MiB);
    await empty.stop();
  });

  it('is at most 1.2 times what is restored, and at most the estimate: 100 MB in large tables', async () => {
    await ask(
      source,
      `CREATE SCHEMA large;
       CREATE TABLE large.narrow (id bigint PRIMARY KEY); INSERT INTO large.narrow SELECT generate_series(1, 700000);
       CREATE TABLE large.wide (id int PRIMARY KEY, word text, doc jsonb);
       INSERT INTO large.wide SELECT n, md5(n::text), jsonb_build_object('n', repeat(md5(n::text), 5)) FROM generate_series(1, 120000) n;
       CREATE INDEX ON large.wide (word);
       CREATE TABLE large.blobs (b bytea); ALTER TABLE large.blobs ALTER b SET STORAGE EXTERNAL;
       INSERT INTO large.blobs SELECT decode(repeat(md5(n::text), 1000), 'hex') FROM generate_series(1, 600) n;
       CREATE MATERIALIZED VIEW large.counted AS SELECT left(word, 3), count(*) FROM large.wide GROUP BY 1`,
    );
    const reckoned = neededBytes(await tablesOf('large'));
    for (const flags of [['--single-transaction'], []]) {
      const { empty, most, grown } = await restore('large', flags);
      expect(grown).toBeGreaterThan(80 * MiB);
      expect((most - empty) / grown, flags.join()).toBeLessThan(1.2);
      expect(most).toBeLessThan(reckoned);
    }
  });

  it('is as estimated for many tables with almost nothing in them', async () => {
    await ask(
      source,
      `CREATE SCHEMA small;
       DO $$ BEGIN FOR i IN 1..300 LOOP
         EXECUTE format('CREATE TABLE small.t%s (id int PRIMARY KEY, a text, b text, c int, d timestamptz)', i);
       END LOOP; END $$`,
    );
    const tables = await tablesOf('small');
    const { most, empty } = await restore('small', ['--single-transaction']);
    expect(most).toBeLessThan(neededBytes(tables));
    // Without the write-ahead log, which belongs to the server, and does not grow with more tables.
    expect(most - empty).toBeLessThan(neededBytes(tables) - neededBytes([]) + 16 * MiB);
  });
});

describe('a backup that does not fit', () => {
  const room = { temporaryFolder: '/tmp', mostBytes: LAMBDA_TEMPORARY_BYTES };

  it('is refused with what it needs, what is free and the setting to raise', async () => {
    const free = await freeBytes('/tmp');
    await refuseTooLarge({ neededBytes: Math.floor(free / 2), temporaryFolder: '/tmp' });
    const needed = free + 1024 * MiB;
    await expect(
      refuseTooLarge({ neededBytes: needed, temporaryFolder: '/tmp' }),
    ).rejects.toMatchObject({
      name: 'ScratchTooSmall',
      retryable: false,
      message: expect.stringMatching(
        new RegExp(
          `needs ${Math.ceil(needed / MiB)} MB of disk in /tmp, and \\d+ MB are free.*verification\\.temporaryMb to ${Math.ceil(needed / MiB)}`,
        ),
      ),
    });
  });

  it('is refused without a setting to raise if it is more than Lambda has', async () => {
    const free = await freeBytes('/tmp');
    const needed = Math.max(free, LAMBDA_TEMPORARY_BYTES) + MiB;
    await expect(refuseTooLarge({ ...room, neededBytes: needed })).rejects.toMatchObject({
      name: 'ScratchTooSmall',
      message: expect.stringMatching(
        /No setting helps: a Lambda function has 10240 MB.*restore-guide/,
      ),
    });
  });

  it('is estimated from all of its tables', () => {
    expect(neededBytes([{ bytes: 100 * MiB }, { bytes: 900 * MiB }]) - neededBytes([])).toBe(
      1200 * MiB + 2 * 16 * 1024,
    );
  });
});
