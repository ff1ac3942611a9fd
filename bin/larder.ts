#!/usr/bin/env node
/**
 * Larder's command line. Standard output has the result, standard error everything else. bin/cli has the commands that use the API,
 * bin/history those that read history and vault directly.
 */
import { CommanderError } from 'commander';
import { printable, printableLines } from '../core/printable.ts';
import type { Running } from './cli/command.ts';
import { CommandFailed, EXIT, type ExitStatus } from './cli/exit.ts';
import { isPassing, makeProgram, type Passing } from './cli/program.ts';
import { failureText } from './failures.ts';
import { BadUsage } from './usage.ts';

const VERBS = ['compare', 'rebuild'] as const;
const HISTORY_HELP = `larder history compare     compare the history table with the vault, and list the differences
larder history rebuild     write the rows that the history table lacks, from the manifests in the vault

Options of each: larder history compare --help
`;

const history = async (argv: readonly string[], running: Running): Promise<void> => {
  const [verb, ...options] = argv;
  if (verb === '--help' || verb === '-h') return void process.stdout.write(HISTORY_HELP);
  const command = VERBS.find((one) => one === verb);
  if (!command) {
    throw new BadUsage(
      verb === undefined || verb.startsWith('-')
        ? 'Give a command: history compare or history rebuild'
        : `There is no command "history ${verb}"`,
    );
  }
  // It loads the AWS SDK, which the other commands do not need.
  const { runHistory } = await import('./history/command.ts');
  running.status = (await runHistory(command, options, running.signal)) as ExitStatus;
};

const doctor = async (argv: readonly string[], running: Running): Promise<void> => {
  const { runDoctor } = await import('./doctor/command.ts');
  running.status = (await runDoctor(argv)) as ExitStatus;
};

/** Prints the message of a failed command and returns its exit status. */
const failed = (error: unknown): ExitStatus => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof BadUsage) {
    process.stderr.write(`larder: ${printable(error.message)}\nSee: larder --help\n`);
    return EXIT.usage;
  }
  if (error instanceof CommandFailed) {
    process.stderr.write(`larder: ${printableLines(error.message)}\n`);
    return error.status;
  }
  process.stderr.write(`larder: ${failureText(error)}\n`);
  return EXIT.failed;
};

const main = async (argv: readonly string[]): Promise<ExitStatus> => {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort();
    });
  const running: Running = { signal: stop.signal, status: EXIT.done };
  const passing: Passing = {
    history: (given) => history(given, running),
    doctor: (given) => doctor(given, running),
  };
  const program = makeProgram(running, passing);
  try {
    // It parses its own options, including `--help` and `--json`.
    if (isPassing(argv[0])) await passing[argv[0]](argv.slice(1));
    else await program.parseAsync([...argv], { from: 'user' });
    return running.status;
  } catch (error) {
    if (!stop.signal.aborted) return failed(error);
    process.stderr.write(
      'larder: stopped. Everything written is complete; the same command continues from there.\n',
    );
    return EXIT.interrupted;
  }
};

// If the reader of our output goes away, the work must still be finished.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const status = await main(process.argv.slice(2));
// Output written to a pipe is flushed before the exit.
process.stdout.write('', () => process.exit(status));
