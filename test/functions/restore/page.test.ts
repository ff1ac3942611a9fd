import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { runFile } from '../../support/restore.ts';
import { type Services, startServices } from '../export/support.ts';
import { newDatabase, openRoom, RESTORE_ROLE, type Room } from './support.ts';

/** The SQL of docs/restore.md and the commands of the README, exactly as written, on the demo's schemas. */
const run = promisify(execFile);
const root = (name: string): string => path.join(import.meta.dirname, '../../..', name);
const page = readFileSync(root('docs/restore.md'), 'utf8');
const [COPY = '', AWAY = ''] = Array.from(
  page.matchAll(/^```sql\n([\s\S]*?)```$/gm),
  ([, sql]) => sql ?? '',
);
const RESTORED = 'acme_restored_20261121t020000';

let services: Services;
let postgres: Postgres;
let folder: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres(18);
  folder = mkdtempSync('/var/tmp/larder-page-');
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const demo = async (file: string, schema: string): Promise<{ room: Room; database: string }> => {
  const sql = readFileSync(root(`local/database/demo/${file}.sql`), 'utf8');
  const database = await newDatabase(postgres, sql);
  return { room: await openRoom(services, postgres, database, { schemas: [schema] }), database };
};

const psql = async (database: string, sql: string): Promise<void> => {
  const file = path.join(folder, 'page.sql');
  writeFileSync(file, sql);
  await runFile(postgres, database, file, RESTORE_ROLE);
};

/** In the order in which they were created, which is that of their keys. */
const tablesOf = async ({ sql }: Room, schema: string): Promise<string[]> =>
  (
    await sql(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = '${quote(schema)}'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY oid`,
    )
  ).rows.map(({ name }: { name: string }) => name);

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('deleted rows are restored from a schema beside', () => {
  it.each([
    ['shop', 'acme'],
    ['meters', 'globex'],
    ['ledger', 'Müller & Söhne "Nord"'],
  ])('of the demo’s %s', async (file, schema) => {
    const { room, database } = await demo(file, schema);
    const backup = await room.backup(schema);
    const { row } = await room.restore(backup, { newSchema: RESTORED });
    expect(row.error).toBeUndefined();
    const tables = await tablesOf(room, schema);
    expect(tables.length).toBeGreaterThan(2);
    await room.sql(`TRUNCATE ${tables.map((name) => `${quote(schema)}.${quote(name)}`).join()}`);
    for (const name of tables) {
      const live = `${quote(schema)}.${quote(name)}`;
      const old = `${RESTORED}.${quote(name)}`;
      const sql = COPY.replace("'acme.orders'", `'${live}'`).replace(
        `'${RESTORED}.orders'`,
        `'${old}'`,
      );
      expect(sql).toContain(`('${live}'::regclass, '${old}'::regclass)`);
      await psql(database, sql);
      const { rows } = await room.sql(
        `SELECT count(*)::int AS n, (SELECT count(*)::int FROM ${old}) AS of FROM (SELECT t::text FROM ${live} t INTERSECT ALL SELECT t::text FROM ${old} t) same`,
      );
      expect([name, rows[0].n]).toEqual([name, rows[0].of]);
      expect(rows[0].of).toBeGreaterThan(0);
    }
    await room.sql(`DROP SCHEMA ${RESTORED} CASCADE`);
  });
});

it('a damaged table is moved away by the statements of the page, and restored in its place', async () => {
  const { room, database } = await demo('shop', 'acme');
  const backup = await room.backup('acme');
  await room.sql('ALTER SCHEMA acme OWNER TO app_owner; DELETE FROM acme.order_lines');
  await psql(database, `SET ROLE app_owner; ${AWAY.replaceAll('orders', 'order_lines')}`);
  const { row } = await room.restore(backup, {
    mode: 'tables',
    tables: ['order_lines'],
    into: 'live',
  });
  expect(row.error).toBeUndefined();
  const { rows } = await room.sql('SELECT count(*)::int AS n FROM acme.order_lines');
  expect(rows).toEqual([{ n: 30_000 }]);
});

describe('the README’s commands', () => {
  const [, restoring = ''] = readFileSync(root('README.md'), 'utf8').split('## Restore by hand');
  const [custom = '', plain = ''] = Array.from(
    restoring.matchAll(/^```\n([\s\S]*?)```$/gm),
    ([, code]) => code ?? '',
  );

  it.each(['custom', 'plain'] as const)('restore the demo’s shop from %s', async (format) => {
    const { room } = await demo('shop', 'acme');
    const backup = await room.backup('acme', {
      format,
      ...(format === 'plain' && { compression: 'zstd' }),
    });
    const bytes: Buffer[] = [];
    for await (const chunk of room.ports.vault.read(backup.fileId ?? '')) bytes.push(chunk);
    const work = mkdtempSync(path.join(folder, 'work-'));
    writeFileSync(path.join(work, 'object'), Buffer.concat(bytes));
    writeFileSync(
      path.join(work, 'aws'),
      '#!/bin/sh\ncase "$3" in *manifest.json) ;; *) cp object "$4" ;; esac\n',
      { mode: 0o755 },
    );
    const commands = `${custom}\n${plain}`
      .split('\n')
      .filter((line) => !(format === 'custom' ? /^(zstd|psql --set)/ : /^pg_restore/).test(line))
      .join('\n')
      .replaceAll('acme.dump', format === 'custom' ? 'acme.dump' : 'acme.sql.zst')
      .replaceAll('restored', `readme_${format}`);
    const { clients } = await clientPrograms();
    const programs = path.dirname(clients.find(({ major }) => major === 18)?.psql ?? '');
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: work,
      env: {
        PATH: `${work}:${programs}:/usr/bin:/bin`,
        PGHOST: '127.0.0.1',
        PGPORT: String(postgres.port),
        PGUSER: 'postgres',
        PGPASSWORD: PASSWORD,
      },
    });
    expect(stdout).toContain(backup.checksum);
    const { rows } = await postgres.sql(
      'SELECT count(*)::int AS n FROM acme.order_lines',
      `readme_${format}`,
    );
    expect(rows).toEqual([{ n: 30_000 }]);
  });
});
