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
  /** Where a server may be made: /tmp in Lambda. */
  readonly temporaryFolder: string;
  /** What may be used of it, bytes; absent: all that is free. */
  readonly temporaryBytes?: number;
  /** Of the whole function. */
  readonly memoryMb?: number;
  readonly log: Log;
}

/** What the server itself has to say of an error says more than the session that broke. */
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

/** What Lambda would refuse, any other machine refuses as well. @throws ScratchTooSmall */
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

/** Rehearses each backup on a server that is made for it and ended behind it. */
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
    // The server is ended under it where something else comes first.
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
