import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qualified } from '../../../adapters/postgres/sql/identifiers.ts';
import type { Compression, Content, Format } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import { restoreFile } from '../../support/restore.ts';
import { openedOn } from '../../support/servers.ts';
import { CONTROL_PLANE, TENANT } from './schemas.ts';
import { openBench, type Services, startServices } from './support.ts';

const SCHEMA = 'Te"na.n?t*';
let services: Services;
let folder: string;

beforeAll(async () => {
  services = await startServices();
  folder = mkdtempSync('/var/tmp/larder-formats-');
});
afterAll(async () => {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const on = openedOn([15, 18], async (postgres) => {
  const database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + TENANT(SCHEMA), database);
  return { postgres, bench: await openBench(services, postgres, { database }) };
});

/** Restores a stored backup into an empty database with PostgreSQL's own programs, as a person would. */
const restore = async (major: number, key: string): Promise<string> => {
  const { postgres, bench } = on(major);
  const found = await services.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: key }));
  const file = path.join(folder, path.basename(key).replaceAll('%', '_'));
  writeFileSync(file, (await found.Body?.transformToByteArray()) ?? '');
  const database = await postgres.database();
  await restoreFile(postgres, database, file);
  return database;
};

const countsIn = async (major: number, database: string, names: readonly string[]) => {
  const counts: Record<string, number> = {};
  for (const name of names) {
    const table = qualified(SCHEMA, name);
    const found = await on(major).postgres.sql(
      `SELECT count(*)::int AS n FROM ONLY ${table}`,
      database,
    );
    counts[name] = found.rows[0].n;
  }
  return counts;
};

const cases: [number, Format, Compression | undefined, string][] = [
  [18, 'custom', undefined, '.dump'],
  [18, 'custom', 'gzip', '.dump'],
  [18, 'custom', 'none', '.dump'],
  [18, 'plain', 'none', '.sql'],
  [18, 'plain', 'gzip', '.sql.gz'],
  [18, 'plain', 'zstd', '.sql.zst'],
  [18, 'plain', 'bzip2', '.sql.bz2'],
  [18, 'tar', undefined, '.tar'],
  [15, 'custom', undefined, '.dump'],
  [15, 'plain', 'zstd', '.sql.zst'],
  [15, 'plain', undefined, '.sql.gz'],
  [15, 'tar', 'none', '.tar'],
];

describe('a backup of each format', () => {
  it.each(cases)(
    'PostgreSQL %i, %s, %s is restored with the rows that its manifest gives',
    async (major, format, compression, extension) => {
      const { bench } = on(major);
      const backup = await bench.request('acme', {
        format,
        ...(compression ? { compression } : {}),
      });
      await bench.run(backup);
      const row = await bench.row(backup);
      expect(row.error).toBeUndefined();
      expect(row.status).toBe('completed');
      expect(row.fileId?.endsWith(extension)).toBe(true);

      const key = row.fileId ?? '';
      const object = await services.s3.send(
        new GetObjectCommand({ Bucket: bench.bucket, Key: key }),
      );
      const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      expect(bytes.length).toBe(row.size);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.checksum);

      const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(key)))?.manifest;
      expect(manifest?.object).toMatchObject({ key, bytes: row.size, sha256: row.checksum });
      const wanted = Object.fromEntries(
        (manifest?.tables ?? []).flatMap(({ name, rows }) => (rows === null ? [] : [[name, rows]])),
      );
      expect(wanted).toMatchObject({ parent: 5000, child: 5000, part_2026: 1000, totals: 2 });
      const database = await restore(major, key);
      expect(await countsIn(major, database, Object.keys(wanted))).toEqual(wanted);
    },
  );

  it.each<[Content, number]>([
    ['schema', 0],
    ['data', 11_000],
  ])('content %s counts the rows it holds', async (content, rows) => {
    const { bench } = on(18);
    const backup = await bench.request('acme', { content });
    await bench.run(backup);
    const row = await bench.row(backup);
    expect([row.status, row.rowCount]).toEqual(['completed', rows]);
  });

  it('options that the server does not support are refused by name, with the supported ones', async () => {
    const { bench } = on(15);
    const backup = await bench.request('acme', { compression: 'zstd' });
    await bench.run(backup);
    const row = await bench.row(backup);
    expect(row.status).toBe('failed');
    expect(row.error?.name).toBe('FormatNotPossible');
    expect(row.error?.message).toContain('gzip, none');
  });
});
