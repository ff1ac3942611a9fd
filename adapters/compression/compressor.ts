import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { DumpFailed } from '../../core/errors/dump.ts';
import type { Compressor } from '../../core/snapshot-ports.ts';
import { findProgramFiles } from '../postgres/programs/program-files.ts';

/**
 * Compressions that pg_dump can't do itself. zstd comes with Node (one thread: more threads crash the stream in Node
 * 24); for bzip2 the layer has Debian's program.
 */
const zstd = (): Compressor => ({
  stream: createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  }),
  exited: Promise.resolve(),
});

/** The end of its output does not prove success. Only the exit code does; `exited` waits for it. */
const bzip2 = (program: string): Compressor => {
  const child = spawn(program, ['--compress', '--stdout', '-1'], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new DumpFailed('bzip2 did not start', cause.message, { cause })),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new DumpFailed(
            signal ? `bzip2's signal ${signal}` : `bzip2's exit code ${code}`,
            'it gave no reason',
          ),
        );
    });
  });
  exited.catch(() => undefined);
  return { stream: Duplex.from({ writable: child.stdin, readable: child.stdout }), exited };
};

/** A new compressor of a kind. `programRoots` are searched for bzip2, then the PATH. */
export const makeCompressor =
  (programRoots: readonly string[]) =>
  async (kind: 'zstd' | 'bzip2'): Promise<Compressor> => {
    if (kind === 'zstd') return zstd();
    const files = await findProgramFiles(...programRoots);
    return bzip2(files.bzip2 ?? 'bzip2');
  };
