import { LarderError } from '../../../core/errors/base.ts';
import { DumpInterrupted } from '../../../core/errors/dump.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import { GaveWayToDdl } from '../../../core/errors/schema.ts';
import type { Loaded, LoadRequest } from '../../../core/restore-ports.ts';
import { refusal } from '../replay/statement-errors.ts';
import { backendOf } from '../session/backend.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { isLost } from '../session/server-messages.ts';
import { connectBoth, disconnect } from '../session/session.ts';
import { watch } from '../session/watch.ts';
import { applicationNameOf } from '../sql/identifiers.ts';
import { transaction } from './transaction.ts';

/**
 * A restore has two sessions: one holds its transaction, the other watches whether that transaction blocks another session, such as one
 * that wants to alter a table that the restored views read. Then the restore gives way, and leaves nothing.
 */
const whyDisturbed = (error: unknown): LarderError => {
  if (error instanceof GaveWayToDdl)
    return new RestoreInterrupted(`it gave way to other sessions. ${error.message}`, {
      cause: error,
    });
  if (error instanceof DumpInterrupted)
    return new RestoreInterrupted('a session on the source was lost', { cause: error });
  return refusal(error, { object: 'the restore' });
};

const abortOf = (signal: AbortSignal, counts: () => boolean): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => {
      if (counts()) reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
  });

/** Loads a backup, or leaves nothing behind. */
export const loadWatched = async (access: RestoreAccess, request: LoadRequest): Promise<Loaded> => {
  const applicationName = applicationNameOf(request.restoreId, request.attempt, access.stack);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const [client, observer] = await connectBoth(
    access,
    { applicationName, writes: true, lockTimeoutMs: request.lockTimeoutMs, signal },
    { applicationName, statementTimeoutMs: 10_000, signal },
  );
  let disturbance: LarderError | undefined;
  let stopWatching = (): void => undefined;
  try {
    const backends = await Promise.all([backendOf(client), backendOf(observer)]);
    const [backend] = backends;
    const watching = watch({
      observer,
      holder: client,
      backends: Promise.resolve(backends),
      applicationName,
      giveWayAfterSeconds: access.giveWayAfterSeconds ?? 10,
    });
    stopWatching = watching.stop;
    watching.disturbed.catch((error: unknown) => {
      disturbance = whyDisturbed(error);
      stop.abort(disturbance);
    });
    let isCommitting = false;
    const sessions = { client, observer, backend, applicationName };
    const loading = transaction(access, sessions, { ...request, signal }, () => {
      isCommitting = true;
      watching.stop();
    });
    // Without its session a restore has failed, even while it waits for the vault. Once the COMMIT is sent, only its result decides.
    loading.catch(() => undefined);
    const stopped = abortOf(signal, () => !isCommitting);
    return await Promise.race([loading, stopped]);
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    if (disturbance && (isLost(error) || !(error instanceof LarderError) || error.retryable))
      throw disturbance;
    throw refusal(error, { object: 'the restore', lockTimeoutMs: request.lockTimeoutMs });
  } finally {
    stopWatching();
    await Promise.all([disconnect(client), disconnect(observer)]);
  }
};
