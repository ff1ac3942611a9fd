import path from 'node:path';
import { printable, printableLines } from '../../core/printable.ts';
import { shellWord } from '../../core/shell-word.ts';
import type { PreparedDatabase } from '../database/prepare.ts';
import type { LocalStack } from '../stack.ts';
import { pathOfBackups, type ShownBackup } from './api-client.ts';
import { fileOf } from './report.ts';
import { fileName } from './words.ts';

/** What to try next: commands that work as they stand, in the folder and with the addresses of this start. */
export interface NextSteps {
  readonly stack: LocalStack;
  readonly database: PreparedDatabase;
  readonly dataDir: string;
  readonly backups: readonly ShownBackup[];
  /** The stack is about to stop: what needs it is left out. */
  readonly ending: boolean;
}

export const nextStepsText = (options: NextSteps): string => {
  const { stack, database, dataDir, backups, ending } = options;
  // The one with the shortest name makes the shortest commands.
  const byLength = [...backups].sort((a, b) => a.projectId.length - b.projectId.length);
  const completed = byLength.find(({ status, fileId }) => status === 'completed' && fileId);
  const takesRestores = database.source.takesRestores && !ending;
  const sections = [
    ...(ending ? [] : [apiSection(stack.apiUrl, completed ?? byLength[0])]),
    ...(completed ? [shellSection(options)] : []),
    ...(completed && takesRestores
      ? [restoreSection(options, completed), swapSection(stack.apiUrl)]
      : []),
    ...(completed ? [byHandSection(options, completed)] : []),
    ending
      ? `Mails      ${fileName(path.join(dataDir, 'mails'))}, as .eml files`
      : `Mails      ${stack.mailUrl}, and as files in ${fileName(path.join(dataDir, 'mails'))}`,
    `Logs       ${fileName(path.join(dataDir, 'logs'))}`,
    ...(ending ? [] : ['Stop       Ctrl-C; vault and history stay for the next start']),
  ];
  return printableLines(sections.join('\n'));
};

const apiSection = (apiUrl: string, backup: ShownBackup | undefined): string => {
  const lines = [
    `API        ${apiUrl} (here nobody has to sign requests; deployed, IAM decides)`,
    `  curl -s ${apiUrl}/status`,
  ];
  if (backup) {
    const backups = `${apiUrl}${pathOfBackups(backup.projectId)}`;
    lines.push(
      `  curl -s -X POST -H 'content-type: application/json' -d '{"format":"plain"}' ${backups}`,
      `  curl -sLOJ '${backups}/${backup.id}/download?redirect=true'`,
    );
  }
  return lines.join('\n');
};

/** Programs and, where the server is ours, a superuser's access, for the shell that the commands are typed into. */
const shellSection = ({ database, ending }: NextSteps): string => {
  const settings = Object.entries(ending ? {} : (database.superuser ?? {})).map(
    ([name, value]) => ` ${name}=${shellWord(value)}`,
  );
  return [
    "Shell      with PostgreSQL's programs, for what follows:",
    `  export PATH=${shellWord(database.programs)}:$PATH${settings.join('')}`,
  ].join('\n');
};

/** Asks for a restore of `$B` and keeps its address in `R`; waits for its end; shows it. */
const askAndWait = (apiUrl: string, ending: string): string[] => [
  `  R=${apiUrl}$(curl -s -X POST $B/${ending} | sed -n 's/.*"self":"\\([^"]*\\)".*/\\1/p')`,
  `  while curl -s $R | grep -qE '"status":"(pending|in-progress)"'; do sleep 1; done; curl -s $R; echo`,
];

const restoreSection = ({ stack, database }: NextSteps, { projectId, id }: ShownBackup): string => {
  const backup = `${stack.apiUrl}${pathOfBackups(projectId)}/${id}`;
  const look = `  psql -d ${shellWord(database.source.database)} -c '\\dn'`;
  return [
    `Restore    ${printable(projectId)} beside its live schema, while the application goes on; then look at it:`,
    `  B=${backup}`,
    ...askAndWait(stack.apiUrl, 'restores'),
    ...(database.superuser ? [look] : []),
  ].join('\n');
};

const swapSection = (apiUrl: string): string =>
  [
    "Swap       put it in the live schema's place, which is kept under another name; then exchange them back:",
    ...askAndWait(apiUrl, 'swap'),
    '  curl -s -X POST $R/undo',
  ].join('\n');

const byHandSection = (
  { stack, database, ending }: NextSteps,
  { projectId, id, fileId = '' }: ShownBackup,
): string => {
  const file = shellWord(fileOf(stack.vaultFolder, fileId));
  const reachable = database.superuser !== undefined && !ending;
  const guide = `  curl -s ${stack.apiUrl}${pathOfBackups(projectId)}/${id}/restore-guide`;
  return [
    reachable
      ? 'By hand    the commands for this very backup; and into a database of its own on the demo server:'
      : 'By hand    into an empty database (PGHOST, PGUSER and so on say where):',
    ...(ending ? [] : [guide]),
    "  psql -d postgres -c 'CREATE DATABASE restored'",
    `  ${restoreCommand(fileId, file, reachable)}`,
  ].join('\n');
};

/** @param owned the roles that own its objects are there */
const restoreCommand = (fileId: string, file: string, owned: boolean): string => {
  const options = owned ? '' : ' --no-owner --no-privileges';
  if (!/\.sql(\.|$)/.test(fileId))
    return `pg_restore --exit-on-error${options} -d restored ${file}`;
  const reader = { gz: 'gunzip -c', zst: 'zstd -dc', bz2: 'bunzip2 -c' };
  const ending = fileId.split('.').at(-1) ?? '';
  const read = ending in reader ? reader[ending as keyof typeof reader] : 'cat';
  return `${read} ${file} | psql -1 -v ON_ERROR_STOP=1 -d restored`;
};
