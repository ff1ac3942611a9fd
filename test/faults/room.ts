import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ObjectStore, startObjectStore } from '../../local/emulators/s3/server.ts';
import { type HttpProxy, type Meddle, startHttpProxy } from '../support/http-proxy.ts';
import { clientPrograms, type Postgres, startPostgres } from '../support/postgres.ts';
import { type Queues, startQueues } from '../support/queues.ts';
import { startTables, type Tables } from '../support/tables.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** The environment of one test file's faults: a real PostgreSQL with two projects, and the emulators. */
export interface Room {
  readonly postgres: Postgres;
  readonly database: string;
  readonly tables: Tables;
  readonly queues: Queues;
  readonly store: ObjectStore;
  /** An HTTP proxy in front of one of the emulators, closed with the room. */
  before(url: string, meddle: Meddle): Promise<HttpProxy>;
  /** A TCP proxy in front of PostgreSQL, closed with the room. */
  network(): Promise<TcpProxy>;
  /** A root of programs whose pg_dump is this shell script; `$REAL` is the real one. One with `#!` is used unchanged. */
  programs(script: string): Promise<string>;
  readonly folder: string;
  close(): Promise<void>;
}

const NOISE = 'sha512(n::text::bytea) || sha512((-n)::text::bytea)';

/** SQL that adds a project, which has all its rows in a table `orders`. */
export const projectOf = (name: string, rows: number): string => `
INSERT INTO control_plane.projects VALUES ('${name}', '${name}', '${name}', 'ACTIVE');
CREATE SCHEMA ${name};
CREATE TABLE ${name}.orders AS SELECT n, ${NOISE} AS noise FROM generate_series(1, ${rows}) n;`;

/** `acme` is dumped quickly; `large` needs several parts of an upload, and more than all buffers on its way. */
const PROJECTS = `
CREATE SCHEMA control_plane;
CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text, schema_name text, status text);
${projectOf('acme', 100)}
${projectOf('large', 90_000)}
`;

export const openRoom = async (): Promise<Room> => {
  const folder = mkdtempSync('/var/tmp/larder-faults-');
  const closing: (() => Promise<void>)[] = [];
  const postgres = await startPostgres();
  closing.push(postgres.stop);
  const database = await postgres.database();
  await postgres.sql(PROJECTS, database);
  const tables = await startTables();
  closing.push(tables.stop);
  const queues = await startQueues();
  closing.push(queues.stop);
  const store = await startObjectStore(path.join(folder, 'vault'));
  closing.push(store.close);
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    closing.push(() => one.close());
    return one;
  };
  let roots = 0;
  return {
    postgres,
    database,
    tables,
    queues,
    store,
    folder,
    before: async (url, meddle) => opened(await startHttpProxy(url, meddle)),
    network: async () => opened(await startTcpProxy(postgres.port)),
    programs: async (script) => {
      roots += 1;
      const root = path.join(folder, `programs-${roots}`);
      const bin = path.join(root, '18', 'bin');
      mkdirSync(bin, { recursive: true });
      const real = (await clientPrograms()).clients.find(({ major }) => major === 18);
      if (!real) throw new Error('no pg_dump 18');
      for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
        const file = path.join(bin, name);
        const head = `#!/bin/bash\nREAL='${real.pgDump}'\nif [ "$1" = --version ]; then exec "$REAL" --version; fi\n`;
        writeFileSync(file, script.startsWith('#!') ? script : `${head}${script}\n`);
        chmodSync(file, 0o755);
      }
      return root;
    },
    close: async () => {
      for (const close of closing.reverse()) await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
