import { parseArgs } from 'node:util';
import { STACK_NAME } from '../../core/contract.ts';
import { ConfigInvalid } from '../../lib/config.ts';
import { DATA_FOLDER } from '../../local/start/endpoints.ts';
import { BadUsage, EXIT } from '../usage.ts';
import { awsChecks } from './aws-checks.ts';
import { type Finding, lineOf, statusOf } from './check.ts';
import { localChecks } from './local-checks.ts';

export const DOCTOR_HELP = `larder doctor [options]

Checks the account: that the deployed resources are unchanged, that mails and alarms reach a person, and that each source can be reached and
lists its projects. It prints a line for each check. The list of projects in the history is brought up to date; nothing
else is written.

  --stack NAME          the deployed stack (Larder)
  --config FILE         the configuration it was deployed from (larder.config.ts)
  --local [DIR]         check the data folder of \`npm start\` instead (.larder), as far as its emulators support the calls
  --json                one JSON document on standard output, and nothing else there
  --help                this text

Exit status: 0 if nothing failed, 1 if something did, 2 for a wrong command line. Warnings and what is unknown do not fail.
`;

export interface DoctorArguments {
  readonly stack: string;
  readonly config: string;
  readonly local?: string;
  readonly json: boolean;
}

/** @throws BadUsage; undefined if help was requested */
export const readDoctorArguments = (argv: readonly string[]): DoctorArguments | undefined => {
  const args = argv.map((argument, index) => {
    const next = argv[index + 1];
    const isAlone = argument === '--local' && (next === undefined || next.startsWith('-'));
    return isAlone ? `--local=${DATA_FOLDER}` : argument;
  });
  try {
    const { values } = parseArgs({
      args,
      options: {
        stack: { type: 'string' },
        config: { type: 'string' },
        local: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return undefined;
    for (const name of ['stack', 'config', 'local'] as const)
      if (values[name] === '') throw new BadUsage(`--${name}: give a value`);
    if (values.local !== undefined && values.stack !== undefined)
      throw new BadUsage('Give --local or --stack, not both');
    const { stack = STACK_NAME, config = 'larder.config.ts', local, json } = values;
    return { stack, config, json, ...(local !== undefined && { local }) };
  } catch (error) {
    if (error instanceof BadUsage) throw error;
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
};

const report = (findings: readonly Finding[], json: boolean): string =>
  json ? JSON.stringify({ findings }, null, 2) : findings.map(lineOf).join('\n');

/** @throws BadUsage, and an error if the stack or folder does not exist */
export const runDoctor = async (argv: readonly string[]): Promise<number> => {
  const wanted = readDoctorArguments(argv);
  if (!wanted) {
    process.stdout.write(DOCTOR_HELP);
    return EXIT.fine;
  }
  let findings: readonly Finding[];
  try {
    findings =
      wanted.local === undefined ? await awsChecks(wanted) : await localChecks(wanted.local);
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  process.stdout.write(`${report(findings, wanted.json)}\n`);
  return statusOf(findings);
};
