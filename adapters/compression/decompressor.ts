import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../../core/backup.ts';
import { DumpUnreadable, RestoreInterrupted } from '../../core/errors/restore.ts';
import { findProgramFiles } from '../postgres/programs/program-files.ts';

/** Decompresses a stream. Its output is valid only after `exited` has resolved. */
export interface Decompressor {
  readonly input: Writable;
  readonly output: Readable;
  /** Rejects with a named error; `output` fails with the same error. */
  readonly exited: Promise<void>;
  /** Stops it at any time. */
  stop(): void;
}

/** Bytes of text in one chunk. */
const CHUNK_BYTES = 64 * 1024;
const PLACE = 'its compressed bytes';

const inProcess = (stream: ReturnType<typeof createGunzip>): Decompressor => {
  const exited = new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    // Stopped: its bytes are no longer needed, but a caller may still wait for its end.
    stream.once('close', () => reject(new RestoreInterrupted('its reader was stopped')));
    stream.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new DumpUnreadable(PLACE, `${cause.code ?? 'error'}: ${cause.message}`, { cause })),
    );
  });
  exited.catch(() => undefined);
  return { input: stream, output: stream, exited, stop: () => void stream.destroy() };
};

const bzip2 = (program: string): Decompressor => {
  const child = spawn(program, ['--decompress', '--stdout'], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new RestoreInterrupted(`bzip2 could not be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else if (signal) reject(new RestoreInterrupted(`bzip2 ended with signal ${signal}`));
      else reject(new DumpUnreadable(PLACE, `bzip2 ended with exit code ${code}`));
    });
  });
  exited.catch(() => undefined);
  return {
    input: child.stdin,
    output: child.stdout,
    exited,
    stop: () => void child.kill('SIGKILL'),
  };
};

/** Creates a decompressor of a kind. `programRoots` are searched for bzip2, then the PATH. */
export const makeDecompressor =
  (programRoots: readonly string[]) =>
  async (kind: Exclude<Compression, 'none'>): Promise<Decompressor> => {
    if (kind === 'gzip') return inProcess(createGunzip({ chunkSize: CHUNK_BYTES }));
    if (kind === 'zstd') return inProcess(createZstdDecompress({ chunkSize: CHUNK_BYTES }));
    const files = await findProgramFiles(...programRoots);
    return bzip2(files.bzip2 ?? 'bzip2');
  };
