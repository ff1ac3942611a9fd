import type { Command } from 'commander';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readList } from '../lists.ts';
import { factsText, tableText } from '../output.ts';
import { projectPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText, bytesText, timeText } from '../words.ts';
import { addEraseCommands } from './erase.ts';

/** The commands of `larder project`. */
const COLUMNS = [
  { title: 'project' },
  { title: 'name' },
  { title: 'source' },
  { title: 'status' },
  { title: 'last good backup' },
  { title: 'size', isNumber: true },
];

interface ListOptions {
  readonly limit: number;
}

const list = async (session: Session, { limit }: ListOptions): Promise<ExitStatus> => {
  const { output } = session;
  const items = await readList(session, '/projects', shown.project, {}, limit);
  const now = Date.now();
  const rows = items.map(({ id, name, source, status, lastSuccess }) => [
    id,
    name,
    source,
    status,
    lastSuccess ? agoText(lastSuccess.at, now) : 'none',
    lastSuccess ? bytesText(lastSuccess.size) : '-',
  ]);
  if (output.isJson) output.json({ items });
  else if (rows.length) output.result(tableText(COLUMNS, rows));
  else
    output.note(
      'No project is known yet: the first run finds them. Start one with: larder run start',
    );
  return EXIT.done;
};

const show = async (
  { api, output }: Session,
  _: unknown,
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  const one = await api.json({ method: 'GET', path: projectPath(projectId) }, shown.project);
  const { lastSuccess } = one;
  if (output.isJson) output.json(one);
  else
    output.result(
      factsText([
        ['project', one.id],
        ['name', one.name],
        ['schema', one.schemaName],
        ['source', one.source],
        ['status', one.status],
        ['seen', one.seenAt && timeText(one.seenAt)],
        ['last good backup', lastSuccess ? lastSuccess.backupId : 'none: it was never backed up'],
        ['of', lastSuccess && timeText(lastSuccess.at)],
        ['size', lastSuccess && bytesText(lastSuccess.size)],
      ]),
    );
  return EXIT.done;
};

/** Adds `project` and its commands. */
export const addProjectCommands = (program: Command, running: Running): void => {
  const project = program.command('project').description('the tenants that Larder knows');
  project
    .command('list')
    .description('projects as last seen in their sources')
    .option('--limit <count>', 'at most this many', positiveInteger, 100)
    .action(acting<ListOptions>(running, list));
  addEraseCommands(project, running);
  project
    .command('show')
    .description('one project, with its last good backup')
    .argument('<project>', 'id of the project')
    .action(acting(running, show));
};
