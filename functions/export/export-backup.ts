import { type Backup, iso } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { describeError, failureFacts, isRetryable } from '../../core/errors/base.ts';
import { TookTooLong } from '../../core/errors/dump.ts';
import { Cancelled, ClaimLost, WorkerDied } from '../../core/errors/work.ts';
import type { Claim } from '../../core/history-ports.ts';
import type { ExportMessage } from '../../core/messages.ts';
import { findEarlier } from './adopt.ts';
import { attemptBackup } from './attempt.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';
import { wantVerification } from './request-verification.ts';

/**
 * One message of an exports queue, from claim to final row. The row decides, never the message: it may come twice, late or
 * never. `again` leaves the message in its queue, hidden for as long as the retry is to wait.
 */
export type Disposition =
  | { readonly message: 'done'; readonly backup?: Backup; readonly error?: unknown }
  | { readonly message: 'again'; readonly error: unknown };

export interface ExportRequest {
  readonly message: ExportMessage;
  readonly receiptHandle: string;
  /** Milliseconds until the function is stopped. */
  readonly remainingMs: number;
}

const longestSeconds = (options: ExportOptions, remainingMs: number): number =>
  Math.max(
    1,
    Math.min(
      options.settings.maximumDurationSeconds,
      Math.floor(remainingMs / 1000) - TIMES.stopBeforeTimeoutSeconds,
    ),
  );

/** A backup that is there already must not fail because its source can't be reached any more. */
const endLeftoversOf = async ({ snapshots, log }: ExportPorts, backup: Backup): Promise<void> => {
  try {
    await snapshots.endLeftovers(backup.id, backup.attempt);
  } catch (error) {
    log.warn('sessions of an earlier attempt could not be looked for', {
      backupId: backup.id,
      error: describeError(error).name,
    });
  }
};

/** Not knowing counts as no. */
const holds = async ({ history }: ExportPorts, claim: Claim): Promise<boolean> => {
  try {
    return (await history.heartbeat(claim)) !== 'lost';
  } catch {
    return false;
  }
};

/** Works while the claim is kept; every reason to end comes through one AbortController. */
const work = async (
  ports: ExportPorts,
  options: ExportOptions,
  claim: Claim,
  backup: Backup,
  request: ExportRequest,
) => {
  const stop = new AbortController();
  const seconds = longestSeconds(options, request.remainingMs);
  const timer = setTimeout(() => stop.abort(new TookTooLong(seconds)), seconds * 1000);
  let progress: Parameters<typeof startHeartbeat>[2] = () => undefined;
  const endHeartbeat = startHeartbeat(
    {
      history: ports.history,
      hide: (hidden) => ports.queue.hide(request.receiptHandle, hidden),
      log: ports.log,
    },
    claim,
    () => progress(),
    (error) => stop.abort(error),
  );
  try {
    if (backup.attempt > 1) {
      const earlier = await findEarlier(ports, options.keyTemplate, backup, ports.clock);
      if (earlier) {
        await endLeftoversOf(ports, backup);
        return earlier;
      }
      await ports.snapshots.endLeftovers(backup.id, backup.attempt);
    }
    const onProgress = (read: typeof progress) => {
      progress = read;
    };
    const isHeld = () => holds(ports, claim);
    return await attemptBackup(ports, options, { backup, stop, onProgress, isHeld });
  } finally {
    clearTimeout(timer);
    endHeartbeat();
  }
};

/** When the message comes again is all that hangs on it; no backup is given up for that. */
const hide = async (ports: ExportPorts, receiptHandle: string, seconds: number): Promise<void> => {
  try {
    await ports.queue.hide(receiptHandle, seconds);
  } catch (error) {
    ports.log.warn('a message could not be hidden', { error: describeError(error).name });
  }
};

/** People are told by a message; a lost one is found by the sweep, so it does not undo the backup. */
const tell = async (ports: ExportPorts, backup: Backup): Promise<void> => {
  try {
    await ports.outcomes.send({
      kind: 'backup',
      projectId: backup.projectId,
      backupId: backup.id,
      ...(backup.runId ? { runId: backup.runId } : {}),
    });
  } catch (error) {
    ports.log.warn('the outcome could not be sent; the sweep will send it', {
      backupId: backup.id,
      error: describeError(error).name,
    });
  }
};

const finish = async (
  ports: ExportPorts,
  options: ExportOptions,
  backup: Backup,
  written: 'written' | 'lost',
  error?: unknown,
): Promise<Disposition> => {
  if (written === 'lost') return { message: 'again', error: new ClaimLost(backup.id) };
  await Promise.all([
    backup.status === 'completed' ? wantVerification(ports, options, backup) : undefined,
    tell(ports, backup),
  ]);
  return { message: 'done', backup, ...(error === undefined ? {} : { error }) };
};

const settleFailure = async (
  ports: ExportPorts,
  options: ExportOptions,
  claim: Claim,
  backup: Backup,
  receiptHandle: string,
  error: unknown,
): Promise<Disposition> => {
  if (error instanceof ClaimLost) return { message: 'again', error };
  if (error instanceof Cancelled) {
    return await finish(ports, options, backup, await ports.history.cancel(claim), error);
  }
  const failure = describeError(error);
  if (!isRetryable(error) || claim.attempt >= TIMES.maxAttempts) {
    return await finish(ports, options, backup, await ports.history.fail(claim, failure), error);
  }
  const delaySeconds = TIMES.retryDelaysSeconds[claim.attempt - 1] ?? 900;
  await ports.history.release(claim, failure, iso(ports.clock() + delaySeconds * 1000));
  await hide(ports, receiptHandle, delaySeconds);
  return { message: 'again', error };
};

/**
 * Ends a backup whose every attempt's worker died. The last of them may have died between its manifest and its row: then
 * the backup is whole, and the row gets what its dead holder was about to write.
 */
const settleExhausted = async (
  ports: ExportPorts,
  options: ExportOptions,
  backup: Backup,
): Promise<Disposition> => {
  const { projectId, id, attempt } = backup;
  const next = { ...backup, attempt: attempt + 1 };
  const earlier = await findEarlier(ports, options.keyTemplate, next, ports.clock);
  if (earlier) {
    const written = await ports.history.complete({ projectId, backupId: id, attempt }, earlier);
    if (written === 'written') {
      return await finish(ports, options, { ...backup, ...earlier, status: 'completed' }, written);
    }
  }
  const error = new WorkerDied(attempt);
  const written = await ports.history.failAbandoned(projectId, id, describeError(error));
  if (written === 'not-abandoned') return { message: 'done' };
  await tell(ports, backup);
  return { message: 'done', backup, error };
};

/** @throws what the history throws; the message then comes again by itself */
export const exportBackup = async (
  ports: ExportPorts,
  options: ExportOptions,
  request: ExportRequest,
): Promise<Disposition> => {
  const { projectId, backupId } = request.message;
  // The queue's own visibility is the function's timeout: whatever goes wrong from here, the message comes sooner.
  const hidden = hide(ports, request.receiptHandle, TIMES.visibilityWhileWorkingSeconds);
  const outcome = await ports.history.claim(projectId, backupId).finally(() => hidden);
  if (outcome.kind === 'exhausted') {
    return await settleExhausted(ports, options, outcome.backup);
  }
  if (outcome.kind === 'busy') {
    await hide(ports, request.receiptHandle, TIMES.leaseSeconds);
    return { message: 'again', error: new ClaimLost(backupId) };
  }
  if (outcome.kind !== 'claimed') {
    ports.log.info('nothing to do for this message', { projectId, backupId, row: outcome.kind });
    return { message: 'done' };
  }
  const { claim, backup } = outcome;
  ports.log.info('export begins', { projectId, backupId, attempt: claim.attempt });
  try {
    const completion = await work(ports, options, claim, backup, request);
    const written = await ports.history.complete(claim, completion);
    return await finish(ports, options, { ...backup, ...completion, status: 'completed' }, written);
  } catch (error) {
    ports.log.warn('export ended without a backup', {
      projectId,
      backupId,
      attempt: claim.attempt,
      ...failureFacts(error),
    });
    return await settleFailure(ports, options, claim, backup, request.receiptHandle, error);
  }
};
