import { type Command, Option } from 'commander';
import { COMPRESSIONS, CONTENTS, FORMATS } from '../../../core/backup.ts';
import { COMPARISONS } from '../../../core/verification.ts';
import { acting, positiveInteger, type Running } from '../command.ts';
import { EXIT } from '../exit.ts';
import { readBackup } from '../paths.ts';
import { addBackupChanges } from './backup-change.ts';
import { addBackupLists } from './backup-lists.ts';
import {
  type CreateOptions,
  cancelBackup,
  createBackup,
  type DownloadOptions,
  downloadBackup,
  showBackup,
  type VerifyOptions,
  verifyBackup,
  type WatchOptions,
  watchBackup,
} from './backup-work.ts';

/** The commands of `larder backup`, with their arguments and options. */
const TIMEOUT = 'with --wait: stop waiting after this many seconds (exit status 5)';
const BACKUP = "id of a backup, or 'latest': the newest good one";

interface ShowOptions {
  readonly at?: string;
}

/** Adds `backup` and its commands. */
export const addBackupCommands = (program: Command, running: Running): void => {
  const backup = program.command('backup').description('create, list, download and verify backups');
  backup
    .command('create')
    .description('back up a project now')
    .argument('<project>', 'id of the project')
    .option('--name <text>', 'a name, shown in lists and mails')
    .option('--description <text>', 'a description')
    .addOption(
      new Option('--trigger <kind>', 'why it is created').choices(['manual', 'pre-migration']),
    )
    .addOption(new Option('--content <kind>', 'rows, definitions or both').choices(CONTENTS))
    .addOption(new Option('--format <format>', 'of the file').choices(FORMATS))
    .addOption(new Option('--compression <kind>', 'of the file').choices(COMPRESSIONS))
    .option('--retention-days <days>', 'how long it is kept', positiveInteger)
    .option('--wait', 'wait until it has ended; exit status 1 unless it completed')
    .option('--timeout <seconds>', TIMEOUT, positiveInteger)
    .addHelpText(
      'after',
      '\nExample, in a deployment before its migration:\n  larder backup create acme --trigger pre-migration --wait',
    )
    .action(acting<CreateOptions>(running, createBackup));
  addBackupLists(backup, running);
  addBackupChanges(backup, running);
  backup
    .command('show')
    .description('one backup, in full')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('--at <time>', "of 'latest': the newest that had completed at this time, ISO 8601")
    .action(
      acting<ShowOptions>(running, async (session, { at }, [projectId = '', id]) => {
        showBackup(session, await readBackup(session, projectId, id, { at }));
        return EXIT.done;
      }),
    );
  backup
    .command('watch')
    .description('follow a backup until it has ended')
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup')
    .option(
      '--timeout <seconds>',
      'stop waiting after this many seconds (exit status 5)',
      positiveInteger,
    )
    .action(
      acting<WatchOptions>(running, async (session, { timeout }, [projectId = '', id = '']) =>
        showBackup(session, await watchBackup(session, { projectId, id }, timeout)),
      ),
    );
  backup
    .command('download')
    .description('download a backup and check its SHA-256; resumes an unfinished download')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('-o, --output <file>', "a file, a folder, or '-' for standard output")
    .option('--force', 'replace a file that exists')
    .action(acting<DownloadOptions>(running, downloadBackup));
  backup
    .command('cancel')
    .description('cancel a backup that is pending or in progress')
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup')
    .action(acting(running, cancelBackup));
  backup
    .command('verify')
    .description('restore a backup into a scratch PostgreSQL and compare it')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .addOption(
      new Option('--compare <what>', 'number of rows, or their content').choices(COMPARISONS),
    )
    .option('--wait', 'wait until it has ended; exit status 1 unless it is verified')
    .option('--timeout <seconds>', TIMEOUT, positiveInteger)
    .action(acting<VerifyOptions>(running, verifyBackup));
};
