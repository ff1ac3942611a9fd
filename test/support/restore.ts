import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { clientPrograms, PASSWORD, type Postgres } from './postgres.ts';

/** Restores by hand, with PostgreSQL's own programs and nothing of Larder's. */
const run = promisify(execFile);

const programsOf = async (major: number) => {
  const found = (await clientPrograms()).clients.find((one) => one.major === major);
  if (!found) throw new Error(`no programs of ${major}`);
  return found;
};

const loginTo = (postgres: Postgres, database: string, user = 'postgres'): string[] => [
  ...['-h', '127.0.0.1', '-p', String(postgres.port), '-U', user, '-d', database],
];
const env = { PGPASSWORD: PASSWORD, PATH: process.env.PATH ?? '' };

/** Runs a file of SQL with psql, as the superuser or another role, in one transaction that stops at the first error. */
export const runFile = async (
  postgres: Postgres,
  database: string,
  file: string,
  user?: string,
): Promise<void> => {
  const { psql } = await programsOf(postgres.major);
  const flags = [
    '-X',
    '-q',
    '--single-transaction',
    '-v',
    'ON_ERROR_STOP=1',
    '-o',
    '/dev/null',
    '-f',
    file,
  ];
  await run(psql, [...loginTo(postgres, database, user), ...flags], { env, maxBuffer: 1e8 });
};

/** Copies a database into another one, by pg_dump and psql alone. */
export const copyDatabase = async (
  postgres: Postgres,
  from: string,
  to: string,
  file: string,
): Promise<void> => {
  const { pgDump } = await programsOf(postgres.major);
  await run(pgDump, [...loginTo(postgres, from), '-f', file], { env });
  await runFile(postgres, to, file);
};

const unpacked = async (file: string): Promise<Buffer> => {
  if (file.endsWith('.gz')) return gunzipSync(readFileSync(file));
  if (file.endsWith('.zst')) return zstdDecompressSync(readFileSync(file));
  if (!file.endsWith('.bz2')) return readFileSync(file);
  const { bzip2 } = await clientPrograms();
  if (!bzip2) throw new Error('the client layer has no bzip2');
  const { stdout } = await run(bzip2, ['-dc', file], { encoding: 'buffer', maxBuffer: 1e9 });
  return stdout;
};

/** Restores a backup, whose format its extension shows, into a database. */
export const restoreFile = async (
  postgres: Postgres,
  database: string,
  file: string,
): Promise<void> => {
  if (/\.(dump|tar)$/.test(file)) {
    const { pgRestore } = await programsOf(postgres.major);
    await run(pgRestore, [...loginTo(postgres, database), '--exit-on-error', file], { env });
    return;
  }
  const plain = `${file}.plain`;
  writeFileSync(plain, await unpacked(file));
  await runFile(postgres, database, plain);
};
