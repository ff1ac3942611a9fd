import { Command } from 'commander';
import { VERSION } from '../../core/version.ts';
import type { Running } from './command.ts';
import { addBackupCommands } from './commands/backup.ts';
import { addProjectCommands } from './commands/project.ts';
import { addRestoreCommands } from './commands/restore.ts';
import { addRetentionCommands } from './commands/retention.ts';
import { addRunCommands } from './commands/run.ts';
import { addScheduleCommands } from './commands/schedule.ts';
import { addStatsCommand } from './commands/stats.ts';
import { addStatusCommand } from './commands/status.ts';

const EXIT_STATUSES = `
Exit status:
  0  done         1  failed        2  wrong usage
  3  not found    4  not allowed   5  timed out

Without --endpoint, --stack or --local, larder uses LARDER_ENDPOINT, else the
local stack that runs in this folder, else the deployed stack "Larder".`;

/** A command that parses its options elsewhere, such as `history compare`: `--help` is passed on as well. */
const addPassing = (
  program: Command,
  name: string,
  description: string,
  work: (argv: readonly string[]) => Promise<void>,
): void => {
  program
    .command(name)
    .description(description)
    .argument('[options...]')
    .helpOption(false)
    .allowUnknownOption()
    .action((argv: readonly string[]) => work(argv));
};

/** The action of each command that parses its own options. */
export type Passing = Readonly<
  Record<keyof typeof PASSING, (argv: readonly string[]) => Promise<void>>
>;

const PASSING = {
  history: 'compare the history with the vault, or rebuild it: history compare --help',
  doctor: 'check the deployed account: mails, alarms, keys, limits, each source: doctor --help',
} as const;

export const isPassing = (word: string | undefined): word is keyof typeof PASSING =>
  word !== undefined && Object.hasOwn(PASSING, word);

/** The whole command line. Its commands set `running.status`. */
export const makeProgram = (running: Running, passing: Passing): Command => {
  const program = new Command('larder')
    .description('Backups and restores of multi-tenant PostgreSQL, over the API of Larder.')
    .version(VERSION)
    .option('--endpoint <url>', "a deployed API: the stack's output ApiUrl")
    .option('--stack <name>', 'a deployed stack')
    .option('--local [folder]', 'the stack that npm start runs on this machine')
    .option('--profile <name>', 'of the AWS configuration')
    .option('--region <name>', 'of AWS')
    .option('--json', 'one JSON document on standard output')
    .option('--quiet', 'no notes and no progress')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addHelpText('after', EXIT_STATUSES);
  addBackupCommands(program, running);
  addRestoreCommands(program, running);
  addProjectCommands(program, running);
  addRetentionCommands(program, running);
  addRunCommands(program, running);
  addScheduleCommands(program, running);
  addStatusCommand(program, running);
  addStatsCommand(program, running);
  for (const [name, description] of Object.entries(PASSING))
    if (isPassing(name)) addPassing(program, name, description, passing[name]);
  return program;
};
