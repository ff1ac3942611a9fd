import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
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

/** The guide's own commands, run in a shell exactly as written, on an empty server. */
const run = promisify(execFile);
const HOSTILE = `it's "a" $(touch /tmp/larder-guide-pwned) \`x\` LARDER | t`;
/** When pasted, the first ends the typed line; the others move the cursor, reverse text or are invisible. */
const HIDDEN = '\x03\ntouch /tmp/larder-guide-pwned\n\x1b[2J\x7f\u009b\u202e\u200b\u2028!!';
const OWNER = 'guide "owner"';
const LOGIN = 'guide_restorer';
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
  await source.sql(`CREATE ROLE ${quote(OWNER)}`);
  await target.sql(`CREATE ROLE ${LOGIN} LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
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
  const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId)))?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId }),
  );
  return { manifest, bench, body: (await found.Body?.transformToByteArray()) ?? new Uint8Array() };
};

const BLOCK = /^(`{3,})sh larder\n([\s\S]*?)\n\1$/gm;
/** What a superuser leaves out after reading the backup's code. */
const asSuperuser = (guide: string): string =>
  guide.replace(/^psql .*--file=\.\/larder-check\.sql && /m, '');

const commandsOf = (guide: string): string =>
  ['set -eu', ...Array.from(guide.matchAll(BLOCK), ([, , code]) => code)].join('\n');

interface Surroundings {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

const runCommands = (
  commands: string,
  surroundings: Surroundings,
): Promise<{ readonly stdout: string }> => run('sh', ['-c', commands], surroundings);

/** A terminal with a shell that a person types into: input is edited, expanded and run line by line. */
const pasteInto =
  (shell: string) =>
  async (commands: string, { cwd, env }: Surroundings): Promise<{ stdout: string }> => {
    const child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
      cwd,
      env: { ...env, TERM: 'xterm', HOME: cwd },
    });
    child.stdin.end(`${commands.replace('set -eu\n', '')}\nexit\n`);
    const stdout = await text(child.stdout);
    return { stdout };
  };

/** `aws s3 cp`, which this machine may not have: it answers only for the object that the guide must name. */
const followGuide = async (
  { manifest, body, bench }: Exported,
  database: string,
  {
    login = LOGIN,
    change = (guide: string) => guide,
    shell = runCommands,
    definitions = undefined as Exported | undefined,
  } = {},
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
  if (definitions) writeFileSync(path.join(work, 'definitions'), definitions.body);
  const guide = change(restoreGuide(manifest, { bucket: bench.bucket, tool: 'aws' }));
  const address = `127.0.0.1:${target.port}/${database}`;
  const { stdout } = await shell(commandsOf(guide), {
    cwd: work,
    env: {
      PATH: `${bin}:${programs}:${layerBin}:/usr/bin:/bin`,
      WANTED: `s3://${bench.bucket}/${manifest.object.key}`,
      PGPASSWORD: PASSWORD,
      DEFINITIONS: './definitions',
      DATABASE_URL: `postgresql://${login}@${address}`,
      ADMIN_URL: `postgresql://postgres@${address}`,
    },
  });
  return { guide, stdout };
};

const tenant = (schema: string): string => `
  CREATE SCHEMA ${quote(schema)} AUTHORIZATION ${quote(OWNER)};
  CREATE EXTENSION IF NOT EXISTS citext;
  SET ROLE ${quote(OWNER)};
  CREATE TABLE ${quote(schema)}.${quote(`t ${HOSTILE}`.slice(0, 60))} (id int PRIMARY KEY, mail citext, note text);
  INSERT INTO ${quote(schema)}.${quote(`t ${HOSTILE}`.slice(0, 60))} SELECT i, 'a' || i || '@b', E'tab\\there\\n\\\\.' FROM generate_series(1, 500) i;
  RESET ROLE;
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
  it.each(FORMATS)('restores %s with %s on an empty server', async (format, compression) => {
    const before = await source.database();
    await source.sql(tenant(HOSTILE), before);
    const backup = await exported(before, HOSTILE, { format, compression });
    const after = await target.database();
    const { stdout } = await followGuide(backup, after);
    expect(stdout).toContain(': OK');
    expect(stdout.trimEnd().split('\n').slice(-1)).toEqual(['Compared.']);
    expect(differences(await factsOf(source, before), await factsOf(target, after))).toEqual([]);
    const pwned = await run('ls', ['/tmp/larder-guide-pwned']).catch(() => undefined);
    expect(pwned).toBeUndefined();
  });

  it.each([
    ['custom', 'gzip'],
    ['plain', 'none'],
  ] as const)('restores the schema public from %s with %s', async (format, compression) => {
    const before = await source.database();
    await source.sql(
      `ALTER DATABASE ${quote(before)} OWNER TO ${quote(OWNER)};
       SET ROLE ${quote(OWNER)};
       CREATE TABLE public.t AS SELECT generate_series(1, 7) AS i;
       CREATE TABLE public.lines AS SELECT E'CREATE SCHEMA public;'::text AS line;
       RESET ROLE`,
      before,
    );
    const backup = await exported(before, 'public', { format, compression });
    const after = await target.database();
    await target.sql(
      `DO $$ BEGIN CREATE ROLE ${quote(OWNER)}; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await target.sql(`ALTER DATABASE ${quote(after)} OWNER TO ${quote(OWNER)}`);
    await followGuide(backup, after);
    const found = await target.sql('SELECT count(*)::int AS n FROM public.t', after);
    expect(found.rows[0].n).toBe(7);
    const kept = await target.sql('SELECT line FROM public.lines', after);
    expect(kept.rows).toEqual([{ line: 'CREATE SCHEMA public;' }]);
  });

  it.each([
    ['custom', 'zstd'],
    ['plain', 'gzip'],
  ] as const)('binds %s with %s to the operators that it had', async (format, compression) => {
    const before = await source.database();
    const ext = quote(HOSTILE.slice(0, 40));
    await source.sql(
      `CREATE SCHEMA acme AUTHORIZATION ${quote(OWNER)}; CREATE SCHEMA ${ext}; GRANT USAGE ON SCHEMA ${ext} TO PUBLIC;
       CREATE EXTENSION citext SCHEMA ${ext}; CREATE EXTENSION ltree SCHEMA ${ext};
       SET ROLE ${quote(OWNER)}; SET search_path = acme, ${ext};
       CREATE TABLE a (c citext, d citext, same boolean GENERATED ALWAYS AS (c IS NOT DISTINCT FROM d) STORED, line text);
       INSERT INTO a (c, d, line) VALUES ('x', 'X', $$SELECT pg_catalog.set_config('search_path', '', false);$$);
       CREATE VIEW v AS SELECT b.d, CASE l WHEN 'q'::ltree THEN 1 END AS n FROM a JOIN (SELECT 'X'::citext AS c, 'd'::citext AS d, 'q'::ltree AS l) b USING (c);
       RESET ROLE; RESET search_path`,
      before,
    );
    const backup = await exported(before, 'acme', { format, compression });
    const after = await target.database();
    await target.sql(`CREATE SCHEMA ${ext}; GRANT USAGE ON SCHEMA ${ext} TO PUBLIC`, after);
    const { guide } = await followGuide(backup, after);
    for (const name of ['`acme.a.same`', '`acme.v`']) expect(guide).toContain(name);
    const rows = async (postgres: Postgres, database: string) => [
      (await postgres.sql('SELECT * FROM acme.a', database)).rows,
      (await postgres.sql('SELECT * FROM acme.v', database)).rows,
    ];
    expect(await rows(target, after)).toEqual(await rows(source, before));
    expect(differences(await factsOf(source, before), await factsOf(target, after))).toEqual([]);
  });

  it('lists the prerequisites first, and restores the awkward schema if they exist', async () => {
    const schema = 'Awk.ward "schema" *é';
    const before = await source.database();
    await runFile(source, before, fixture('awkward-outside.sql'));
    await runFile(source, before, fixture('awkward.sql'));
    const backup = await exported(before, schema, {});
    const after = await target.database();
    await runFile(target, after, fixture('awkward-outside.sql'));
    const { guide } = await followGuide(backup, after, { login: 'postgres', change: asSuperuser });
    for (const { kind, name } of backup.manifest.outside) {
      if (kind !== 'extension' && kind !== 'role') expect(guide).toContain(name);
    }
    for (const warning of backup.manifest.warnings) expect(guide).toContain(warning.slice(0, 40));
  });

  it('turns no content of a manifest into a command, and no name into an option', async () => {
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

  it.each(['sh', 'bash --norc'])(
    'can be pasted into %s with any name: it contains no control character',
    async (shell) => {
      const before = await source.database();
      const schema = `s ${HIDDEN}`;
      await source.sql(tenant(schema), before);
      await source.sql(
        `SET ROLE ${quote(OWNER)}; CREATE TABLE ${quote(schema)}.${quote(`u ${HIDDEN}`)} (${quote(HIDDEN)} int); RESET ROLE`,
        before,
      );
      const backup = await exported(before, schema, {});
      const after = await target.database();
      const { guide } = await followGuide(backup, after, { shell: pasteInto(shell) });
      expect(guide.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(differences(await factsOf(source, before), await factsOf(target, after))).toEqual([]);
      const pwned = await run('ls', ['/tmp/larder-guide-pwned']).catch(() => undefined);
      expect(pwned).toBeUndefined();
    },
  );

  it.each([
    ['custom', 'zstd'],
    ['plain', 'none'],
  ] as const)(
    'stops %s before the tenant’s code runs as a superuser, or as one that may become one, and names that code',
    async (format, compression) => {
      const before = await source.database();
      await source.sql(
        `CREATE SCHEMA acme;
         CREATE FUNCTION acme.small(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 9';
         CREATE TABLE acme.t (i int CONSTRAINT small CHECK (acme.small(i)));
         CREATE VIEW acme.v AS SELECT * FROM acme.t`,
        before,
      );
      const backup = await exported(before, 'acme', { format, compression });
      const after = await target.database();
      for (const [login, right] of [
        ['postgres', undefined],
        [`${LOGIN}_1`, 'pg_execute_server_program'],
        [`${LOGIN}_2`, 'postgres'],
      ] as const) {
        if (right) {
          await target.sql(
            `DO $$ BEGIN CREATE ROLE ${login} LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             GRANT ${right} TO ${login}`,
          );
        }
        await expect(followGuide(backup, after, { login })).rejects.toThrow(/is a superuser, can/);
        const found = await target.sql(`SELECT to_regclass('acme.t') AS t`, after);
        expect(found.rows[0].t).toBeNull();
      }
      const guide = restoreGuide(backup.manifest, { bucket: 'b', tool: 'aws' });
      for (const name of ['`acme.small(integer)`', '`small on acme.t`', '`acme.v`']) {
        expect(guide).toContain(name);
      }
    },
  );

  it('shows a table that has lost rows, and stops at a damaged file', async () => {
    const before = await source.database();
    await source.sql(
      `CREATE SCHEMA acme AUTHORIZATION ${quote(OWNER)}; SET ROLE ${quote(OWNER)};
       CREATE TABLE acme.t AS SELECT generate_series(1, 9) i; RESET ROLE`,
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

  /** Enums, domains, composite types, generated columns, partitions, keys in circles, triggers, policies, materialized views. */
  describe.each([
    ['shop', 'acme'],
    ['meters', 'globex'],
    ['ledger', 'Müller & Söhne "Nord"'],
  ] as const)('on the demo’s %s', (file, schema) => {
    let before: string;
    let whole: Awaited<ReturnType<typeof factsOf>>;
    beforeAll(async () => {
      before = await source.database();
      await source.sql(`GRANT CREATE ON DATABASE ${before} TO ${quote(OWNER)}`);
      const sql = readFileSync(
        path.join(import.meta.dirname, `../../../local/database/demo/${file}.sql`),
        'utf8',
      );
      await source.sql(`SET ROLE ${quote(OWNER)}; ${sql}; RESET ROLE`, before);
      whole = await factsOf(source, before);
    });

    const FULL = [
      ['custom', undefined],
      ...(file === 'shop'
        ? ([
            ['plain', 'zstd'],
            ['tar', 'none'],
          ] as const)
        : []),
    ] as const;
    it.each(FULL)('everything is restored from %s', async (format, compression) => {
      const backup = await exported(before, schema, {
        format,
        ...(compression && { compression }),
      });
      const after = await target.database();
      const { stdout } = await followGuide(backup, after);
      expect(stdout.trimEnd()).toMatch(/OK\s+Compared\.$/);
      expect(differences(whole, await factsOf(target, after))).toEqual([]);
    });

    it.each(FULL)('only its definitions are restored from %s', async (format, compression) => {
      const backup = await exported(before, schema, {
        content: 'schema',
        format,
        ...(compression && { compression }),
      });
      const after = await target.database();
      await followGuide(backup, after);
      const found = await factsOf(target, after);
      const isDefinition = ([name]: readonly [string, string]): boolean =>
        !/^(rows|value) of /.test(name);
      const only = (facts: typeof whole) => new Map([...facts].filter(isDefinition));
      const other = differences(only(whole), only(found));
      expect(other.filter((line) => !line.endsWith('populated was true, is false'))).toEqual([]);
    });

    it.each(FULL)(
      'its rows are restored from %s, with the definitions of another backup',
      async (format, compression) => {
        const content = 'data';
        const backup = await exported(before, schema, {
          content,
          format,
          ...(compression && { compression }),
        });
        for (const definitions of [
          await exported(before, schema, { content: 'schema', format: 'tar' }),
          ...(format === 'custom' ? [await exported(before, schema, {})] : []),
        ]) {
          const after = await target.database();
          const { stdout, guide } = await followGuide(backup, after, { definitions });
          expect(guide).toContain('export DEFINITIONS=');
          expect(stdout.trimEnd()).toMatch(/OK\s+Compared\.$/);
          expect(differences(whole, await factsOf(target, after))).toEqual([]);
        }
      },
    );
  });
});
