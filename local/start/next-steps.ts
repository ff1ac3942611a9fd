import path from 'node:path';
import type { PreparedDatabase } from '../database/prepare.ts';
import type { LocalStack } from '../stack.ts';
import { pathOfBackups, type ShownBackup } from './api-client.ts';
import { fileOf } from './report.ts';
import { fileName, shellQuoted } from './words.ts';

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
  const { stack, dataDir, backups, ending } = options;
  // The one with the shortest name makes the shortest commands.
  const byLength = [...backups].sort((a, b) => a.projectId.length - b.projectId.length);
  const completed = byLength.find(({ status, fileId }) => status === 'completed' && fileId);
  const sections = [
    ...(ending ? [] : [apiSection(stack.apiUrl, completed ?? byLength[0])]),
    ...(completed ? [restoreSection(options, completed)] : []),
    ending
      ? `Mails      ${fileName(path.join(dataDir, 'mails'))}, as .eml files`
      : `Mails      ${stack.mailUrl}, and as files in ${fileName(path.join(dataDir, 'mails'))}`,
    `Logs       ${fileName(path.join(dataDir, 'logs'))}`,
    ...(ending ? [] : ['Stop       Ctrl-C; vault and history stay for the next start']),
  ];
  return sections.join('\n');
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

const restoreSection = (
  { stack, database, ending }: NextSteps,
  { fileId = '' }: ShownBackup,
): string => {
  const file = shellQuoted(fileOf(stack.vaultFolder, fileId));
  const { superuser } = database;
  const reachable = superuser && !ending;
  const settings = Object.entries(reachable ? superuser : {}).map(
    ([name, value]) => ` ${name}=${shellQuoted(value)}`,
  );
  const programs = shellQuoted(path.dirname(database.psql));
  return [
    reachable
      ? 'Restore    by hand, into a database of its own on the demo server:'
      : 'Restore    by hand, into an empty database (PGHOST, PGUSER and so on say where):',
    `  export PATH=${programs}:$PATH${settings.join('')}`,
    "  psql -d postgres -c 'CREATE DATABASE restored'",
    `  ${restoreCommand(fileId, file)}`,
  ].join('\n');
};

const restoreCommand = (fileId: string, file: string): string => {
  if (!/\.sql(\.|$)/.test(fileId)) return `pg_restore --exit-on-error -d restored ${file}`;
  const reader = { gz: 'gunzip -c', zst: 'zstd -dc', bz2: 'bunzip2 -c' };
  const ending = fileId.split('.').at(-1) ?? '';
  const read = ending in reader ? reader[ending as keyof typeof reader] : 'cat';
  return `${read} ${file} | psql -1 -v ON_ERROR_STOP=1 -d restored`;
};
