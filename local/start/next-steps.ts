import path from 'node:path';
import { printable, printableLines } from '../../core/printable.ts';
import { shellWord } from '../../core/shell-word.ts';
import type { PreparedDatabase } from '../database/prepare.ts';
import type { LocalStack } from '../stack.ts';
import type { ShownBackup } from './api-client.ts';
import { curlFileIn, DATA_FOLDER } from './endpoints.ts';
import { fileOf } from './report.ts';
import { fileName } from './words.ts';

/** Suggested commands: they work without changes, in the folder and with the addresses of this start. */
export interface NextSteps {
  readonly stack: LocalStack;
  readonly database: PreparedDatabase;
  readonly dataDir: string;
  readonly backups: readonly ShownBackup[];
  /** The stack is about to stop: commands that need it are left out. */
  readonly ending: boolean;
}

export const nextStepsText = (options: NextSteps): string => {
  const { stack, database, dataDir, backups, ending } = options;
  // The shortest name makes the shortest commands.
  const byLength = [...backups].sort((a, b) => a.projectId.length - b.projectId.length);
  const completed = byLength.find(({ status, fileId }) => status === 'completed' && fileId);
  const takesRestores = database.source.takesRestores && !ending;
  const sections = [
    ...(ending ? [] : [apiSection(options, completed ?? byLength[0])]),
    ...(completed && takesRestores ? [restoreSection(options, completed)] : []),
    ...(completed ? [shellSection(options), byHandSection(options, completed)] : []),
    ending
      ? `Mails      ${fileName(path.join(dataDir, 'mails'))}, as .eml files`
      : `Mails      ${stack.mailUrl}, and as files in ${fileName(path.join(dataDir, 'mails'))}`,
    `Logs       ${fileName(path.join(dataDir, 'logs'))}`,
    ...(ending ? [] : ['Stop       Ctrl-C; vault and history are kept for the next start']),
  ];
  return printableLines(sections.join('\n'));
};

/** The command line finds the default data folder without an option. */
const larderOf = ({ dataDir }: NextSteps): string => {
  const isUsual = path.resolve(DATA_FOLDER) === path.resolve(dataDir);
  return `npx larder${isUsual ? '' : ` --local ${shellWord(fileName(dataDir))}`}`;
};

const apiSection = (options: NextSteps, backup: ShownBackup | undefined): string => {
  const larder = larderOf(options);
  return [
    'Try        in another terminal, in this folder (larder --help lists all commands):',
    `  ${larder} status`,
    ...(backup ? [`  ${larder} backup create ${shellWord(backup.projectId)} --wait`] : []),
    `API        ${options.stack.apiUrl}; its token is in ${fileName(curlFileIn(options.dataDir))}`,
  ].join('\n');
};

const restoreSection = (options: NextSteps, { projectId }: ShownBackup): string => {
  const larder = larderOf(options);
  const project = shellWord(projectId);
  return [
    `Restore    ${printable(projectId)} beside its live schema, while the application keeps running:`,
    `  ${larder} restore create ${project}`,
    'Swap       replace the live schema by a backup; the output says how to undo it:',
    `  ${larder} restore swap ${project}`,
  ].join('\n');
};

/** The programs' path and, if the server is ours, a superuser's access, for the user's shell. */
const shellSection = ({ database, ending }: NextSteps): string => {
  const settings = Object.entries(ending ? {} : (database.superuser ?? {})).map(
    ([name, value]) => ` ${name}=${shellWord(value)}`,
  );
  return [
    "Shell      with PostgreSQL's programs, for the commands below:",
    `  export PATH=${shellWord(database.programs)}:$PATH${settings.join('')}`,
  ].join('\n');
};

const byHandSection = (options: NextSteps, { projectId, id, fileId = '' }: ShownBackup): string => {
  const { stack, database, ending } = options;
  const file = shellWord(fileOf(stack.vaultFolder, fileId));
  const reachable = database.superuser !== undefined && !ending;
  const guide = `  ${larderOf(options)} restore guide ${shellWord(projectId)} ${id}`;
  return [
    reachable
      ? 'By hand    the commands for this backup, and a restore into a new database of the demo server:'
      : 'By hand    into an empty database (PGHOST, PGUSER and so on say where):',
    ...(ending ? [] : [guide]),
    "  psql -d postgres -c 'CREATE DATABASE restored'",
    `  ${restoreCommand(fileId, file, reachable)}`,
  ].join('\n');
};

/** @param owned whether the roles that own its objects exist */
const restoreCommand = (fileId: string, file: string, owned: boolean): string => {
  const options = owned ? '' : ' --no-owner --no-privileges';
  if (!/\.sql(\.|$)/.test(fileId))
    return `pg_restore --exit-on-error${options} -d restored ${file}`;
  const reader = { gz: 'gunzip -c', zst: 'zstd -dc', bz2: 'bunzip2 -c' };
  const ending = fileId.split('.').at(-1) ?? '';
  const read = ending in reader ? reader[ending as keyof typeof reader] : 'cat';
  return `${read} ${file} | psql -1 -v ON_ERROR_STOP=1 -d restored`;
};
