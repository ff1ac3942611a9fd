import { type Command, Option } from 'commander';
import { COMPRESSIONS, CONTENTS, FORMATS, STATUSES } from '../../../core/backup.ts';
import { COMPARISONS } from '../../../core/verification.ts';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { downloadTo } from '../download.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { follow, type Step } from '../follow.ts';
import { readList } from '../lists.ts';
import { factsText, listText, tableText } from '../output.ts';
import { backupIdOf, backupPath, backupsPath, idempotent, readBackup } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText, bytesText, countText, durationText, orDash, timeText } from '../words.ts';
import { showVerification, watchVerification } from './verification.ts';

/** The commands of `larder backup`. */
const OPEN: readonly string[] = ['pending', 'in-progress'];
const isFinal = ({ status }: shown.Backup): boolean => !OPEN.includes(status);

const stepOf = ({ status, progress }: shown.Backup): Step => {
  if (!progress) return { text: status === 'pending' ? 'waits' : 'starts' };
  const { tablesDone, tablesTotal, bytes, bytesPerSecond } = progress;
  return {
    share: tablesTotal ? tablesDone / tablesTotal : 0,
    text: `${tablesDone} of ${tablesTotal} tables  ${bytesText(bytes)}  ${bytesText(bytesPerSecond)}/s`,
  };
};

const COLUMNS = [
  { title: 'backup' },
  { title: 'created' },
  { title: 'status' },
  { title: 'verified' },
  { title: 'size', isNumber: true },
];

/** Short, so that the table fits 80 columns. */
const VERIFIED: Readonly<Record<string, string>> = {
  unverified: '-',
  verifying: 'running',
  verified: 'yes',
  'could-not-run': 'not run',
};

const rowOf = (one: shown.Backup, now: number): string[] => [
  one.id,
  agoText(one.createdAt, now),
  one.status,
  VERIFIED[one.validation] ?? one.validation,
  orDash(one.size, bytesText),
];

const factsOf = (one: shown.Backup): string =>
  [
    factsText([
      ['backup', one.id],
      ['project', one.projectId],
      ['schema', one.schemaName],
      ['source', one.source],
      ['name', one.name],
      ['status', one.status],
      ['verified', one.validationWhy ? `${one.validation}: ${one.validationWhy}` : one.validation],
      ['created', timeText(one.createdAt)],
      ['completed', one.completedAt && timeText(one.completedAt)],
      ['took', one.durationMs === undefined ? undefined : durationText(one.durationMs)],
      ['expires', timeText(one.expiresAt)],
      ['content', `${one.content}, ${one.format}${one.compression ? `, ${one.compression}` : ''}`],
      ['size', one.size === undefined ? undefined : bytesText(one.size)],
      ['tables', one.tableCount === undefined ? undefined : countText(one.tableCount)],
      ['rows', one.rowCount === undefined ? undefined : countText(one.rowCount)],
      ['SHA-256', one.checksum],
      ['error', one.error && `${one.error.name}: ${one.error.message}`],
    ]),
    ...listText('Warnings', one.warnings ?? []),
  ].join('\n');

const show = ({ output }: Session, one: shown.Backup): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(factsOf(one));
  return one.status === 'failed' ? EXIT.failed : EXIT.done;
};

const watch = (
  session: Session,
  { projectId, id }: Pick<shown.Backup, 'projectId' | 'id'>,
  timeoutSeconds?: number,
): Promise<shown.Backup> =>
  follow(session, {
    read: () => readBackup(session, projectId, id),
    isFinal,
    stepOf,
    what: `Backup ${id}`,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });

interface CreateOptions {
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

const create = async (
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
  if (!options.wait) return show(session, requested);
  const ended = await watch(session, requested, options.timeout);
  const status = show(session, ended);
  return ended.status === 'completed' ? status : EXIT.failed;
};

interface ListOptions {
  readonly status?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

const list = async (
  session: Session,
  { status, from, to, limit }: ListOptions,
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  const { output } = session;
  const query = { status, from, to };
  const items = await readList(session, backupsPath(projectId), shown.backup, query, limit);
  const now = Date.now();
  if (output.isJson) output.json({ items });
  else if (items.length)
    output.result(
      tableText(
        COLUMNS,
        items.map((one) => rowOf(one, now)),
      ),
    );
  else
    output.note(
      `Project ${projectId} has no backups${status ? ` with the status ${status}` : ''}.`,
    );
  return EXIT.done;
};

interface WatchOptions {
  readonly timeout?: number;
}

interface DownloadOptions {
  readonly output?: string;
  readonly force?: boolean;
}

const download = async (
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

const cancel = async (
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

interface VerifyOptions extends WatchOptions {
  readonly compare?: string;
  readonly wait?: boolean;
}

const verify = async (
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

const verifications = async (
  session: Session,
  { limit }: ListOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { output } = session;
  const id = await backupIdOf(session, projectId, backupId);
  const path = `${backupPath(projectId, id)}/verifications`;
  const items = await readList(session, path, shown.verification, {}, limit);
  const now = Date.now();
  const rows = items.map((one) => [
    one.id,
    agoText(one.createdAt, now),
    one.result?.verdict ?? one.status,
    one.result?.why ?? one.error?.message ?? '-',
  ]);
  if (output.isJson) output.json({ items });
  else if (rows.length)
    output.result(
      tableText(
        ['verification', 'created', 'result', 'why'].map((title) => ({ title })),
        rows,
      ),
    );
  else output.note('This backup was never verified.');
  return EXIT.done;
};

const TIMEOUT = 'with --wait: give up waiting after so many seconds (exit status 5)';
const BACKUP = "id of a backup, or 'latest': the newest good one";

/** Adds `backup` and its commands. */
export const addBackupCommands = (program: Command, running: Running): void => {
  const backup = program
    .command('backup')
    .description('take, look at, download and verify backups');
  backup
    .command('create')
    .description('back up a project now')
    .argument('<project>', 'id of the project')
    .option('--name <text>', 'a name, shown in lists and mails')
    .option('--description <text>', 'a description')
    .addOption(
      new Option('--trigger <kind>', 'why it is taken').choices(['manual', 'pre-migration']),
    )
    .addOption(new Option('--content <kind>', 'rows, definitions or both').choices(CONTENTS))
    .addOption(new Option('--format <format>', 'of the file').choices(FORMATS))
    .addOption(new Option('--compression <kind>', 'of the file').choices(COMPRESSIONS))
    .option('--retention-days <days>', 'how long it is kept', positiveInteger)
    .option('--wait', 'wait for its end; exit status 1 unless it completed')
    .option('--timeout <seconds>', TIMEOUT, positiveInteger)
    .addHelpText(
      'after',
      '\nExample, in a deployment before its migration:\n  larder backup create acme --trigger pre-migration --wait',
    )
    .action(acting<CreateOptions>(running, create));
  backup
    .command('list')
    .description("a project's backups, newest first")
    .argument('<project>', 'id of the project')
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .option('--from <time>', 'created at this time or later, ISO 8601')
    .option('--to <time>', 'created before this time, ISO 8601')
    .option('--limit <count>', 'at most so many', positiveInteger, 20)
    .action(acting<ListOptions>(running, list));
  backup
    .command('show')
    .description('one backup with all that is known of it')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .action(
      acting(running, async (session, _, [projectId = '', id]) => {
        show(session, await readBackup(session, projectId, id));
        return EXIT.done;
      }),
    );
  backup
    .command('watch')
    .description('follow a backup until it has ended')
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup')
    .option('--timeout <seconds>', 'give up after so many seconds (exit status 5)', positiveInteger)
    .action(
      acting<WatchOptions>(running, async (session, { timeout }, [projectId = '', id = '']) =>
        show(session, await watch(session, { projectId, id }, timeout)),
      ),
    );
  backup
    .command('download')
    .description('download a backup and check its SHA-256; an unfinished download goes on')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('-o, --output <file>', "a file, a folder, or '-' for standard output")
    .option('--force', 'replace a file that exists')
    .action(acting<DownloadOptions>(running, download));
  backup
    .command('cancel')
    .description('cancel a backup that waits or runs')
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup')
    .action(acting(running, cancel));
  backup
    .command('verify')
    .description('restore a backup into a scratch PostgreSQL and compare it')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .addOption(
      new Option('--compare <what>', 'number of rows, or their content').choices(COMPARISONS),
    )
    .option('--wait', 'wait for its end; exit status 1 unless it is verified')
    .option('--timeout <seconds>', TIMEOUT, positiveInteger)
    .action(acting<VerifyOptions>(running, verify));
  backup
    .command('verifications')
    .description("a backup's verifications, newest first")
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('--limit <count>', 'at most so many', positiveInteger, 20)
    .action(acting<ListOptions>(running, verifications));
};
