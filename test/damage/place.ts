import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll } from 'vitest';
import { makeArchiveReader } from '../../adapters/postgres/programs/archive-reader.ts';
import { restoreOnScratch } from '../../adapters/postgres/scratch/restore/scratch-restore.ts';
import { type ScratchServer, startScratch } from '../../adapters/postgres/scratch/server/server.ts';
import type { Backup, Compression, Format } from '../../core/backup.ts';
import { BackupGone } from '../../core/errors/vault.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ArchiveReader, VaultReader } from '../../core/restore-ports.ts';
import {
  type Comparison,
  notRun,
  type Verification,
  type VerificationResult,
} from '../../core/verification.ts';
import type { ScratchRestores } from '../../core/verification-ports.ts';
import { examine } from '../../functions/verify/examine.ts';
import { resultOf } from '../../functions/verify/verdict.ts';
import {
  openRehearsals,
  type Stored,
  stored,
} from '../adapters/postgres/scratch-restore/support.ts';
import {
  type Bench,
  openBench,
  type Services,
  silent,
  startServices,
} from '../functions/export/support.ts';
import { describeDatabase, differences } from '../support/compare-databases.ts';
import { TEST_KEY } from '../support/manifest-keys.ts';
import { storedManifest } from '../support/manifests.ts';
import { clientPrograms, type Postgres, startPostgres } from '../support/postgres.ts';

/**
 * Where stored backups are damaged and then verified as the worker does it, but in one scratch server that is used again and again,
 * and from a vault in memory.
 */

/** Some damage makes pg_restore wait forever: it gets a minute in production. */
const STUCK_MS = 5000;

export const SCHEMA = 'acme';
const SQL = `
CREATE SCHEMA acme;
SET search_path = acme;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE people (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', mail email, mood mood,
  age int CHECK (age > 17), doubled int GENERATED ALWAYS AS (age * 2) STORED
);
CREATE TABLE letters (sender bigint NOT NULL REFERENCES people ON DELETE CASCADE, body bytea);
INSERT INTO people (name, mail, mood, age) SELECT 'Person ' || n, n || '@example.com', 'ok', 18 + n FROM generate_series(1, 40) n;
INSERT INTO letters SELECT id, decode(md5(id::text), 'hex') FROM people;
CREATE INDEX by_name ON people (lower(name)) WHERE age > 20;
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW WHEN (NEW.age > 30) EXECUTE FUNCTION touch();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people USING (name = current_user);
CREATE VIEW adults AS SELECT id, name FROM people WHERE age >= 18;
CREATE MATERIALIZED VIEW ages AS SELECT age, count(*) FROM people GROUP BY age;
COMMENT ON TABLE people IS 'who writes letters';
COMMENT ON SCHEMA acme IS 'a small one';
RESET search_path;
`;

/** Every format with every compression that a server of 18 stores it in. */
export const FORMATS: [Format, Compression][] = [
  ['custom', 'none'],
  ['custom', 'gzip'],
  ['custom', 'zstd'],
  ['plain', 'none'],
  ['plain', 'gzip'],
  ['plain', 'zstd'],
  ['plain', 'bzip2'],
  ['tar', 'none'],
];

/** What was stored, and what its row says. */
export interface Deposit extends Stored {
  readonly row: Backup;
}

export interface Place {
  /** As the worker stores it. */
  deposit(given: Partial<Backup>): Promise<Deposit>;
  /** As the worker stores it with a pg_dump that exits 0 and was given these flags besides. */
  depositWith(...flags: readonly string[]): Promise<Deposit>;
  /** Verifies it as it is stored now. */
  verify(one: Lying, compare?: Comparison): Promise<VerificationResult>;
  /** The same, without a server: the bytes are read and discarded, and the schema would be equal. */
  read(one: Lying): Promise<VerificationResult>;
  /** Differences between the source schema and the last restored one: by another way than the verification's own. */
  trulyDiffers(): Promise<readonly string[]>;
  readonly postgres: Postgres;
  readonly database: string;
  close(): Promise<void>;
}

/** In the vault, what its row says, and what the manifest beside it says. */
export interface Lying {
  readonly row: Backup;
  readonly manifest: Manifest | undefined;
  readonly bytes: Buffer | undefined;
}

const vaultOf = ({ row, manifest, bytes }: Lying): VaultReader => ({
  read: (key) => {
    if (!bytes || key !== row.fileId) throw new BackupGone(key);
    return Readable.from([bytes], { objectMode: false });
  },
  head: async (key) => (bytes && key === row.fileId ? { key, bytes: bytes.length } : undefined),
  // What is tried here is whether the comparison finds it: the manifest's own digest is as the row has it.
  readManifest: async () =>
    manifest && { ...storedManifest(manifest), sha256: row.manifestSha256 ?? '' },
});

const verificationOf = (row: Backup, compare: Comparison): Verification => ({
  id: uuidv7(Date.now()),
  projectId: row.projectId,
  projectName: row.projectName,
  backupId: row.id,
  source: row.source,
  environment: row.environment,
  status: 'in-progress',
  attempt: 1,
  createdAt: row.createdAt,
  queuedAt: row.queuedAt,
  expiresAt: row.expiresAt,
  compare,
  asked: false,
});

const clear = async (server: ScratchServer): Promise<void> => {
  const admin = await server.connect();
  try {
    await admin.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
  } finally {
    await admin.end();
  }
};

/** The names of owners differ, and roles are not the verification's matter. */
const ofSchema = (facts: ReadonlyMap<string, string>): Map<string, string> =>
  new Map(
    [...facts]
      .filter(([key]) => key.includes(`${SCHEMA}.`) || key.startsWith(`schema ${SCHEMA}`))
      .map(([key, fact]) => [key, fact.replaceAll('larder_owner', 'postgres')]),
  );

const benchOn = (
  services: Services,
  postgres: Postgres,
  database: string,
  given: { readonly programRoot?: string } = {},
): Promise<Bench> =>
  openBench(services, postgres, {
    database,
    source: { schemas: [SCHEMA] },
    settings: { compare: 'rows' },
    ...given,
  });

/** A root of programs whose pg_dump dumps only a part, and reports success. */
const negligent = async (folder: string, flags: readonly string[]): Promise<string> => {
  const real = (await clientPrograms()).clients.find(({ major }) => major === 18);
  const root = mkdtempSync(path.join(folder, 'programs-'));
  const bin = path.join(root, '18', 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    const script = `#!/bin/sh\nexec '${real?.pgDump}' "$@" ${flags.join(' ')}\n`;
    writeFileSync(path.join(bin, name), script, { mode: 0o755 });
  }
  return root;
};

/** Never rejects. */
const look = async (
  lying: Lying,
  compare: Comparison,
  archives: Pick<ArchiveReader, 'open'>,
  restoreAndCompare: ScratchRestores['restoreAndCompare'],
): Promise<VerificationResult> => {
  const { row } = lying;
  const ports = {
    history: { get: async () => row },
    vault: vaultOf(lying),
    manifestKeys: TEST_KEY,
    archives,
    scratchRestores: { restoreAndCompare },
    clock: Date.now,
  };
  const verification = verificationOf(row, compare);
  const stop = new AbortController();
  try {
    return await examine(ports, {
      verification,
      backup: row,
      stop,
      seconds: 840,
      onProgress: () => undefined,
    });
  } catch (error) {
    return resultOf(error);
  }
};

const readOnly: ScratchRestores['restoreAndCompare'] = async ({ openText, confirm }) => {
  for await (const _ of await openText(18));
  await confirm();
  const { differences, differenceCount, checked, notChecked } = notRun('');
  return {
    differences,
    differenceCount,
    checked,
    notChecked,
    serverVersion: '18',
    diskBytes: 0,
  };
};

const openPlace = async (): Promise<Place> => {
  const services = await startServices();
  const postgres = await startPostgres(18);
  const database = await postgres.database();
  await postgres.sql(SQL, database);
  const bench = await benchOn(services, postgres, database);
  const { temporaryFolder, programRoots, end } = await openRehearsals(18);
  const server = await startScratch({
    programRoots,
    temporaryFolder,
    backupMajor: 18,
    locale: { encoding: 'UTF8', collation: 'C.UTF-8' },
    log: silent,
  });
  const archives = makeArchiveReader(programRoots, STUCK_MS);
  const home = await postgres.session(database);
  const atHome = ofSchema(await describeDatabase(home));
  await home.end();
  return {
    postgres,
    database,
    deposit: async (given) => {
      const one = await stored(services, bench, SCHEMA, given);
      return { ...one, row: one.backup };
    },
    depositWith: async (...flags) => {
      const programRoot = await negligent(temporaryFolder, flags);
      const other = await benchOn(services, postgres, database, { programRoot });
      const one = await stored(services, other, SCHEMA);
      return { ...one, row: one.backup };
    },
    verify: async (lying, compare = 'counts') => {
      await clear(server);
      return await look(lying, compare, archives, (request) => restoreOnScratch(server, request));
    },
    read: (lying) => look(lying, 'counts', archives, readOnly),
    trulyDiffers: async () => {
      const there = await server.connect();
      try {
        return differences(atHome, ofSchema(await describeDatabase(there)));
      } finally {
        await there.end();
      }
    },
    close: async () => {
      await server.stop();
      await end();
      await postgres.stop();
      await services.stop();
    },
  };
};

/** Has a place for the tests of a file. */
export const placeForAll = (take: (place: Place) => void): void => {
  beforeAll(async () => {
    const place = await openPlace();
    take(place);
    return () => place.close();
  });
};

/** As if the damage had happened before the upload: row and manifest match the stored bytes. */
export const resealed = ({ row, manifest }: Deposit, bytes: Buffer): Lying => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    row: { ...row, size: bytes.length, checksum: sha256 },
    manifest: { ...manifest, object: { ...manifest.object, bytes: bytes.length, sha256 } },
    bytes,
  };
};
