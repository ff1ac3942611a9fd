import type { Session } from '../command.ts';
import { downloadTo } from '../download.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { follow, leftText, type Step, waitText } from '../follow.ts';
import { backupIdOf, backupPath, backupsPath, idempotent, readBackup } from '../paths.ts';
import * as shown from '../shown.ts';
import { bytesText } from '../words.ts';
import { backupText } from './backup-text.ts';
import { showVerification, watchVerification } from './verification.ts';

/** What the commands of `larder backup` do. */
const OPEN: readonly string[] = ['pending', 'in-progress'];
const isFinal = ({ status }: shown.Backup): boolean => !OPEN.includes(status);

const stepOf = ({ status, progress, queue }: shown.Backup): Step => {
  if (!progress) return { text: status === 'pending' ? waitText(queue) : 'starts' };
  const { tablesDone, tablesTotal, bytes, bytesPerSecond } = progress;
  return {
    share: (progress.percent ?? 0) / 100,
    text: `${tablesDone} of ${tablesTotal} tables  ${bytesText(bytes)}  ${bytesText(bytesPerSecond)}/s${leftText(progress)}`,
  };
};

export const showBackup = ({ output }: Session, one: shown.Backup): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(backupText(one));
  return one.status === 'failed' ? EXIT.failed : EXIT.done;
};

export const watchBackup = (
  session: Session,
  { projectId, id }: Pick<shown.Backup, 'projectId' | 'id'>,
  timeoutSeconds?: number,
): Promise<shown.Backup> =>
  follow(session, {
    read: (wait) => readBackup(session, projectId, id, { wait }),
    isFinal,
    stepOf,
    what: `Backup ${id}`,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });

export interface CreateOptions {
  readonly name?: string;
  readonly description?: string;
  readonly trigger?: string;
  readonly content?: string;
  readonly format?: string;
  readonly compression?: string;
  readonly retentionDays?: number;
  readonly wait?: boolean;
  readonly timeout?: number;
}

export const createBackup = async (
  session: Session,
  options: CreateOptions,
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  const { name, description, trigger, content, format, compression, retentionDays } = options;
  const requested = await session.api.json(
    {
      method: 'POST',
      path: backupsPath(projectId),
      headers: idempotent(),
      body: { name, description, trigger, content, format, compression, retentionDays },
    },
    shown.backup,
  );
  if (!options.wait) return showBackup(session, requested);
  const ended = await watchBackup(session, requested, options.timeout);
  const status = showBackup(session, ended);
  return ended.status === 'completed' ? status : EXIT.failed;
};

export interface WatchOptions {
  readonly timeout?: number;
}

export interface DownloadOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export const downloadBackup = async (
  session: Session,
  { output: to, force = false }: DownloadOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { api, output } = session;
  const id = await backupIdOf(session, projectId, backupId);
  const path = `${backupPath(projectId, id)}/download`;
  const wanted = await api.json({ method: 'GET', path }, shown.download);
  const file = await downloadTo(session, wanted, to, force);
  if (file === undefined) return EXIT.done;
  if (output.isJson) output.json({ file, size: wanted.size, checksum: wanted.checksum });
  else output.result(`${file}: ${bytesText(wanted.size)}, SHA-256 checked`);
  return EXIT.done;
};

export const cancelBackup = async (
  session: Session,
  _: unknown,
  [projectId = '', backupId = '']: readonly string[],
): Promise<ExitStatus> => {
  const path = `${backupPath(projectId, backupId)}/cancel`;
  const one = await session.api.json({ method: 'POST', path }, shown.backup);
  if (session.output.isJson) session.output.json(one);
  else
    session.output.result(
      one.status === 'cancelled' ? 'Cancelled.' : 'Its worker was asked to stop.',
    );
  return EXIT.done;
};

export interface VerifyOptions extends WatchOptions {
  readonly compare?: string;
  readonly wait?: boolean;
}

export const verifyBackup = async (
  session: Session,
  { compare, wait, timeout }: VerifyOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const id = await backupIdOf(session, projectId, backupId);
  const requested = await session.api.json(
    {
      method: 'POST',
      path: `${backupPath(projectId, id)}/verify`,
      headers: idempotent(),
      body: { compare },
    },
    shown.verification,
  );
  if (!wait) return showVerification(session, requested);
  return showVerification(session, await watchVerification(session, requested, timeout));
};
