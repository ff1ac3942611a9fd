import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { restoreGuide } from '../../../functions/api/restore-guide.ts';
import { describeDatabase, differences } from '../../support/compare-databases.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { runFile } from '../../support/restore.ts';
import { type Bench, openBench, type Services, startServices } from '../export/support.ts';

/** The guide's own commands, run in a shell as they stand in it, on a server that has nothing yet. */
const run = promisify(execFile);
const HOSTILE = `it's "a" $(touch /tmp/larder-guide-pwned) \`x\` LARDER | t`;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const fixture = (name: string): string => path.join(import.meta.dirname, '../../fixtures', name);

let services: Services;
let folder: string;
let source: Postgres;
let target: Postgres;
let programs: string;
let layerBin: string;

beforeAll(async () => {
  services = await startServices();
  folder = mkdtempSync('/var/tmp/larder-guide-');
  [source, target] = await Promise.all([startPostgres(18), startPostgres(18)]);
  const { clients, bzip2 } = await clientPrograms();
  programs = path.dirname(clients.find(({ major }) => major === 18)?.psql ?? '');
  layerBin = path.dirname(bzip2 ?? '');
});
afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const factsOf = async (postgres: Postgres, database: string) => {
  const client = await postgres.session(database);
  try {
    return await describeDatabase(client);
  } finally {
    await client.end();
  }
};

interface Exported {
  readonly manifest: Manifest;
  readonly body: Uint8Array;
  readonly bench: Bench;
}

const exported = async (
  database: string,
  schema: string,
  given: Partial<Backup>,
): Promise<Exported> => {
  const bench = await openBench(services, source, { database, source: { schemas: [schema] } });
  const backup = await bench.request(schema, given);
  await bench.run(backup);
  const row = await bench.row(backup);
  if (!row.fileId) throw new Error(JSON.stringify(row.error));
  const manifest = await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId));
  if (!manifest) throw new Error('there is no manifest');
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId }),
  );
  return { manifest, bench, body: (await found.Body?.transformToByteArray()) ?? new Uint8Array() };
};

const BLOCK = /^(`{3,})sh larder\n([\s\S]*?)\n\1$/gm;
const commandsOf = (guide: string): string =>
  ['set -eu', ...Array.from(guide.matchAll(BLOCK), ([, , code]) => code)].join('\n');

/** `aws s3 cp`, which this machine may not have: it answers for just the object that the guide must name. */
const followGuide = async (
  { manifest, body, bench }: Exported,
  database: string,
): Promise<{ guide: string; stdout: string }> => {
  const room = mkdtempSync(path.join(folder, 'room-'));
  const bin = path.join(room, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(room, 'object'), body);
  writeFileSync(
    path.join(bin, 'aws'),
    `#!/bin/sh\n[ "$1 $2" = "s3 cp" ] && [ "$3" = "$WANTED" ] && cp ../object "$4"\n`,
  );
  chmodSync(path.join(bin, 'aws'), 0o755);
  const work = path.join(room, 'work');
  mkdirSync(work);
  const guide = restoreGuide(manifest, { bucket: bench.bucket, tool: 'aws' });
  const { stdout } = await run('sh', ['-c', commandsOf(guide)], {
    cwd: work,
    env: {
      PATH: `${bin}:${programs}:${layerBin}:/usr/bin:/bin`,
      WANTED: `s3://${bench.bucket}/${manifest.object.key}`,
      PGPASSWORD: PASSWORD,
      DATABASE_URL: `postgresql://postgres@127.0.0.1:${target.port}/${database}`,
    },
  });
  return { guide, stdout };
};

const tenant = (schema: string): string => `
  CREATE SCHEMA ${quote(schema)};
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE TABLE ${quote(schema)}.${quote(`t ${HOSTILE}`.slice(0, 60))} (id int PRIMARY KEY, mail citext, note text);
  INSERT INTO ${quote(schema)}.${quote(`t ${HOSTILE}`.slice(0, 60))} SELECT i, 'a' || i || '@b', E'tab\\there\\n\\\\.' FROM generate_series(1, 500) i;
  DO $$ BEGIN CREATE ROLE ${quote(HOSTILE.slice(0, 60))}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  GRANT USAGE ON SCHEMA ${quote(schema)} TO ${quote(HOSTILE.slice(0, 60))};`;

const FORMATS = [
  ['custom', 'zstd'],
  ['plain', 'gzip'],
  ['plain', 'zstd'],
  ['plain', 'bzip2'],
  ['tar', 'none'],
] as const;

describe('the restore guide', () => {
  it.each(FORMATS)(
    'brings back %s with %s on a server that has nothing',
    async (format, compression) => {
      const before = await source.database();
      await source.sql(tenant(HOSTILE), before);
      const backup = await exported(before, HOSTILE, { format, compression });
      const after = await target.database();
      const { stdout } = await followGuide(backup, after);
      expect(stdout).toContain(': OK');
      expect(differences(await factsOf(source, before), await factsOf(target, after))).toEqual([]);
      const pwned = await run('ls', ['/tmp/larder-guide-pwned']).catch(() => undefined);
      expect(pwned).toBeUndefined();
    },
  );

  it.each([
    ['custom', 'gzip'],
    ['plain', 'none'],
  ] as const)('brings back the schema public from %s with %s', async (format, compression) => {
    const before = await source.database();
    await source.sql(
      `CREATE TABLE public.t AS SELECT generate_series(1, 7) AS i;
       CREATE TABLE public.lines AS SELECT E'CREATE SCHEMA public;'::text AS line`,
      before,
    );
    const backup = await exported(before, 'public', { format, compression });
    const after = await target.database();
    await followGuide(backup, after);
    const found = await target.sql('SELECT count(*)::int AS n FROM public.t', after);
    expect(found.rows[0].n).toBe(7);
    const kept = await target.sql('SELECT line FROM public.lines', after);
    expect(kept.rows).toEqual([{ line: 'CREATE SCHEMA public;' }]);
  });

  it('names what must be there first, and brings back the awkward schema where it is', async () => {
    const schema = 'Awk.ward "schema" *é';
    const before = await source.database();
    await runFile(source, before, fixture('awkward-outside.sql'));
    await runFile(source, before, fixture('awkward.sql'));
    const backup = await exported(before, schema, {});
    const after = await target.database();
    await runFile(target, after, fixture('awkward-outside.sql'));
    const { guide } = await followGuide(backup, after);
    for (const { kind, name } of backup.manifest.outside) {
      if (kind !== 'extension' && kind !== 'role') expect(guide).toContain(name);
    }
    for (const warning of backup.manifest.warnings) expect(guide).toContain(warning.slice(0, 40));
  });

  it('makes no command of what a manifest holds, and no option of a name', async () => {
    const before = await source.database();
    await source.sql('CREATE SCHEMA acme; CREATE TABLE acme.t (i int)', before);
    const { manifest, bench } = await exported(before, 'acme', { format: 'plain' });
    const evil = '\n```\n\n```sh larder\ntouch /tmp/larder-guide-pwned\n```\n';
    const forged = {
      ...manifest,
      project: { ...manifest.project, id: '--help', name: evil },
      source: { ...manifest.source, serverVersion: evil },
      tool: { ...manifest.tool, pgDump: evil },
      leftOut: [{ kind: evil, name: evil, belongsTo: [] }],
      warnings: [evil],
    };
    const guide = restoreGuide(forged, { bucket: bench.bucket, tool: 'aws' });
    expect(commandsOf(guide)).not.toContain('pwned');
    expect(commandsOf(guide)).not.toMatch(/ '?--help/);
  });

  it('shows a table that has lost rows, and stops at a damaged file', async () => {
    const before = await source.database();
    await source.sql(
      'CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT generate_series(1, 9) i',
      before,
    );
    const backup = await exported(before, 'acme', {});
    const fewer = {
      ...backup,
      manifest: {
        ...backup.manifest,
        tables: backup.manifest.tables.map((table) => ({ ...table, rows: 10 })),
      },
    };
    const { stdout } = await followGuide(fewer, await target.database());
    expect(stdout).toMatch(/acme.*\|\s*10 \|\s*9/);

    const damaged = Uint8Array.from(backup.body, (byte, at) => (at === 100 ? byte ^ 1 : byte));
    const after = await target.database();
    await expect(followGuide({ ...backup, body: damaged }, after)).rejects.toThrow(
      /FAILED|sha256sum/,
    );
    expect((await target.sql(`SELECT to_regclass('acme.t') AS t`, after)).rows[0].t).toBeNull();
  });
});
