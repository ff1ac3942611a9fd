import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fillSchema, projectSql } from '../schema.ts';
import type { Stage } from '../stage.ts';

/**
 * Data that was never read. The first reader of rows that were never vacuumed also writes status bits (hint bits) to
 * them; later readers do not. So each contender gets its own copy, file by file, of a database that was only written.
 */
const TEMPLATE = 'unread';

export const coldDatabase = async (
  { postgres }: Stage,
  megabytes: number,
  say: (line: string) => void,
) => {
  const schema = 'unread';
  say(`filling a schema with ${megabytes} MB that nobody reads ...`);
  await postgres.sql('ALTER SYSTEM SET autovacuum = off');
  await postgres.sql('SELECT pg_reload_conf()');
  await postgres.sql(`CREATE DATABASE ${TEMPLATE}`);
  await postgres.sql(projectSql(schema) + fillSchema(schema, megabytes * 1e6), TEMPLATE);
  let copies = 0;
  return {
    schema,
    /** Returns its name. */
    copy: async (): Promise<string> => {
      copies += 1;
      const name = `unread_${copies}`;
      await postgres.sql(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY file_copy`);
      return name;
    },
    drop: async (name: string): Promise<void> => {
      await postgres.sql(`DROP DATABASE ${name} WITH (FORCE)`);
    },
    close: async (): Promise<void> => {
      await postgres.sql(`DROP DATABASE ${TEMPLATE} WITH (FORCE)`);
      await postgres.sql('ALTER SYSTEM RESET autovacuum');
      await postgres.sql('SELECT pg_reload_conf()');
    },
  };
};

/** Smaller files belong to the catalog, which is read quickly. */
const LARGE_BYTES = 1024 ** 2;

/** Evicts all pages of a database's tables from the server's own memory and, file by file, from the system's cache. */
export const forgetPages = async ({ postgres }: Stage, database: string): Promise<void> => {
  await postgres.sql('CHECKPOINT');
  const { rows } = await postgres.sql(
    `SELECT current_setting('data_directory') || '/base/' || oid AS folder FROM pg_database WHERE datname = '${database}'`,
  );
  await postgres.crashAndRestart();
  const folder: string = rows[0].folder;
  const files = readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).size >= LARGE_BYTES);
  // Only written pages can be evicted.
  execFileSync('sync', files);
  for (const file of files) {
    // GNU dd with nothing to copy only tells the kernel that the file's pages are not needed (posix_fadvise).
    const flags = [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'];
    execFileSync('dd', flags, { stdio: 'ignore' });
  }
};
