import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { CommandFailed, EXIT, type ExitStatus } from '../exit.ts';
import { follow, type Step } from '../follow.ts';
import { factsText } from '../output.ts';
import { projectPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { countText, textOf, timeText } from '../words.ts';
import { confirmProject } from './confirm.ts';

/** `larder project erase`, `erasure` and `statement`. */
const pathOf = (projectId: string): string => `${projectPath(projectId)}/erase`;

const REASONS: Readonly<Record<string, string>> = {
  'object-lock': 'object lock forbids to remove them before it ends',
  refused: 'S3 refuses to remove them: see the log of the function erase',
};

const remainingText = ({ remaining }: shown.Erasure): string | undefined =>
  remaining &&
  `${countText(remaining.objects)} versions of objects: ${REASONS[remaining.reason] ?? remaining.reason}`;

const show = ({ output }: Session, one: shown.Erasure): ExitStatus => {
  const { removed } = one;
  if (output.isJson) output.json(one);
  else
    output.result(
      factsText([
        ['project', one.projectId],
        ['erasure', one.status],
        ['requested', timeText(one.requestedAt)],
        ['by', one.requestedBy],
        ['completed', one.completedAt && timeText(one.completedAt)],
        ['waiting for', one.waitingFor ? `${one.waitingFor} backups or restores` : undefined],
        ['objects', countText(removed.objects)],
        ['uploads', removed.uploads ? countText(removed.uploads) : undefined],
        ['rows', countText(removed.rows)],
        ['schedules', countText(removed.schedules)],
        ['remaining', remainingText(one)],
      ]),
    );
  return one.remaining ? EXIT.failed : EXIT.done;
};

const read = ({ api }: Session, projectId: string): Promise<shown.Erasure> =>
  api.json({ method: 'GET', path: pathOf(projectId) }, shown.erasure);

const stepOf = ({ waitingFor, removed }: shown.Erasure): Step => ({
  text: waitingFor
    ? `waits for ${countText(waitingFor)} backups or restores to stop`
    : `${countText(removed.objects)} objects, ${countText(removed.rows)} rows removed`,
});

interface EraseOptions {
  readonly yes?: string;
  readonly acceptListed?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
}

const erase = async (
  session: Session,
  options: EraseOptions,
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  await confirmProject(projectId, {
    given: options.yes,
    effect: 'This erases all backups of the project for good',
    question: `All backups, schedules and records of ${textOf(projectId)} are erased for good, and its id can't be used again. Type the project's id to continue`,
  });
  const started = await session.api.json(
    {
      method: 'POST',
      path: pathOf(projectId),
      body: { confirm: projectId, acceptListed: options.acceptListed },
    },
    shown.erasure,
  );
  if (!options.wait) return show(session, started);
  const ended = await follow(session, {
    read: () => read(session, projectId),
    isFinal: ({ status, remaining }) => status === 'completed' || remaining !== undefined,
    stepOf,
    what: `Erasing ${textOf(projectId)}`,
    ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
  });
  return show(session, ended);
};

const statement = async (
  { api, output }: Session,
  { output: file }: { readonly output?: string },
  [projectId = '']: readonly string[],
): Promise<ExitStatus> => {
  const signed = await api.json(
    { method: 'GET', path: `${pathOf(projectId)}/statement` },
    shown.erasureStatement,
  );
  if (file === undefined) {
    output.json(signed);
    return EXIT.done;
  }
  try {
    await writeFile(file, `${JSON.stringify(signed, null, 2)}\n`, { flag: 'wx' });
  } catch (cause) {
    throw new CommandFailed(`${file} can't be written, or exists already.`, EXIT.failed, { cause });
  }
  output.note(`The statement is in ${file}.`);
  return EXIT.done;
};

export const addEraseCommands = (project: Command, running: Running): void => {
  project
    .command('erase')
    .description('erase all backups and records of a project, for good')
    .argument('<project>', 'id of the project')
    .option('--yes <project>', 'its id again, instead of the question')
    .option('--accept-listed', 'also if its source still lists it')
    .option('--no-wait', 'return at once')
    .option('--timeout <seconds>', 'give up after so many seconds (exit status 5)', positiveInteger)
    .action(acting<EraseOptions>(running, erase));
  project
    .command('erasure')
    .description('progress of an erasure, and when it ended')
    .argument('<project>', 'id of the project')
    .action(
      acting(running, async (session, _, [projectId = '']) =>
        show(session, await read(session, projectId)),
      ),
    );
  project
    .command('statement')
    .description('the signed statement that a project was erased')
    .argument('<project>', 'id of the project')
    .option('-o, --output <file>', 'a new file; standard output without it')
    .action(acting<{ readonly output?: string }>(running, statement));
};
