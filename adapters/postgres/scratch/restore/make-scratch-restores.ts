import { LarderError } from '../../../../core/errors/base.ts';
import { ScratchTooSmall } from '../../../../core/errors/verification.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import type { Log } from '../../../../core/ports.ts';
import { majorOfVersion } from '../../../../core/programs.ts';
import type { ScratchRestores } from '../../../../core/verification-ports.ts';
import { LAMBDA_TEMPORARY_BYTES, neededBytes, refuseTooLarge } from '../server/disk-space.ts';
import { type ScratchServer, startScratch } from '../server/server.ts';
import { restoreOnScratch } from './scratch-restore.ts';

export interface ScratchRestoreOptions {
  readonly programRoots: readonly string[];
  /** The folder for servers: /tmp in Lambda. */
  readonly temporaryFolder: string;
  /** How much of it may be used, bytes; absent: all that is free. */
  readonly temporaryBytes?: number;
  /** Memory of the whole function. */
  readonly memoryMb?: number;
  readonly log: Log;
}

/** The server's own account of an error says more than the broken session. */
const explained = async (server: ScratchServer, error: unknown): Promise<unknown> => {
  const own = await server.explain(error);
  if (own !== error) return own;
  const cause = error instanceof LarderError ? error.cause : undefined;
  if (cause === undefined) return error;
  const better = await server.explain(cause);
  return better === cause ? error : better;
};

const abortion = (signal: AbortSignal): { promise: Promise<never>; end: () => void } => {
  let end = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    end = () => signal.removeEventListener('abort', abort);
  });
  promise.catch(() => undefined);
  return { promise, end };
};

/** A backup that Lambda would refuse is refused on any other machine too. @throws ScratchTooSmall */
const refuseLarge = async (
  { options, tables }: Manifest,
  { temporaryFolder, temporaryBytes }: ScratchRestoreOptions,
): Promise<void> => {
  const needed = neededBytes(options.content === 'schema' ? [] : tables);
  if (temporaryBytes !== undefined && needed > temporaryBytes) {
    throw new ScratchTooSmall(temporaryFolder, needed, temporaryBytes, LAMBDA_TEMPORARY_BYTES);
  }
  await refuseTooLarge({ neededBytes: needed, temporaryFolder, mostBytes: LAMBDA_TEMPORARY_BYTES });
};

/** Restores each backup on a server that is created for it and ended afterwards. */
export const makeScratchRestores = (options: ScratchRestoreOptions): ScratchRestores => ({
  restoreAndCompare: async (request) => {
    const { manifest, signal } = request;
    const { temporaryFolder, memoryMb } = options;
    await refuseLarge(manifest, options);
    signal.throwIfAborted();
    const server = await startScratch({
      programRoots: options.programRoots,
      temporaryFolder,
      backupMajor: majorOfVersion(manifest.source.serverVersion),
      locale: manifest.source,
      ...(memoryMb !== undefined && { memoryMb }),
      log: options.log,
    });
    const aborted = abortion(signal);
    const work = restoreOnScratch(server, request);
    // On an earlier error or abort, the server is ended while the restore runs.
    work.catch(() => undefined);
    try {
      return await Promise.race([work, server.died, aborted.promise]);
    } catch (error) {
      throw signal.aborted ? signal.reason : await explained(server, error);
    } finally {
      aborted.end();
      await server.stop();
      await work.catch(() => undefined);
    }
  },
});
