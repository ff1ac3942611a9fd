import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decompressRows } from '../../../adapters/postgres/archive/format/rows.ts';
import { decodeTemplate, encodeTemplate } from '../../../adapters/postgres/engine/template.ts';
import type { Backup } from '../../../core/backup.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { StoreRequest } from '../../../core/vault-ports.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { CONTROL_PLANE, TENANT } from './schemas.ts';
import {
  type Bench,
  type BenchOptions,
  openBench,
  type Services,
  startServices,
} from './support.ts';

/** Exports whose archives Larder's own engine writes. */
let services: Services;
let postgres: Postgres;
let database: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
  database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + TENANT('acme') + LARGE, database);
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
});

/** More rows than all buffers on the way hold: 60 MB that do not compress. */
const LARGE = `
  INSERT INTO control_plane.projects VALUES ('large', 'Large', 'large', 'ACTIVE');
  CREATE SCHEMA large;
  CREATE TABLE large.noise AS SELECT n, (SELECT string_agg(sha512((n * m)::text::bytea)::text, '') FROM generate_series(1, 24) m) AS v FROM generate_series(1, 20000) n;
  CREATE TABLE large.last AS SELECT 1 AS n;`;

const bench = (more: Partial<BenchOptions> = {}): Promise<Bench> =>
  openBench(services, postgres, { database, settings: { engine: 'larder' }, ...more });

const exported = async (on: Bench, project: string, given: Partial<Backup> = {}) => {
  const backup = await on.request(project, given);
  await on.run(backup);
  const row = await on.row(backup);
  if (row.status !== 'completed' || !row.fileId) throw new Error(JSON.stringify(row.error));
  const key = row.fileId;
  const manifest = (await on.ports.vault.readManifest(manifestKeyBeside(key)))?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const object = await services.s3.send(new GetObjectCommand({ Bucket: on.bucket, Key: key }));
  return { manifest, bytes: Buffer.from((await object.Body?.transformToByteArray()) ?? []) };
};

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The text of a table, from its block alone. */
const textOf = async (
  bytes: Buffer,
  { at, length }: { readonly at: number; readonly length: number },
  compression: 'zstd' | 'none',
): Promise<Buffer> => {
  async function* chunks(): AsyncGenerator<Buffer> {
    // A byte and the entry's number; then chunks behind their lengths, and a length of 0.
    for (let from = at + 6; from < at + length; ) {
      const size = bytes.readUInt32LE(from + 1);
      if (size > 0) yield bytes.subarray(from + 5, from + 5 + size);
      from += 5 + size;
    }
  }
  const pieces: Buffer[] = [];
  for await (const piece of decompressRows(compression, chunks(), 'here'))
    pieces.push(Buffer.from(piece));
  const text = Buffer.concat(pieces);
  expect(text.subarray(-5).toString()).toBe('\\.\n\n\n');
  return text.subarray(0, -5);
};

const tableOf = ({ tables }: Manifest, name: string) => {
  const found = tables.find((table) => table.name === name);
  if (!found) throw new Error(`no table ${name}`);
  return found;
};

describe("a manifest of the engine's archive", () => {
  it.each(['zstd', 'none'] as const)(
    'says where each block is, and the digest of its text: %s',
    async (compression) => {
      const { manifest, bytes } = await exported(await bench(), 'acme', { compression });
      expect(manifest.tool.engine).toBe('larder');
      expect(manifest.warnings.join()).not.toContain('pg_dump');
      const { contents } = manifest.object;
      expect(contents?.sha256).toBe(sha256(bytes.subarray(0, contents?.bytes)));
      const holding = manifest.tables.filter(
        ({ kind }) => kind === 'table' || kind === 'partition',
      );
      expect(holding.length).toBe(4);
      for (const { copied, rows, name } of holding) {
        if (!copied) throw new Error(name);
        const text = await textOf(bytes, copied, compression);
        expect([text.length, sha256(text), copied.comparable]).toEqual([
          copied.bytes,
          copied.sha256,
          true,
        ]);
        expect(text.toString('latin1').split('\n').length - 1).toBe(rows);
      }
      expect(tableOf(manifest, 'totals')).toMatchObject({ rows: 2 });
      expect(tableOf(manifest, 'totals').copied).toBeUndefined();
      const lines = new Set(holding.map(({ copied }) => copied?.at));
      expect(lines.size).toBe(4);
    },
  );

  it('has the same digests for what did not change', async () => {
    const on = await bench();
    const first = (await exported(on, 'acme')).manifest;
    await postgres.sql(`UPDATE acme.child SET body = 'x' WHERE parent_id = 7`, database);
    const second = (await exported(on, 'acme', { compression: 'none' })).manifest;
    const changed = second.tables.filter(
      ({ name, copied }) => copied?.sha256 !== tableOf(first, name).copied?.sha256,
    );
    expect(changed.map(({ name }) => name)).toEqual(['child']);
  });

  it('says that text of types whose output depends on the server cannot be compared', async () => {
    await postgres.sql(
      `INSERT INTO control_plane.projects VALUES ('types', 'Types', 'types', 'ACTIVE'); CREATE SCHEMA types; SET search_path = types;
       CREATE TYPE pair AS (a int, b money); CREATE DOMAIN safe AS int; CREATE DOMAIN priced AS money;
       CREATE TYPE color AS ENUM ('red'); CREATE TYPE span AS RANGE (SUBTYPE = float8);
       CREATE TABLE a_sure (n int, t timestamptz, f float8, s safe, c color[], r span, j jsonb, x int4range);
       CREATE TABLE b_money (m money); CREATE TABLE c_pair (p pair[]); CREATE TABLE d_priced (p priced); CREATE TABLE e_reg (r regclass);
       CREATE TABLE f_parent (n int); CREATE TABLE g_child (m int) INHERITS (f_parent); CREATE TABLE h_xml (x xml);
       CREATE TABLE i_inside (b a_sure, e e_reg);`,
      database,
    );
    const { manifest } = await exported(await bench(), 'types');
    const sure = manifest.tables.filter(({ copied }) => copied?.comparable).map(({ name }) => name);
    expect(sure).toEqual(['a_sure', 'f_parent']);
  });

  it('has hashes of rows, if they were asked for, where the text cannot be compared, and for no other table', async () => {
    const { manifest } = await exported(
      await bench({ settings: { engine: 'larder', compare: 'rows' } }),
      'types',
    );
    for (const { name, copied, rowHash, rows } of manifest.tables) {
      expect([name, rowHash !== undefined, rows]).toEqual([name, !copied?.comparable, 0]);
    }
  });
});

describe('pg_dump still writes', () => {
  it.each([
    ['plain', { format: 'plain' }],
    ['tar', { format: 'tar' }],
    ['definitions alone', { content: 'schema' }],
  ] as const)('%s', async (_, given) => {
    const { manifest } = await exported(await bench(), 'acme', given);
    expect(manifest.tool.engine).toBe('pg_dump');
    expect(manifest.tables.some(({ copied }) => copied)).toBe(false);
    expect(manifest.object.contents).toBeUndefined();
  });

  it('an archive of a version that is not known, and the manifest warns of it', async () => {
    const on = await bench({
      templateOf: () => async () => {
        throw new DumpUnreadable('byte 5', 'its version is 1.17-0, which is not known here');
      },
    });
    const { manifest } = await exported(on, 'acme');
    expect(manifest.tool.engine).toBe('pg_dump');
    expect(tableOf(manifest, 'child').rows).toBe(5000);
    expect(manifest.warnings.filter((one) => one.includes('1.17-0'))).toHaveLength(1);
  });

  it('tables of an extension, whose rows it may choose by a condition', async () => {
    const on = await bench({
      templateOf: (fresh) => async (request) => {
        const { contents, ...made } = await fresh(request);
        const [data] = contents.entries.filter(({ hasData }) => hasData);
        if (!data) throw new Error('no rows');
        const foreign = { ...data, dumpId: 99_999, oid: 99_999, tag: 'settings_of_extension' };
        return { ...made, contents: { ...contents, entries: [...contents.entries, foreign] } };
      },
    });
    const { manifest } = await exported(on, 'acme');
    expect([manifest.tool.engine, manifest.warnings.join().includes('engine')]).toEqual([
      'pg_dump',
      false,
    ]);
  });
});

describe('a template', () => {
  it('is the same after it was stored, and has the values that sequences have now', async () => {
    let stored: Buffer | undefined;
    const on = await bench({
      templateOf: (fresh) => async (request) => {
        stored ??= encodeTemplate(await fresh(request));
        return decodeTemplate(stored);
      },
    });
    const before = await exported(on, 'acme');
    await postgres.sql(`SELECT setval('acme.parent_id_seq', 7777777)`, database);
    const after = await exported(on, 'acme');
    expect(before.bytes.includes("setval('acme.parent_id_seq', 5000, true)")).toBe(true);
    expect(after.bytes.includes("setval('acme.parent_id_seq', 7777777, true)")).toBe(true);
    expect(stored && decodeTemplate(stored).arguments).toContain('--schema="acme"');
  });

  it.each([
    ['cut', 0.5],
    ['empty', 0],
  ])('that is %s is not accepted', async (_, part) => {
    const kept: Buffer[] = [];
    const on = await bench({
      templateOf: (fresh) => async (request) => {
        const made = await fresh(request);
        kept.push(encodeTemplate(made));
        return made;
      },
    });
    await exported(on, 'acme');
    const [stored = Buffer.alloc(0)] = kept;
    expect(() => decodeTemplate(stored.subarray(0, stored.length * part))).toThrow(DumpUnreadable);
  });
});

/** Runs the export of the large project, and this as soon as the first bytes of its rows were stored. */
const whileStoring = async (on: Bench, meanwhile: (backup: Backup) => Promise<unknown>) => {
  const { vault } = on.ports;
  const backup = await on.request('large', { compression: 'none' });
  let reached = 0;
  await on.run(backup, 900_000, {
    vault: {
      ...vault,
      store: async (request: StoreRequest) => {
        const { body } = request;
        const begun = new Promise<void>((resolve) => void body.once('readable', resolve));
        await begun;
        await meanwhile(backup);
        reached += 1;
        return await vault.store(request);
      },
    },
  });
  expect(reached).toBe(1);
  return { row: await on.row(backup), left: await on.leftInVault() };
};
const NOTHING = { objects: [], uploads: [] };
const ours = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'larder/%' AND query LIKE 'COPY%'`;
const isGone = async () => {
  const found = await postgres.sql(
    `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'larder/%'`,
  );
  expect(found.rows).toEqual([]);
};
const soon = { timeout: 20_000, interval: 50 };

describe('an export in the middle of its rows', () => {
  it('is not completed if its backend is killed, and will be tried again', async () => {
    const { row, left } = await whileStoring(await bench(), async () => {
      const killed = await postgres.sql(ours);
      expect(killed.rowCount).toBe(1);
    });
    expect([row.status, row.attempt, left]).toEqual(['pending', 1, NOTHING]);
    await vi.waitFor(isGone, soon);
  });

  it('is not completed if its statement is cancelled', async () => {
    const { row, left } = await whileStoring(await bench(), () =>
      postgres.sql(ours.replace('terminate', 'cancel')),
    );
    expect([row.status, row.attempt, left]).toEqual(['pending', 1, NOTHING]);
    await vi.waitFor(isGone, soon);
  });

  it('is not completed if the network is cut', async () => {
    const proxy = await startTcpProxy(postgres.port);
    try {
      const on = await bench({ port: proxy.port });
      const { row, left } = await whileStoring(on, async () => proxy.cut('reset'));
      expect([row.status, row.attempt, left]).toEqual(['pending', 1, NOTHING]);
    } finally {
      await proxy.close();
    }
    await vi.waitFor(isGone, soon);
  });

  it('gives way to DDL that waits for its locks', async () => {
    const on = await bench({ settings: { engine: 'larder', giveWayAfterSeconds: 1 } });
    const other = await postgres.session(database);
    let altering: Promise<unknown> | undefined;
    const { row, left } = await whileStoring(on, async () => {
      altering = other.query('ALTER TABLE large.last ADD COLUMN IF NOT EXISTS more int');
      await altering;
    });
    expect([row.status, row.attempt, left]).toEqual(['pending', 1, NOTHING]);
    await other.end();
  });

  it('is cancelled, and leaves nothing', async () => {
    const on = await bench();
    const { row, left } = await whileStoring(on, async (backup) => {
      await on.ports.history.requestCancel(backup.projectId, backup.id);
      // The worker looks for a cancellation every few seconds: without this, the export may end before.
      await vi.waitFor(isGone, soon);
    });
    expect(left).toEqual(NOTHING);
    expect(row.status).toBe('cancelled');
  });
});
