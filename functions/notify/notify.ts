import { MailUnderway } from '../../core/errors/mail.ts';
import type { History } from '../../core/history-ports.ts';
import type { Job } from '../../core/job.ts';
import type { Jobs, Restores, Verifications } from '../../core/job-ports.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import type { OutcomeMessage } from '../../core/messages.ts';
import type { Log, Mailer } from '../../core/ports.ts';
import type { Restore } from '../../core/restore.ts';
import { missingParts } from '../../core/run.ts';
import type { Runs } from '../../core/run-ports.ts';
import type { Verification } from '../../core/verification.ts';
import { backupLetter } from './backup-letter.ts';
import { type Letter, mailOf } from './letter.ts';
import { restoreLetter } from './restore-letter.ts';
import { planFailedLetter, runLetter } from './run-letter.ts';
import { needsAttention, reportOf } from './run-report.ts';
import { verificationLetter } from './verification-letter.ts';

export interface NotifyPorts {
  readonly history: Pick<History, 'get' | 'markNotified'>;
  readonly runs: Pick<Runs, 'get' | 'settle' | 'tally' | 'planned' | 'claimMail' | 'mailed'>;
  readonly restores: Pick<Restores, 'get' | 'markNotified'>;
  readonly verifications: Pick<Verifications, 'get' | 'markNotified'>;
  readonly mailer: Mailer;
  readonly log: Log;
}

export interface NotifySettings {
  readonly environment: string;
  /** Whether successes are mailed too. A success with warnings, or with something left out, is mailed in any case. */
  readonly onSuccess: boolean;
}

/**
 * How long the right to mail a run is held: longer than the function's timeout, shorter than the queue hides a
 * message, so that the message whose mail failed can claim the right again.
 */
const MAIL_LEASE_SECONDS = 120;

/**
 * Notes one outcome. A backup of a run is settled in the run and gets no mail; one that a person requested is
 * mailed immediately. The mail is sent before the row records it: at least once, and twice only if a
 * function dies in between.
 *
 * @returns the run to check, because this may have been its last open backup
 * @throws MailNotSent, errors of AWS: the message is delivered again
 */
export const takeNote = async (
  ports: NotifyPorts,
  settings: NotifySettings,
  outcome: OutcomeMessage,
): Promise<string | undefined> => {
  if (outcome.kind === 'backup') return await noteBackup(ports, settings, outcome);
  if (outcome.kind === 'restore') {
    await noteJob(ports, ports.restores, outcome.projectId, outcome.restoreId, (restore) =>
      settings.onSuccess || restore.status === 'failed' || isUnfinished(restore)
        ? restoreLetter(restore)
        : undefined,
    );
    return undefined;
  }
  if (outcome.kind === 'verification') {
    await noteJob(ports, ports.verifications, outcome.projectId, outcome.verificationId, (one) =>
      isBadNews(one) || (one.asked && settings.onSuccess) ? verificationLetter(one) : undefined,
    );
    return undefined;
  }
  if (outcome.kind === 'plan-failed' && !(await ports.runs.get(outcome.runId))) {
    await ports.mailer.send(mailOf(planFailedLetter(settings.environment, outcome)));
    return undefined;
  }
  return outcome.runId;
};

/**
 * Mailed in any case: a backup that differs from its manifest or was restored with unfinished objects. One that could not be verified is
 * mailed only if a person asked.
 */
const isBadNews = ({ asked, status, result }: Verification): boolean =>
  result?.verdict === 'failed' ||
  Boolean(result?.unfinished?.length) ||
  (asked && (status === 'failed' || result?.verdict !== 'verified'));

/** It completed, and a person has something left to do. */
const isUnfinished = ({ status, dryRun, outcome }: Restore): boolean =>
  status === 'completed' &&
  !dryRun &&
  outcome !== undefined &&
  (outcome.leftOut.length > 0 ||
    outcome.warnings.length > 0 ||
    Boolean(outcome.unfinished?.length) ||
    Boolean(outcome.dependentObjects?.some(({ repoint }) => repoint === 'not-done')) ||
    outcome.foreignKeys.some(({ state }) => state !== 'valid'));

/** A restore or verification that has ended is mailed immediately, if there is something to report. */
const noteJob = async <J extends Job>(
  { mailer, log }: NotifyPorts,
  jobs: Pick<Jobs<J>, 'get' | 'markNotified'>,
  projectId: string,
  id: string,
  letterOf: (job: J) => Letter | undefined,
): Promise<void> => {
  const job = await jobs.get(projectId, id);
  if (!job || !isFinal(job.status)) {
    log.warn('received an outcome of work that has not ended', { projectId, id });
    return;
  }
  if (job.toldAt) return;
  const letter = letterOf(job);
  if (letter) await mailer.send(mailOf(letter));
  await jobs.markNotified(projectId, id);
};

const noteBackup = async (
  ports: NotifyPorts,
  settings: NotifySettings,
  { projectId, backupId }: Extract<OutcomeMessage, { kind: 'backup' }>,
): Promise<string | undefined> => {
  const { history, runs, mailer, log } = ports;
  const backup = await history.get(projectId, backupId);
  if (!backup || !isFinal(backup.status)) {
    log.warn('received an outcome of a backup that has not ended', { projectId, backupId });
    return undefined;
  }
  if (backup.runId) {
    if (backup.runChunk) await runs.settle(backup.runId, backup.runChunk, backupId, backup.status);
    await history.markNotified(projectId, backupId);
    return backup.runId;
  }
  if (backup.toldAt) return undefined;
  const isNews = settings.onSuccess && backup.status !== 'deleted';
  const isWarned = backup.status === 'completed' && Boolean(backup.warnings?.length);
  if (backup.status === 'failed' || isWarned || isNews)
    await mailer.send(mailOf(backupLetter(backup)));
  await history.markNotified(projectId, backupId);
  return undefined;
};

/**
 * Mails a run once: when every source has planned and every backup has ended.
 * @throws MailUnderway if another invocation holds the right to mail it, and MailNotSent: the message is delivered again
 */
export const mailFinishedRun = async (
  ports: NotifyPorts,
  settings: NotifySettings,
  runId: string,
): Promise<'mailed' | 'not-yet' | 'before' | 'unknown'> => {
  const { runs, mailer, log } = ports;
  const run = await runs.get(runId);
  if (!run) {
    log.warn('received an outcome of a run that does not exist', { runId });
    return 'unknown';
  }
  if (run.mailedAt) return 'before';
  if (missingParts(run).length || (await runs.tally(runId)).open) return 'not-yet';
  if ((await runs.claimMail(runId, MAIL_LEASE_SECONDS)) === 'taken') {
    if ((await runs.get(runId))?.mailedAt) return 'before';
    throw new MailUnderway(runId);
  }
  const report = await reportOf(ports, run);
  if (settings.onSuccess || needsAttention(report))
    await mailer.send(mailOf(runLetter(settings.environment, report)));
  await runs.mailed(runId);
  log.info('a run was reported', {
    runId,
    completed: report.completed.length,
    failed: report.failed.length,
    skipped: report.skippedCount,
  });
  return 'mailed';
};
