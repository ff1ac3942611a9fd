import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPostgres } from './postgres.ts';
import { claimRunFolder, RUN_FOLDERS, removeDeadRuns, removeRunFolder } from './run-folder.ts';
import { removeServer, startServer } from './running-server.ts';

describe('a server that a test file has stopped', () => {
  it('is given to the next one without the objects of the file', async () => {
    const first = await startPostgres(18);
    await first.sql(
      `CREATE ROLE someone; CREATE ROLE member; GRANT someone TO member;
       ALTER DEFAULT PRIVILEGES FOR ROLE someone GRANT SELECT ON TABLES TO member`,
    );
    const database = await first.database();
    await first.sql('CREATE TABLE t (id int); ALTER TABLE t OWNER TO someone', database);
    const session = await first.session(database);
    await first.stop();
    await session.end().catch(() => undefined);
    const second = await startPostgres(18);
    onTestFinished(() => second.stop());
    expect(second.port).toBe(first.port);
    const { rows } = await second.sql(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'db%'
       UNION ALL SELECT rolname FROM pg_roles WHERE rolname IN ('someone', 'member')`,
    );
    expect(rows).toEqual([]);
  });

  it.each([
    "ALTER SYSTEM SET work_mem = '1MB'",
    'CREATE TABLE t (id int)',
    "ALTER ROLE postgres SET work_mem = '1MB'",
    "ALTER ROLE larder_backup PASSWORD 'another'",
    'GRANT CREATE ON SCHEMA public TO PUBLIC',
    'GRANT CONNECT ON DATABASE template1 TO larder_backup',
  ])('is not given to the next one if its state has changed: %s', async (change) => {
    const first = await startPostgres(18);
    await first.sql(change);
    await first.stop();
    const second = await startPostgres(18);
    onTestFinished(() => second.stop());
    expect(second.port).not.toBe(first.port);
  });
});

describe('a run of the tests that was killed', () => {
  it('leaves neither servers nor folders after the next one, which does not touch those of a live run', async () => {
    const owner = spawn('sleep', ['600']);
    const gone = once(owner, 'exit');
    const folders = ['dead', 'live'].map(() => mkdtempSync(RUN_FOLDERS));
    const [dead = '', live = ''] = folders;
    onTestFinished(async () => {
      for (const folder of folders) await removeRunFolder(folder);
    });
    for (const folder of folders) chmodSync(folder, 0o755);
    claimRunFolder(dead, owner.pid);
    claimRunFolder(live);
    const server = await startServer(18, {}, dead);
    const exited = once(server.process, 'exit');
    const other = await startServer(18, {}, live);
    onTestFinished(() => removeServer(other));

    await removeDeadRuns();
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);
    owner.kill('SIGKILL');
    await gone;
    await removeDeadRuns();
    await exited;
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, true]);
    expect(other.process.exitCode).toBeNull();
  });
});
