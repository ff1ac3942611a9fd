import { type Command, Option } from 'commander';
import { STATUSES, TRIGGERS, VALIDATIONS } from '../../../core/backup.ts';
import { SORTS } from '../../../core/history-ports.ts';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { CommandFailed, EXIT, type ExitStatus } from '../exit.ts';
import { readList } from '../lists.ts';
import { tableText } from '../output.ts';
import { backupIdOf, backupPath, backupsPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText } from '../words.ts';
import { backupTable, dayTable, tablesText } from './backup-text.ts';

/** The commands of `larder backup` that list backups, or what belongs to one. */
interface Filters {
  readonly status?: string;
  readonly trigger?: string;
  readonly name?: string;
  readonly validation?: string;
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly sort?: string;
}

interface ListOptions extends Filters {
  readonly day?: string;
  readonly from?: string;
  readonly to?: string;
  readonly pinned?: boolean;
  readonly limit: number;
}

const sizeText = (size: number | undefined): string | undefined => size?.toString();

const filtersOf = ({ status, trigger, name, validation, minSize, maxSize, sort }: Filters) => ({
  status,
  trigger,
  name,
  validation,
  minSize: sizeText(minSize),
  maxSize: sizeText(maxSize),
  sort,
});

/** @throws CommandFailed for an option that the list of this kind does not have */
const refuseOthers = (options: ListOptions, names: readonly (keyof ListOptions)[], why: string) => {
  const wrong = names.find((name) => options[name] !== undefined);
  if (wrong) throw new CommandFailed(`--${wrong}: ${why}`, EXIT.usage);
};

const listOfDay = async (session: Session, options: ListOptions): Promise<ExitStatus> => {
  refuseOthers(options, ['from', 'to', 'pinned'], 'only for the backups of one project.');
  const { output } = session;
  const query = { day: options.day, ...filtersOf(options) };
  const items = await readList(session, '/backups', shown.backup, query, options.limit);
  if (output.isJson) output.json({ items });
  else if (items.length) output.result(dayTable(items, Date.now()));
  else output.note(`No such backups were requested ${options.day ?? 'today'} (UTC).`);
  return EXIT.done;
};

const listBackups = async (
  session: Session,
  options: ListOptions,
  [projectId]: readonly string[],
): Promise<ExitStatus> => {
  if (projectId === undefined) return await listOfDay(session, options);
  refuseOthers(options, ['day'], 'only without a project. Give --from and --to.');
  const { output } = session;
  const { from, to, pinned, limit } = options;
  const filters = { ...filtersOf(options), from, to, pinned: pinned ? 'true' : undefined };
  const items = await readList(session, backupsPath(projectId), shown.backup, filters, limit);
  const { sort: _, ...chosen } = filters;
  const isFiltered = Object.values(chosen).some((value) => value !== undefined);
  if (output.isJson) output.json({ items });
  else if (items.length) output.result(backupTable(items, Date.now()));
  else output.note(`Project ${projectId} has no ${isFiltered ? 'such ' : ''}backups.`);
  return EXIT.done;
};

const readManifest = async (
  { api }: Session,
  [projectId = '', backupId = 'latest']: readonly string[],
): Promise<shown.Manifest> =>
  await api.json(
    { method: 'GET', path: `${backupPath(projectId, backupId)}/manifest` },
    shown.manifest,
  );

const listTables = async (
  session: Session,
  _: unknown,
  args: readonly string[],
): Promise<ExitStatus> => {
  const { output } = session;
  const manifest = await readManifest(session, args);
  if (output.isJson) output.json({ items: manifest.tables });
  else if (manifest.tables.length) output.result(tablesText(manifest));
  else output.note('This backup has no tables.');
  return EXIT.done;
};

interface Limited {
  readonly limit: number;
}

const listVerifications = async (
  session: Session,
  { limit }: Limited,
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

const BACKUP = "id of a backup, or 'latest': the newest good one";

const addFilters = (command: Command): Command =>
  command
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .addOption(new Option('--trigger <kind>', 'only these').choices(TRIGGERS))
    .addOption(new Option('--validation <state>', 'only these').choices(VALIDATIONS))
    .option('--name <text>', 'a part of the name')
    .option('--min-size <bytes>', 'stored bytes', positiveInteger)
    .option('--max-size <bytes>', 'stored bytes', positiveInteger)
    .addOption(new Option('--sort <order>', 'which come first').choices(SORTS))
    .option('--limit <count>', 'at most this many', positiveInteger, 20);

/** Adds them to `backup`. */
export const addBackupLists = (backup: Command, running: Running): void => {
  addFilters(
    backup
      .command('list')
      .description("a project's backups; without a project, those of all on one day")
      .argument('[project]', 'id of the project')
      .option('--day <day>', 'without a project: such as 2026-11-21 (UTC), today if absent')
      .option('--from <time>', 'requested at this time or later, ISO 8601')
      .option('--to <time>', 'requested at this time or before, ISO 8601')
      .option('--pinned', 'only pinned ones'),
  ).action(acting<ListOptions>(running, listBackups));
  backup
    .command('tables')
    .description("a backup's tables, with their rows")
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .action(acting(running, listTables));
  backup
    .command('manifest')
    .description('all that is known of what a backup contains, as JSON')
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .action(
      acting(running, async (session, _, args) => {
        session.output.json(await readManifest(session, args));
        return EXIT.done;
      }),
    );
  backup
    .command('verifications')
    .description("a backup's verifications, newest first")
    .argument('<project>', 'id of the project')
    .argument('[backup]', BACKUP, 'latest')
    .option('--limit <count>', 'at most this many', positiveInteger, 20)
    .action(acting<Limited>(running, listVerifications));
};
