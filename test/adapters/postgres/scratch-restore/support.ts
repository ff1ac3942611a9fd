import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { makeArchiveReader } from '../../../../adapters/postgres/programs/archive-reader.ts';
import { makeScratchRestores } from '../../../../adapters/postgres/scratch/restore/make-scratch-restores.ts';
import { restoreOnScratch } from '../../../../adapters/postgres/scratch/restore/scratch-restore.ts';
import { SCRATCH_OWNER } from '../../../../adapters/postgres/scratch/server/prepare.ts';
import {
  type ScratchServer,
  startScratch,
} from '../../../../adapters/postgres/scratch/server/server.ts';
import type { Backup } from '../../../../core/backup.ts';
import { manifestKeyBeside } from '../../../../core/keys.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import type { Comparison } from '../../../../core/verification.ts';
import type {
  ScratchRestoreRequest,
  ScratchRestoreResult,
} from '../../../../core/verification-ports.ts';
import { ensureLayer } from '../../../../layers/postgres/ensure.ts';
import type { Bench, Services } from '../../../functions/export/support.ts';
import { silent } from '../../../functions/export/support.ts';
import { clientRoot } from '../../../support/postgres.ts';

/** A stored backup: the contents of the vault, in memory. */
export interface Stored {
  readonly backup: Backup;
  readonly manifest: Manifest;
  readonly bytes: Buffer;
}

/** Exports a project as the worker does, and reads what was stored. */
export const stored = async (
  services: Services,
  bench: Bench,
  projectId: string,
  given: Partial<Backup> = {},
): Promise<Stored> => {
  const backup = await bench.request(projectId, given);
  await bench.run(backup);
  const row = await bench.row(backup);
  if (row.status !== 'completed' || !row.fileId) throw new Error(JSON.stringify(row.error));
  const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId)))?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId }),
  );
  const bytes = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  return { backup: row, manifest, bytes };
};

type Lying = Pick<Stored, 'manifest' | 'bytes'>;

export interface Rehearsals {
  readonly temporaryFolder: string;
  readonly programRoots: readonly string[];
  /** In a new server. */
  restoreAndCompare(one: Lying, compare?: Comparison): Promise<ScratchRestoreResult>;
  /** In a new database of one server in UTF-8, because creating a server takes longer than all the rest. */
  rehearseQuickly(one: Lying, compare?: Comparison): Promise<ScratchRestoreResult>;
  end(): Promise<void>;
}

/** A server whose database is copied again for each use. */
const copyingServer = async (options: Parameters<typeof startScratch>[0]) => {
  const server = await startScratch(options);
  const asked = async (sql: string): Promise<void> => {
    const admin = await server.connect({ ...server.access, database: 'control' });
    await admin.query(sql).finally(() => admin.end());
  };
  const first = await server.connect();
  await first.query('CREATE DATABASE control TEMPLATE postgres').finally(() => first.end());
  let copies = 0;
  return {
    copy: async (): Promise<ScratchServer> => {
      copies += 1;
      const database = `copy_${copies}`;
      await asked(`CREATE DATABASE ${database} TEMPLATE postgres OWNER ${SCRATCH_OWNER}`);
      const access = { ...server.access, database };
      return {
        ...server,
        access,
        ownerAccess: { ...server.ownerAccess, database },
        connect: (as = access) => server.connect(as),
      };
    },
    stop: server.stop,
  };
};

/** Restores backups from memory, in scratch servers of these majors. */
export const openRehearsals = async (...majors: readonly number[]): Promise<Rehearsals> => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [...majors] });
  const programRoots = [await clientRoot(), path.join(directory, 'postgres')];
  const temporaryFolder = mkdtempSync('/var/tmp/larder-rehearsal-');
  chmodSync(temporaryFolder, 0o755);
  const room = makeScratchRestores({ programRoots, temporaryFolder, log: silent });
  const archives = makeArchiveReader(programRoots);
  const requestFor = ({ manifest, bytes }: Lying, compare: Comparison): ScratchRestoreRequest => {
    const { signal } = new AbortController();
    const { format, compression } = manifest.options;
    return {
      manifest,
      compare,
      openText: async (serverMajor) => {
        // A copy: a reader of a chunk may reuse its memory, and a scratch restore may read again.
        const input = Readable.from([Buffer.from(bytes)], { objectMode: false });
        return (await archives.open({ format, compression, input, serverMajor, signal })).text;
      },
      confirm: async () => undefined,
      signal,
    };
  };
  let shared: ReturnType<typeof copyingServer> | undefined;
  return {
    temporaryFolder,
    programRoots,
    restoreAndCompare: (one, compare = 'counts') =>
      room.restoreAndCompare(requestFor(one, compare)),
    rehearseQuickly: async (one, compare = 'counts') => {
      shared ??= copyingServer({
        programRoots,
        temporaryFolder,
        backupMajor: majors[0] ?? 18,
        locale: { encoding: 'UTF8', collation: 'C.UTF-8' },
        log: silent,
      });
      return await restoreOnScratch(await (await shared).copy(), requestFor(one, compare));
    },
    end: async () => {
      await (await shared)?.stop();
      rmSync(temporaryFolder, { recursive: true, force: true });
    },
  };
};
