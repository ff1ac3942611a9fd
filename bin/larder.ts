/**
 * Larder's command line: `npm run larder -- history compare`. A command is two words; each reads its own options. Standard
 * output has the result, standard error everything else.
 */
import { printable } from '../core/printable.ts';
import { VERSION } from '../core/version.ts';
import { runDoctor } from './doctor/command.ts';
import { failureText } from './failures.ts';
import { type HistoryCommand, runHistory } from './history/command.ts';
import { BadUsage, EXIT } from './usage.ts';

const HELP = `larder <command> [options]

  history compare     compare the history table with the vault, and list what is in one only
  history rebuild     write the rows that the history table lacks, from the manifests in the vault

  doctor              check what only the account can tell: mails, alarms, keys, limits, and whether each source is reached

  --help              this text, or that of a command: larder history compare --help
  --version           the version of Larder

Run it with: npm run larder -- <command> (npm run --silent for JSON alone).
`;

const isHistory = (word: string | undefined): word is HistoryCommand =>
  word === 'compare' || word === 'rebuild';

const run = async (argv: readonly string[], signal: AbortSignal): Promise<number> => {
  const [subject, verb, ...options] = argv;
  if (subject === 'history' && isHistory(verb)) return runHistory(verb, options, signal);
  if (subject === 'doctor') return runDoctor(argv.slice(1));
  if (argv.includes('--version')) {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.fine;
  }
  if (argv.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(HELP);
    return EXIT.fine;
  }
  const given = argv.filter((word) => !word.startsWith('-')).join(' ');
  throw new BadUsage(given ? `There is no command "${given}"` : 'Say what to do');
};

const main = async (argv: readonly string[]): Promise<number> => {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort();
    });
  try {
    return await run(argv, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write(
        'larder: stopped. What was written is whole; the same command goes on from there.\n',
      );
      return EXIT.interrupted;
    }
    if (error instanceof BadUsage) {
      process.stderr.write(`larder: ${printable(error.message)}\nSee: npm run larder -- --help\n`);
      return EXIT.usage;
    }
    process.stderr.write(`larder: ${failureText(error)}\n`);
    return EXIT.failed;
  }
};

// Whoever reads our output may go away; that is no reason to leave things half done.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const status = await main(process.argv.slice(2));
// What was written to a pipe goes out before the end.
process.stdout.write('', () => process.exit(status));
