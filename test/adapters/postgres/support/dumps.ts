import { execFile } from 'node:child_process';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { readStatements } from '../../../../adapters/postgres/sql/split-statements.ts';
import { checkWrittenBack } from '../../../support/archives.ts';
import { clientPrograms, PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { runFile } from '../../../support/restore.ts';
import { inChunks } from './reading.ts';

const run = promisify(execFile);

/** The schema of test/fixtures/awkward.sql. */
export const AWKWARD = 'Awk.ward "schema" *é';
export const AWK = '"Awk.ward ""schema"" *é"';

const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

/** A new database with what the awkward schema needs, and with the schema itself if asked for. */
export const awkwardDatabase = async (
  postgres: Postgres,
  { filled }: { readonly filled: boolean },
): Promise<string> => {
  const database = await postgres.database();
  await runFile(postgres, database, fixture('awkward-outside.sql'));
  if (filled) await runFile(postgres, database, fixture('awkward.sql'));
  return database;
};

/** The programs of one major. */
export const programsOf = async (major: number) => {
  const found = (await clientPrograms()).clients.find((one) => one.major === major);
  if (!found) throw new Error(`no programs of ${major}`);
  return found;
};

/** The output of some major's pg_dump for a database; without `schemas`, for all of it. */
export const dumpOf = async (
  postgres: Postgres,
  database: string,
  {
    major = postgres.major,
    schemas = [],
    flags = [],
  }: {
    readonly major?: number;
    readonly schemas?: readonly string[];
    readonly flags?: readonly string[];
  },
): Promise<Buffer> => {
  const { pgDump } = await programsOf(major);
  const { stdout } = await run(
    pgDump,
    [
      ...['-h', '127.0.0.1', '-p', String(postgres.port), '-U', 'postgres', '-d', database],
      ...schemas.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`),
      ...flags,
    ],
    { env: { PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' }, encoding: 'buffer', maxBuffer: 1e9 },
  );
  checkWrittenBack(stdout);
  return stdout;
};

/** Works with a session that is ended afterwards. */
export const withClient = async <T>(
  postgres: Postgres,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await postgres.session(database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Sends a script piece by piece. The extended protocol accepts one statement at a time: the server itself finds where one ends. */
export const send = async (client: pg.Client, script: Buffer): Promise<void> => {
  for await (const piece of readStatements(inChunks(script, [65_536]))) {
    const text = piece.text.toString();
    if (piece.kind === 'copy') await pipeline(piece.data, client.query(copyFrom(text)));
    else await client.query({ text, queryMode: 'extended' } as pg.QueryConfig);
  }
};
