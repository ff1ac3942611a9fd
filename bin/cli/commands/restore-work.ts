import type { Session } from '../command.ts';
import { CommandFailed, EXIT, type ExitStatus } from '../exit.ts';
import { follow, leftText, type Step, waitText } from '../follow.ts';
import { backupPath, idempotent } from '../paths.ts';
import * as shown from '../shown.ts';
import { bytesText } from '../words.ts';
import { restoreText } from './restore-text.ts';

const OPEN: readonly string[] = ['pending', 'in-progress'];

const STEPS: Readonly<Record<string, string>> = {
  checking: 'checks the source',
  'safety-backup': 'waits for the safety backup',
  loading: 'restores rows',
  counting: 'counts and compares',
  'foreign-keys': 'adds foreign keys to other schemas',
  exchanging: 'exchanges the names',
};

const stepOf = ({ status, progress, queue }: shown.Restore): Step => {
  if (!progress) return { text: status === 'pending' ? waitText(queue) : 'starts' };
  const { step, tablesDone, tablesTotal, bytesRead, bytesTotal } = progress;
  const text = STEPS[step] ?? step;
  const share = (progress.percent ?? 0) / 100;
  if (step !== 'loading') return { share, text };
  return {
    share,
    text: `${text}  ${tablesDone} of ${tablesTotal} tables  ${bytesText(bytesRead)} of ${bytesText(bytesTotal)}${leftText(progress)}`,
  };
};

type InBackup = Pick<shown.Restore, 'projectId' | 'backupId' | 'id'>;

export const restorePath = ({ projectId, backupId, id }: InBackup): string =>
  `${backupPath(projectId, backupId)}/restores/${id}`;

export const watchRestore = (
  session: Session,
  one: InBackup,
  timeoutSeconds?: number,
): Promise<shown.Restore> =>
  follow(session, {
    read: (wait) =>
      session.api.json({ method: 'GET', path: restorePath(one), query: { wait } }, shown.restore),
    isFinal: ({ status }) => !OPEN.includes(status),
    stepOf,
    what: `Restore ${one.id}`,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });

/** Exit status 1 for a failed restore, and for a dry run whose restore would be refused. */
export const showRestore = ({ output }: Session, one: shown.Restore): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(restoreText(one));
  if (OPEN.includes(one.status)) return EXIT.done;
  return one.status === 'completed' && one.verdict !== 'refused' ? EXIT.done : EXIT.failed;
};

export interface Wanted {
  readonly projectId: string;
  readonly backupId: string;
  /** The last part of the path: `restores`, `swap`, `elsewhere`. */
  readonly ending: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface WaitOptions {
  readonly dryRun?: boolean;
  /** False with `--no-wait`. */
  readonly wait: boolean;
  readonly timeout?: number;
}

const request = (
  { api }: Session,
  { projectId, backupId, ending, body }: Wanted,
): Promise<shown.Restore> =>
  api.json(
    {
      method: 'POST',
      path: `${backupPath(projectId, backupId)}/${ending}`,
      headers: idempotent(),
      body,
    },
    shown.restore,
  );

/** Checks first and always shows the report. @throws CommandFailed if the restore is refused */
const dryRun = async (
  session: Session,
  wanted: Wanted,
  timeout?: number,
): Promise<shown.Restore> => {
  const checked = await watchRestore(
    session,
    await request(session, { ...wanted, body: { ...wanted.body, dryRun: true } }),
    timeout,
  );
  if (checked.status === 'completed' && checked.verdict !== 'refused') return checked;
  showRestore(session, checked);
  throw new CommandFailed('The restore was not started, because its dry run refuses it.');
};

/**
 * Requests a restore and follows it.
 * @param confirm called after a dry run and its report, before anything is requested; absent: no dry run
 */
export const workRestore = async (
  session: Session,
  wanted: Wanted,
  options: WaitOptions,
  confirm?: (checked: shown.Restore) => Promise<void>,
): Promise<ExitStatus> => {
  const { timeout } = options;
  if (options.dryRun) {
    const checked = await request(session, { ...wanted, body: { ...wanted.body, dryRun: true } });
    return showRestore(session, await watchRestore(session, checked, timeout));
  }
  if (confirm) await confirm(await dryRun(session, wanted, timeout));
  const requested = await request(session, wanted);
  if (!options.wait) return showRestore(session, requested);
  return showRestore(session, await watchRestore(session, requested, timeout));
};
