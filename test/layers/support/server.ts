import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findProgramFiles } from '../../../adapters/postgres/programs/program-files.ts';
import { ensureLayer } from '../../../layers/postgres/ensure.ts';
import type { Certificates } from './certificate.ts';
import { asServerUser, endWithFile, freePort, giveAway } from './scratch.ts';

export const PASSWORD = 'correct horse';

export type Server = {
  port: number;
  query: (sql: string, database?: string) => Promise<pg.QueryResult>;
};

/**
 * A server of one major from the server layer on a free port of 127.0.0.1, which accepts connections with TLS and a password only. It ends
 * with the test file.
 */
export async function startServer(
  folder: string,
  major: number,
  certificates: Certificates,
  extensions: readonly string[] = [],
): Promise<Server> {
  const { directory } = await ensureLayer({ layer: 'server', majors: [major], extensions });
  const found = await findProgramFiles(path.join(directory, 'postgres'));
  const programs = found.servers.find((one) => one.major === major);
  if (!programs) throw new Error(`the server layer has no ${major}`);
  const home = path.join(folder, `server-${major}`);
  mkdirSync(home);
  writeFileSync(path.join(home, 'password'), PASSWORD);
  copyFileSync(certificates.certificate, path.join(home, 'server.pem'));
  copyFileSync(certificates.key, path.join(home, 'server.key'));
  await giveAway(home);
  const data = path.join(home, 'data');
  const user = asServerUser();
  const init = ['-D', data, '-U', 'postgres', '--locale=C', '--encoding=UTF8', '--no-sync'];
  const login = ['--auth=scram-sha-256', '--pwfile', path.join(home, 'password')];
  execFileSync(programs.initdb, [...init, ...login], { ...user, cwd: home, stdio: 'pipe' });
  writeFileSync(path.join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    ssl: 'on',
    ssl_cert_file: path.join(home, 'server.pem'),
    ssl_key_file: path.join(home, 'server.key'),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(programs.postgres, ['-D', data, ...flags], {
    ...user,
    cwd: home,
    env: programs.environment,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  endWithFile(child, 'SIGQUIT');
  const query = (sql: string, database = 'postgres') => ask(port, database, sql);
  for (let tries = 0; ; tries += 1) {
    const ready = await query('SELECT 1').catch((error: Error) => error);
    if (!(ready instanceof Error)) return { port, query };
    if (child.exitCode !== null || tries > 150) throw new Error(said, { cause: ready });
    await sleep(100);
  }
}

async function ask(port: number, database: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    database,
    user: 'postgres',
    password: PASSWORD,
    ssl: { rejectUnauthorized: false },
  });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A schema with the shapes that break dumps, in a database of its own. */
export const SAMPLE = `
CREATE ROLE "Tenant Owner";
CREATE SCHEMA "Te.na?nt";
SET search_path = "Te.na?nt";
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood NOT NULL DEFAULT 'ok',
  doc jsonb, doubled bigint GENERATED ALWAYS AS (id * 2) STORED, at timestamptz DEFAULT now());
CREATE TABLE child (parent_id bigint NOT NULL REFERENCES parent, body bytea);
CREATE TABLE part (day date NOT NULL, v int) PARTITION BY RANGE (day);
CREATE TABLE part_2026 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parent (doc) SELECT jsonb_build_object('n', n, 'text', 'naïve — ✓') FROM generate_series(1, 5000) n;
INSERT INTO child SELECT id, decode(md5(id::text), 'hex') FROM parent;
INSERT INTO part SELECT '2026-01-01'::date + n % 365, n FROM generate_series(1, 1000) n;
CREATE MATERIALIZED VIEW totals AS SELECT mood, count(*) FROM parent GROUP BY mood;
ALTER TABLE parent OWNER TO "Tenant Owner";
`;

/** What must be equal before and after: counts, contents and the sequence. */
export const FINGERPRINT = `
SELECT (SELECT count(*) FROM "Te.na?nt".parent) AS parents,
  (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM "Te.na?nt".parent p) AS parent_sum,
  (SELECT md5(string_agg(c::text, ',' ORDER BY parent_id)) FROM "Te.na?nt".child c) AS child_sum,
  (SELECT count(*) FROM "Te.na?nt".part_2026) AS part, (SELECT count FROM "Te.na?nt".totals) AS total,
  (SELECT last_value FROM "Te.na?nt".parent_id_seq) AS last,
  (SELECT tableowner FROM pg_tables WHERE tablename = 'parent') AS owner`;
