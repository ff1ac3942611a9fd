import type { Command } from 'commander';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { follow, type Step } from '../follow.ts';
import { readList } from '../lists.ts';
import { factsText, listText, tableText } from '../output.ts';
import { idempotent } from '../paths.ts';
import * as shown from '../shown.ts';
import { agoText, countText, timeText } from '../words.ts';

/** The commands of `larder run`. */
const isOver = ({ sources, parts, counts }: shown.Run): boolean =>
  sources.every((source) => source in parts) &&
  counts !== undefined &&
  counts.pending + counts['in-progress'] === 0;

const isGood = ({ parts, counts }: shown.Run): boolean =>
  (counts?.failed ?? 0) + (counts?.cancelled ?? 0) === 0 &&
  Object.values(parts).every(({ error }) => !error);

const stepOf = ({ counts }: shown.Run): Step => {
  if (!counts) return { text: 'plans' };
  const { planned, completed, failed, cancelled } = counts;
  const ended = completed + failed + cancelled;
  return {
    share: planned ? ended / planned : 0,
    text: `${countText(ended)} of ${countText(planned)} backups${failed ? `, ${countText(failed)} failed` : ''}`,
  };
};

const textOf = (one: shown.Run): string => {
  const { counts, parts } = one;
  const skipped = Object.values(parts).flatMap((part) => part.skipped);
  const errors = Object.entries(parts).flatMap(([source, { error }]) =>
    error ? [`source ${source}: ${error.message}`] : [],
  );
  return [
    factsText([
      ['run', one.id],
      ['schedule', one.schedule],
      ['time', timeText(one.scheduledAt)],
      ['finished', one.finishedAt && timeText(one.finishedAt)],
      ['planned', counts && countText(counts.planned)],
      ['completed', counts && countText(counts.completed)],
      ['failed', counts && countText(counts.failed)],
      ['running', counts && countText(counts['in-progress'])],
      ['waiting', counts && countText(counts.pending)],
    ]),
    ...listText('Could not be planned', errors),
    ...listText(
      'Skipped',
      skipped.map(({ projectId, why }) => `${projectId}: ${why}`),
    ),
  ].join('\n');
};

const show = ({ output }: Session, one: shown.Run): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(textOf(one));
  return isOver(one) && !isGood(one) ? EXIT.failed : EXIT.done;
};

const read = ({ api }: Session, id: string, wait?: string): Promise<shown.Run> =>
  api.json({ method: 'GET', path: `/runs/${encodeURIComponent(id)}`, query: { wait } }, shown.run);

const watch = (session: Session, id: string, timeoutSeconds?: number): Promise<shown.Run> =>
  follow(session, {
    read: (wait) => read(session, id, wait),
    isFinal: isOver,
    stepOf,
    what: `Run ${id}`,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });

interface StartOptions {
  readonly project?: readonly string[];
  readonly source?: readonly string[];
  readonly wait?: boolean;
  readonly timeout?: number;
}

const start = async (session: Session, options: StartOptions): Promise<ExitStatus> => {
  const body = { projects: options.project, sources: options.source };
  const started = await session.api.json(
    { method: 'POST', path: '/runs', headers: idempotent(), body },
    shown.run,
  );
  if (!options.wait) return show(session, started);
  return show(session, await watch(session, started.id, options.timeout));
};

const COLUMNS = [
  { title: 'run' },
  { title: 'due' },
  { title: 'schedule' },
  { title: 'state' },
  { title: 'planned', isNumber: true },
];

const rowOf = (one: shown.Run, now: number): string[] => {
  const planned = Object.values(one.parts).reduce((sum, part) => sum + part.planned, 0);
  const state = one.finishedAt ? 'finished' : 'running';
  return [one.id, agoText(one.scheduledAt, now), one.schedule, state, countText(planned)];
};

interface ListOptions {
  readonly limit: number;
}

const list = async (session: Session, { limit }: ListOptions): Promise<ExitStatus> => {
  const { output } = session;
  const items = await readList(session, '/runs', shown.run, {}, limit);
  const now = Date.now();
  if (output.isJson) output.json({ items });
  else if (items.length)
    output.result(
      tableText(
        COLUMNS,
        items.map((one) => rowOf(one, now)),
      ),
    );
  else output.note('There was no run yet: larder run start begins one.');
  return EXIT.done;
};

/** Adds `run` and its commands. */
export const addRunCommands = (program: Command, running: Running): void => {
  const run = program.command('run').description('back up many projects at once');
  run
    .command('start')
    .description('back up everything now, or some projects or sources')
    .option('--project <id...>', 'only these projects')
    .option('--source <name...>', 'only these sources')
    .option('--wait', 'wait until it has ended; exit status 1 unless all backups completed')
    .option(
      '--timeout <seconds>',
      'with --wait: stop waiting after this many seconds (exit status 5)',
      positiveInteger,
    )
    .action(acting<StartOptions>(running, start));
  run
    .command('list')
    .description('runs, newest first')
    .option('--limit <count>', 'at most this many', positiveInteger, 20)
    .action(acting<ListOptions>(running, list));
  run
    .command('show')
    .description('what a run planned, and its progress')
    .argument('<run>', 'id of the run')
    .action(
      acting(running, async (session, _, [id = '']) => {
        show(session, await read(session, id));
        return EXIT.done;
      }),
    );
  run
    .command('watch')
    .description('follow a run until it has ended')
    .argument('<run>', 'id of the run')
    .option(
      '--timeout <seconds>',
      'stop waiting after this many seconds (exit status 5)',
      positiveInteger,
    )
    .action(
      acting<{ readonly timeout?: number }>(running, async (session, { timeout }, [id = '']) =>
        show(session, await watch(session, id, timeout)),
      ),
    );
};
