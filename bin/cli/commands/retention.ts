import type { Command } from 'commander';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { factsText, tableText } from '../output.ts';
import { projectPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { bytesText, countText, orDash, textOf, timeText } from '../words.ts';
import { confirmProject } from './confirm.ts';

/** The commands of `larder retention`. A change is shown before it is made. */
const pathOf = (projectId: string): string => `${projectPath(projectId)}/retention`;

const CLASSES = ['daily', 'weekly', 'monthly', 'yearly'] as const;
const FROM = {
  project: 'the project itself',
  source: "the project's source",
  configuration: 'the configuration',
} as const;

const policyText = ({ from, retention }: shown.Retention): string => {
  const { days, timeZone, generations } = retention;
  const counts = generations ?? retention;
  const unit = generations
    ? { daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' }
    : { daily: 'days', weekly: 'days', monthly: 'days', yearly: 'days' };
  return factsText([
    ['set by', FROM[from]],
    ['every backup', days === undefined ? undefined : `${days} days`],
    ...CLASSES.map((name): [string, string | undefined] => [
      name,
      counts[name] === undefined ? undefined : `${counts[name]} ${unit[name]}`,
    ]),
    ['time zone', timeZone],
  ]);
};

const WHY: Readonly<Record<string, string>> = {
  removed: 'removed',
  'last-good': 'kept: last good',
  pinned: 'kept: pinned',
  fixed: 'kept: its own days',
  days: 'kept: days',
};

const COLUMNS = [
  { title: 'backup of' },
  { title: 'size', isNumber: true },
  { title: 'until now' },
  { title: 'new end' },
  { title: 'result' },
];

const dayText = (time: string): string => time.slice(0, 10);

const changeText = (change: shown.RetentionChange): string => {
  const rows = change.backups.map(({ createdAt, size, expiresBefore, expiresAfter, ...one }) => [
    timeText(createdAt).slice(0, 16),
    orDash(size, bytesText),
    dayText(expiresBefore),
    dayText(expiresAfter),
    one.fate === 'class' ? `kept: ${one.generations?.join(', ')}` : (WHY[one.fate] ?? one.fate),
  ]);
  const sum = `${countText(change.kept)} kept, ${countText(change.removed)} removed (${bytesText(change.removedBytes)})`;
  return [policyText(change), '', ...(rows.length ? [tableText(COLUMNS, rows), ''] : []), sum].join(
    '\n',
  );
};

const show = async (
  { api, output }: Session,
  _: unknown,
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  const one = await api.json({ method: 'GET', path: pathOf(projectId) }, shown.retention);
  if (output.isJson) output.json(one);
  else output.result(policyText(one));
  return EXIT.done;
};

interface ChangeOptions {
  readonly dryRun?: boolean;
  readonly yes?: string;
}

/** Shows the effects, asks if something would be removed, and makes the change. */
const change = async (
  { api, output }: Session,
  { dryRun, yes }: ChangeOptions,
  projectId: string,
  send: (dryRun: boolean) => Parameters<Session['api']['json']>[0],
): Promise<ExitStatus> => {
  const checked = await api.json(send(true), shown.retentionChange);
  const print = (one: shown.RetentionChange): ExitStatus => {
    if (output.isJson) output.json(one);
    else output.result(changeText(one));
    return EXIT.done;
  };
  if (dryRun) return print(checked);
  if (checked.removed > 0) {
    output.note(`${changeText(checked)}\n`);
    const effect = `This removes ${countText(checked.removed)} of the backups of ${textOf(projectId)}`;
    await confirmProject(projectId, {
      given: yes,
      effect,
      question: `${effect}. Type the project's id to continue`,
    });
  }
  return print(await api.json(send(false), shown.retentionChange));
};

interface SetOptions extends ChangeOptions {
  readonly days?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly timeZone?: string;
}

const set = (session: Session, options: SetOptions, [projectId = '']: readonly string[]) => {
  const { days, daily, weekly, monthly, yearly, timeZone } = options;
  const generations = { daily, weekly, monthly, yearly };
  const hasClass = Object.values(generations).some((count) => count !== undefined);
  const policy = { days, timeZone, ...(hasClass && { generations }) };
  return change(session, options, projectId, (dryRun) => ({
    method: 'PUT',
    path: pathOf(projectId),
    body: { policy, dryRun },
  }));
};

const reset = (session: Session, options: ChangeOptions, [projectId = '']: readonly string[]) =>
  change(session, options, projectId, (dryRun) => ({
    method: 'DELETE',
    path: pathOf(projectId),
    query: { dryRun: String(dryRun) },
  }));

const withChange = (command: Command): Command =>
  command
    .argument('<project>', 'id of the project')
    .option('--dry-run', 'only show what would be kept and removed')
    .option('--yes <project>', "confirm with the project's id instead of the question");

/** Adds `retention` and its commands. */
export const addRetentionCommands = (program: Command, running: Running): void => {
  const retention = program
    .command('retention')
    .description("how long a project's backups are kept (docs/retention.md)");
  retention
    .command('show')
    .description('the policy of a project, and where it is set')
    .argument('<project>', 'id of the project')
    .action(acting(running, show));
  withChange(retention.command('set'))
    .description('give a project a policy of its own; its backups are decided again')
    .option('--days <days>', 'keep every backup this many days', positiveInteger)
    .option('--daily <days>', 'the same', positiveInteger)
    .option('--weekly <weeks>', 'keep the first of each week', positiveInteger)
    .option('--monthly <months>', 'keep the first of each month', positiveInteger)
    .option('--yearly <years>', 'keep the first of each year', positiveInteger)
    .option('--time-zone <name>', 'where weeks, months and years begin; UTC')
    .action(acting<SetOptions>(running, set));
  withChange(retention.command('reset'))
    .description('let the project follow its source again')
    .action(acting<ChangeOptions>(running, reset));
};
