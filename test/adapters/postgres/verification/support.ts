import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { makeArchiveReader } from '../../../../adapters/postgres/restore/archive.ts';
import { makeRehearsalRoom } from '../../../../adapters/postgres/verification/rehearsal.ts';
import type { Backup } from '../../../../core/backup.ts';
import { manifestKeyBeside } from '../../../../core/keys.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import type { Comparison } from '../../../../core/verification.ts';
import type { Rehearsed } from '../../../../core/verification-ports.ts';
import { ensureLayer } from '../../../../layers/postgres/ensure.ts';
import type { Bench, Services } from '../../../functions/export/support.ts';
import { silent } from '../../../functions/export/support.ts';
import { clientRoot } from '../../../support/postgres.ts';

/** A stored backup: what lies in the vault, in memory. */
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
  const manifest = await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId));
  if (!manifest) throw new Error('there is no manifest');
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId }),
  );
  const bytes = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  return { backup: row, manifest, bytes };
};

export interface Rehearsals {
  readonly temporaryFolder: string;
  readonly programRoots: readonly string[];
  rehearse(one: Pick<Stored, 'manifest' | 'bytes'>, compare?: Comparison): Promise<Rehearsed>;
  end(): void;
}

/** Brings backups back from memory, in scratch servers of these majors. */
export const openRehearsals = async (...majors: readonly number[]): Promise<Rehearsals> => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [...majors] });
  const programRoots = [await clientRoot(), path.join(directory, 'postgres')];
  const temporaryFolder = mkdtempSync('/var/tmp/larder-rehearsal-');
  chmodSync(temporaryFolder, 0o755);
  const room = makeRehearsalRoom({ programRoots, temporaryFolder, log: silent });
  const archives = makeArchiveReader(programRoots);
  return {
    temporaryFolder,
    programRoots,
    rehearse: ({ manifest, bytes }, compare = 'counts') => {
      const { signal } = new AbortController();
      const { format, compression } = manifest.options;
      return room.rehearse({
        manifest,
        compare,
        openText: async (serverMajor) => {
          const input = Readable.from([bytes], { objectMode: false });
          return (await archives.open({ format, compression, input, serverMajor, signal })).text;
        },
        confirm: async () => undefined,
        signal,
      });
    },
    end: () => rmSync(temporaryFolder, { recursive: true, force: true }),
  };
};
