import { type Command, Option } from 'commander';
import { FORMATS } from '../../../core/backup.ts';
import { encodePart } from '../../../core/keys.ts';
import { RETENTION_CLASSES } from '../../../core/retention/classes.ts';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readList } from '../lists.ts';
import { factsText, listText, tableText } from '../output.ts';
import { projectPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText, timeText } from '../words.ts';

/** The commands of `larder schedule`. Without --project, a schedule is one for all projects. */
interface ScopeOptions {
  readonly project?: string;
}

const pathOf = ({ project }: ScopeOptions): string =>
  project === undefined ? '/schedules' : `${projectPath(project)}/schedules`;

const pathTo = (scope: ScopeOptions, name: string): string =>
  `${pathOf(scope)}/${encodePart(name)}`;

const COLUMNS = [
  { title: 'schedule' },
  { title: 'project' },
  { title: 'due' },
  { title: 'next' },
  { title: 'last' },
  { title: 'by' },
];

const projectText = ({ scope, projectId, projectStatus, projects }: shown.Schedule): string => {
  if (scope === 'project') return `${projectId}${projectStatus === 'GONE' ? ' (gone)' : ''}`;
  return projects ? `${projects.length} of all` : 'all';
};

const rowOf = (one: shown.Schedule, now: number): string[] => {
  const [next] = one.nextTimes;
  const waits = next === undefined ? 'never' : agoText(next, now);
  return [
    one.name,
    projectText(one),
    one.expression,
    one.paused ? 'paused' : waits,
    one.lastDueAt === undefined ? '-' : agoText(one.lastDueAt, now),
    one.managedBy === 'api' ? 'API' : 'config',
  ];
};

const textOf = (one: shown.Schedule): string =>
  [
    factsText([
      ['schedule', one.name],
      ['project', projectText(one)],
      ['sources', one.sources?.join(', ')],
      ['due', `${one.expression} in ${one.timeZone}`],
      ['window', one.flexibleMinutes ? `${one.flexibleMinutes} min` : undefined],
      ['kept', one.retentionDays ? `${one.retentionDays} days` : `as ${one.retentionClass}`],
      ['format', one.format],
      ['state', one.paused ? 'paused' : 'active'],
      ['last', one.lastDueAt && timeText(one.lastDueAt)],
      ['managed by', one.managedBy === 'api' ? 'the API' : 'the configuration'],
    ]),
    ...listText('Next times', one.nextTimes.map(timeText)),
    ...listText('Warnings', one.warnings ?? []),
  ].join('\n');

const show = ({ output }: Session, one: shown.Schedule): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(textOf(one));
  return EXIT.done;
};

interface ListOptions extends ScopeOptions {
  readonly limit: number;
}

const list = async (session: Session, options: ListOptions): Promise<ExitStatus> => {
  const { output } = session;
  const items =
    options.project === undefined
      ? await readList(session, '/schedules', shown.schedule, {}, options.limit)
      : (await session.api.json({ method: 'GET', path: pathOf(options) }, shown.schedules)).items;
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
    output.note('There is no schedule. Make one: larder schedule set nightly "cron(0 2 * * ? *)"');
  return EXIT.done;
};

const read = ({ api }: Session, path: string): Promise<shown.Schedule> =>
  api.json({ method: 'GET', path }, shown.schedule);

interface SetOptions extends ScopeOptions {
  readonly timeZone?: string;
  readonly window?: number;
  readonly class?: string;
  readonly retentionDays?: number;
  readonly format?: string;
  readonly paused?: boolean;
  readonly create?: boolean;
}

const set = async (
  session: Session,
  options: SetOptions,
  [name = '', expression = '']: readonly string[],
): Promise<ExitStatus> => {
  const body = {
    expression,
    timeZone: options.timeZone,
    flexibleMinutes: options.window,
    retentionClass: options.class,
    retentionDays: options.retentionDays,
    format: options.format,
    paused: options.paused,
  };
  const headers = options.create ? { 'if-none-match': '*' } : {};
  const path = pathTo(options, name);
  return show(
    session,
    await session.api.json({ method: 'PUT', path, body, headers }, shown.schedule),
  );
};

/** Everything of the schedule stays as it is, but for whether it is paused. */
const pausing =
  (paused: boolean) =>
  async (session: Session, options: ScopeOptions, [name = '']: readonly string[]) => {
    const path = pathTo(options, name);
    const { expression, timeZone, flexibleMinutes, retentionClass, retentionDays, format } =
      await read(session, path);
    const body = {
      expression,
      timeZone,
      flexibleMinutes,
      retentionClass,
      retentionDays,
      format,
      paused,
    };
    return show(session, await session.api.json({ method: 'PUT', path, body }, shown.schedule));
  };

const remove = async (
  { api, output }: Session,
  options: ScopeOptions,
  [name = '']: readonly string[],
): Promise<ExitStatus> => {
  const path = pathTo(options, name);
  const deleted = await api.json({ method: 'DELETE', path }, shown.schedule);
  if (output.isJson) output.json(deleted);
  else output.note(`Schedule ${name} is deleted. Its backups stay.`);
  return EXIT.done;
};

/** Adds `schedule` and its commands. */
export const addScheduleCommands = (program: Command, running: Running): void => {
  const schedule = program.command('schedule').description('when backups are made by themselves');
  const ofScope = (command: Command): Command =>
    command.option('--project <id>', 'of this project; without it, of all projects');
  ofScope(schedule.command('list'))
    .description('schedules of the configuration and of the API')
    .option('--limit <count>', 'at most so many', positiveInteger, 100)
    .action(acting<ListOptions>(running, list));
  ofScope(schedule.command('show'))
    .description('one schedule, with its next times')
    .argument('<name>', 'name of the schedule')
    .action(
      acting<ScopeOptions>(running, async (session, options, [name = '']) =>
        show(session, await read(session, pathTo(options, name))),
      ),
    );
  ofScope(schedule.command('set'))
    .description('create or replace a schedule')
    .argument('<name>', 'lower-case letters, digits and "-"')
    .argument('<expression>', 'such as "cron(0 2 * * ? *)" or "rate(12 hours)"')
    .option('--time-zone <name>', 'such as Europe/Berlin; UTC without it')
    .option('--window <minutes>', 'may fire so much later', positiveInteger)
    .addOption(new Option('--class <class>', 'retention class').choices(RETENTION_CLASSES))
    .option('--retention-days <days>', 'instead of those of the class', positiveInteger)
    .addOption(new Option('--format <format>', "instead of the configuration's").choices(FORMATS))
    .option('--paused', 'do not fire yet')
    .option('--create', 'refuse to replace an existing one')
    .action(acting<SetOptions>(running, set));
  ofScope(schedule.command('pause'))
    .description('keep a schedule, and do not fire it')
    .argument('<name>', 'name of the schedule')
    .action(acting<ScopeOptions>(running, pausing(true)));
  ofScope(schedule.command('resume'))
    .description('fire a paused schedule again')
    .argument('<name>', 'name of the schedule')
    .action(acting<ScopeOptions>(running, pausing(false)));
  ofScope(schedule.command('delete'))
    .description('delete a schedule; its backups stay')
    .argument('<name>', 'name of the schedule')
    .action(acting<ScopeOptions>(running, remove));
};
