import { type Command, Option } from 'commander';
import { ON_CONFLICT } from '../../../core/restore.ts';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readList } from '../lists.ts';
import { tableText } from '../output.ts';
import { backupIdOf, backupPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText } from '../words.ts';
import { confirmSwap } from './confirm.ts';
import {
  restorePath,
  showRestore,
  type WaitOptions,
  watchRestore,
  workRestore,
} from './restore-work.ts';

/** The commands of `larder restore`. */
interface CopyOptions extends WaitOptions {
  readonly schemaName?: string;
  readonly owners?: string;
  readonly onConflict?: string;
  readonly acceptOwnCode?: boolean;
  readonly into?: string;
  readonly target?: string;
  readonly backup?: string;
}

const create = async (
  session: Session,
  options: CopyOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { schemaName, owners, onConflict, acceptOwnCode } = options;
  const id = await backupIdOf(session, projectId, backupId);
  const body = { schemaName, owners, onConflict, acceptOwnCode };
  return await workRestore(session, { projectId, backupId: id, ending: 'restores', body }, options);
};

const tables = async (
  session: Session,
  options: CopyOptions,
  [projectId = '', ...names]: readonly string[],
): Promise<ExitStatus> => {
  const { schemaName, owners, onConflict, acceptOwnCode, into, backup } = options;
  const id = await backupIdOf(session, projectId, backup);
  const body = { tables: names, into, schemaName, owners, onConflict, acceptOwnCode };
  return await workRestore(session, { projectId, backupId: id, ending: 'restores', body }, options);
};

const elsewhere = async (
  session: Session,
  options: CopyOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { target, schemaName, owners, onConflict, acceptOwnCode } = options;
  const id = await backupIdOf(session, projectId, backupId);
  const body = { target, schemaName, owners, onConflict, acceptOwnCode };
  return await workRestore(
    session,
    { projectId, backupId: id, ending: 'elsewhere', body },
    options,
  );
};

interface SwapOptions extends WaitOptions {
  readonly repointDependents?: boolean;
  readonly acceptDependents?: boolean;
  readonly acceptOwnCode?: boolean;
  readonly onConflict?: string;
  readonly yes?: string;
}

const swap = async (
  session: Session,
  options: SwapOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { repointDependents, acceptDependents, acceptOwnCode, onConflict, yes } = options;
  const id = await backupIdOf(session, projectId, backupId);
  const body = { repointDependents, acceptDependents, acceptOwnCode, onConflict };
  return await workRestore(
    session,
    { projectId, backupId: id, ending: 'swap', body },
    options,
    (checked) => confirmSwap(session, projectId, yes, checked),
  );
};

const undo = async (
  session: Session,
  options: WaitOptions,
  [projectId = '', backupId = '', id = '']: readonly string[],
): Promise<ExitStatus> =>
  await workRestore(
    session,
    { projectId, backupId, ending: `restores/${id}/undo`, body: {} },
    { ...options, dryRun: false },
  );

interface ListOptions {
  readonly limit: number;
}

const list = async (
  session: Session,
  { limit }: ListOptions,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const { output } = session;
  const id = await backupIdOf(session, projectId, backupId);
  const items = await readList(
    session,
    `${backupPath(projectId, id)}/restores`,
    shown.restore,
    {},
    limit,
  );
  const now = Date.now();
  const rows = items.map((one) => [
    one.id,
    agoText(one.createdAt, now),
    one.dryRun ? `${one.mode}, dry run` : one.mode,
    one.verdict ?? one.status,
  ]);
  if (output.isJson) output.json({ items });
  else if (rows.length)
    output.result(
      tableText(
        ['restore', 'requested', 'kind', 'result'].map((title) => ({ title })),
        rows,
      ),
    );
  else output.note('This backup has no restores.');
  return EXIT.done;
};

const guide = async (
  session: Session,
  _: unknown,
  [projectId = '', backupId]: readonly string[],
): Promise<ExitStatus> => {
  const id = await backupIdOf(session, projectId, backupId);
  const path = `${backupPath(projectId, id)}/restore-guide`;
  const text = await session.api.text({ method: 'GET', path });
  if (session.output.isJson) session.output.json({ markdown: text });
  else session.output.result(text);
  return EXIT.done;
};

const BACKUP = "id of a backup, or 'latest': the newest good one";

/** The options that all restores share. */
const waiting = (command: Command): Command =>
  command
    .option('--no-wait', 'do not wait until it has ended')
    .option(
      '--timeout <seconds>',
      'stop waiting after this many seconds (exit status 5)',
      positiveInteger,
    );

const copying = (command: Command): Command =>
  waiting(command)
    .option('--dry-run', 'only check; exit status 1 if it would be refused')
    .option('--schema-name <name>', 'of the new schema')
    .addOption(new Option('--owners <what>', 'of the restored objects').choices(['keep', 'drop']))
    .addOption(
      new Option('--on-conflict <what>', "if rows violate the backup's own constraints").choices(
        ON_CONFLICT,
      ),
    )
    .option('--accept-own-code', 'let code of the backup run as the restore role (docs/roles.md)');

const onOne = (command: Command): Command =>
  command
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup')
    .argument('<restore>', 'id of the restore');

/** Adds `restore` and its commands. */
export const addRestoreCommands = (program: Command, running: Running): void => {
  const restore = program
    .command('restore')
    .description('restore backups: beside or in place of the live schema, or into another source');
  copying(
    restore
      .command('create')
      .description('restore a backup into a new schema beside the live one')
      .argument('<project>', 'id of the project')
      .argument('[backup]', BACKUP, 'latest'),
  ).action(acting<CopyOptions>(running, create));
  copying(
    restore
      .command('tables')
      .description('restore some tables, beside or into the live schema')
      .argument('<project>', 'id of the project')
      .argument('<table...>', 'names of tables')
      .option('--backup <id>', BACKUP, 'latest')
      .addOption(
        new Option('--into <where>', 'the live schema must have no table of the name').choices([
          'beside',
          'live',
        ]),
      ),
  ).action(acting<CopyOptions>(running, tables));
  waiting(
    restore
      .command('swap')
      .description('replace the live schema, which is kept under another name; can be undone')
      .argument('<project>', 'id of the project')
      .argument('[backup]', BACKUP, 'latest')
      .option('--dry-run', 'only check; exit status 1 if it would be refused')
      .option(
        '--repoint-dependents',
        'move views, keys and triggers of other schemas to the restored schema',
      )
      .option('--accept-dependents', 'leave what cannot be moved with the old schema')
      .option('--accept-own-code', 'let code of the backup run as the restore role (docs/roles.md)')
      .addOption(
        new Option('--on-conflict <what>', "if rows violate the backup's own constraints").choices(
          ON_CONFLICT,
        ),
      )
      .option('--yes <project>', "confirm with the project's id, without a prompt"),
  ).action(acting<SwapOptions>(running, swap));
  waiting(
    onOne(
      restore.command('undo').description('undo a swap: exchange the names of the schemas back'),
    ),
  ).action(acting<WaitOptions>(running, undo));
  copying(
    restore
      .command('elsewhere')
      .description('restore a backup into another source that allows it')
      .argument('<project>', 'id of the project')
      .argument('[backup]', BACKUP, 'latest')
      .requiredOption('--target <source>', 'the source to write into'),
  ).action(acting<CopyOptions>(running, elsewhere));
  restore
    .command('list')
    .description("a backup's restores, newest first")
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('--limit <count>', 'at most this many', positiveInteger, 20)
    .action(acting<ListOptions>(running, list));
  onOne(restore.command('show').description('one restore: its report and its outcome')).action(
    acting(running, async (session, _, [projectId = '', backupId = '', id = '']) => {
      const path = restorePath({ projectId, backupId, id });
      showRestore(session, await session.api.json({ method: 'GET', path }, shown.restore));
      return EXIT.done;
    }),
  );
  onOne(restore.command('watch').description('follow a restore until it has ended'))
    .option(
      '--timeout <seconds>',
      'stop waiting after this many seconds (exit status 5)',
      positiveInteger,
    )
    .action(
      acting<{ readonly timeout?: number }>(
        running,
        async (session, { timeout }, [projectId = '', backupId = '', id = '']) =>
          showRestore(session, await watchRestore(session, { projectId, backupId, id }, timeout)),
      ),
    );
  onOne(
    restore.command('cancel').description('cancel a restore that is pending or in progress'),
  ).action(
    acting(running, async (session, _, [projectId = '', backupId = '', id = '']) => {
      const path = `${restorePath({ projectId, backupId, id })}/cancel`;
      const one = await session.api.json({ method: 'POST', path }, shown.restore);
      if (session.output.isJson) session.output.json(one);
      else
        session.output.result(
          one.status === 'cancelled' ? 'Cancelled.' : 'Its worker was asked to stop.',
        );
      return EXIT.done;
    }),
  );
  restore
    .command('guide')
    .description('how to restore a backup by hand, without Larder (Markdown)')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .action(acting(running, guide));
};
