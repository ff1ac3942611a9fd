import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { VALIDATIONS } from '../../core/backup.ts';
import { isFinal, WORK_STATUSES } from '../../core/leased-work/work.ts';
import type { ApiClient, ShownBackup, ShownVerification } from './api-client.ts';

/** A backup of the run with its verification; `verification` is absent if none could be requested. */
export interface VerifiedBackup {
  readonly backup: ShownBackup;
  readonly verification?: ShownVerification;
  /** The reason why it is not verified, in the original words. */
  readonly why?: string;
}

export interface VerifyOptions {
  readonly api: ApiClient;
  readonly backups: readonly ShownBackup[];
  readonly signal: AbortSignal;
  readonly everyMs: number;
  readonly onEnded: (verified: VerifiedBackup) => void;
}

/** Time for the backup's own row, after its verification has ended. Milliseconds. */
const NOTED_MS = 15_000;
/** Differences shown; the API has the rest. */
const TOLD = 5;

/**
 * Requests a verification of each completed backup, over the API like any other client, and waits for all of them.
 * @throws AbortError if the signal aborts
 */
export const verifyBackups = async (options: VerifyOptions): Promise<VerifiedBackup[]> => {
  const completed = options.backups.filter(({ status }) => status === 'completed');
  const asked = await Promise.all(
    completed.map(async (backup) => ({ backup, asked: await ask(options, backup) })),
  );
  return Promise.all(
    asked.map(async (one) => {
      const verified =
        typeof one.asked === 'string'
          ? { backup: one.backup, why: one.asked }
          : await followed(options, one.backup, one.asked);
      options.onEnded(verified);
      return verified;
    }),
  );
};

/** The verification, or the reason why there is none. */
const ask = async (
  { api }: VerifyOptions,
  { projectId, id }: ShownBackup,
): Promise<ShownVerification | string> => {
  try {
    return await api.verify(projectId, id);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const status = z.enum(WORK_STATUSES);
const validation = z.enum(VALIDATIONS);

const followed = async (
  { api, signal, everyMs }: VerifyOptions,
  { projectId, id }: ShownBackup,
  asked: ShownVerification,
): Promise<VerifiedBackup> => {
  let verification = asked;
  while (!isFinal(status.parse(verification.status))) {
    await wait(everyMs, undefined, { signal });
    verification = (await api.verification(projectId, id, asked.id)) ?? verification;
  }
  const until = Date.now() + NOTED_MS;
  for (;;) {
    const backup = await api.backup(projectId, id);
    if (!backup) throw new Error(`The API no longer knows the backup ${id}.`);
    const noted = validation.parse(backup.validation);
    if ((noted !== 'unverified' && noted !== 'verifying') || Date.now() > until) {
      const why = whyNot(verification);
      return { backup, verification, ...(why !== undefined && { why }) };
    }
    await wait(everyMs, undefined, { signal });
  }
};

const whyNot = ({ error, result }: ShownVerification): string | undefined => {
  if (result?.verdict === 'verified') return undefined;
  if (result?.verdict === 'failed') {
    const told = result.differences.slice(0, TOLD);
    const more = result.differenceCount - told.length;
    return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  }
  return result?.why ?? error?.message ?? 'it ended without a result';
};

/** Whether the backup was verified; a verification that did not run does not count. */
export const isVerified = ({ backup, verification }: VerifiedBackup): boolean =>
  backup.validation === 'verified' && verification?.result?.verdict === 'verified';
