import { type Command, InvalidArgumentError } from 'commander';
import type { ApiRequest } from '../api-client.ts';
import { acting, type Running, type Session } from '../command.ts';
import { CommandFailed, EXIT, type ExitStatus } from '../exit.ts';
import { backupPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { bytesText, timeText } from '../words.ts';

/** The commands of `larder backup` that change or delete a backup. */
interface ChangeOptions {
  readonly name?: string;
  readonly description?: string;
  readonly expires?: string;
}

const change = (
  { api }: Session,
  [projectId = '', backupId = 'latest']: readonly string[],
  body: Readonly<Record<string, unknown>>,
): Promise<shown.Backup> =>
  api.json({ method: 'PATCH', path: backupPath(projectId, backupId), body }, shown.backup);

const show = ({ output }: Session, one: shown.Backup, text: string): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(text);
  return EXIT.done;
};

const keptUntil = ({ pinned, expiresAt }: shown.Backup): string =>
  pinned ? 'It is kept until it is unpinned.' : `Its retention ends ${timeText(expiresAt)}.`;

const setPin =
  (pinned: boolean) =>
  async (
    session: Session,
    { expires: expiresAt }: ChangeOptions,
    args: readonly string[],
  ): Promise<ExitStatus> => {
    const one = await change(session, args, { pinned, expiresAt });
    const done = pinned ? 'Pinned' : 'Unpinned';
    return show(session, one, `${done} backup ${one.id}. ${keptUntil(one)}`);
  };

const update = async (
  session: Session,
  { name, description, expires: expiresAt }: ChangeOptions,
  args: readonly string[],
): Promise<ExitStatus> => {
  if ([name, description, expiresAt].every((value) => value === undefined))
    throw new CommandFailed('Give --name, --description or --expires.', EXIT.usage);
  const one = await change(session, args, { name, description, expiresAt });
  return show(session, one, `Changed backup ${one.id}. ${keptUntil(one)}`);
};

interface DeleteOptions {
  readonly force?: boolean;
  readonly reason?: string;
}

const remove = async (
  session: Session,
  { force, reason }: DeleteOptions,
  [projectId = '', backupId = '']: readonly string[],
): Promise<ExitStatus> => {
  const request: ApiRequest = {
    method: 'DELETE',
    path: backupPath(projectId, backupId),
    query: { force: force ? 'true' : undefined, reason },
  };
  const one = await session.api.json(request, shown.backup);
  const size = one.size === undefined ? '' : ` of ${bytesText(one.size)}`;
  return show(session, one, `Deleted backup ${one.id}${size}.`);
};

const BACKUP = "id of a backup, or 'latest': the newest good one";

/** @throws InvalidArgumentError for an id that the API does not accept for a deletion */
const notLatest = (id: string): string => {
  if (id !== 'latest') return id;
  throw new InvalidArgumentError('Give its id: another backup may be the latest by now.');
};

/** Adds them to `backup`. */
export const addBackupChanges = (backup: Command, running: Running): void => {
  backup
    .command('pin')
    .description('keep a backup until it is unpinned, whatever its retention')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .action(acting<ChangeOptions>(running, setPin(true)));
  backup
    .command('unpin')
    .description('give a backup its retention back; it is kept for at least 7 more days')
    .argument('<project>', 'id of the project')
    .argument('<backup>', BACKUP)
    .option('--expires <time>', 'end of its retention instead, ISO 8601')
    .action(acting<ChangeOptions>(running, setPin(false)));
  backup
    .command('update')
    .description('change the name, description or retention of a backup')
    .argument('<project>', 'id of the project')
    .argument('<backup>', BACKUP)
    .option('--name <text>', 'a name, shown in lists and mails')
    .option('--description <text>', 'a description')
    .option('--expires <time>', 'end of its retention, ISO 8601')
    .action(acting<ChangeOptions>(running, update));
  backup
    .command('delete')
    .description('delete a backup with all versions of its objects; a record remains')
    .argument('<project>', 'id of the project')
    .argument('<backup>', 'id of the backup', notLatest)
    .option('--reason <text>', 'kept in the record')
    .option('--force', 'also a pinned one, the last good one, or one that is being restored')
    .action(acting<DeleteOptions>(running, remove));
};
