import path from 'node:path';
import { VAULT } from '../../core/contract.ts';
import { printable, printableJson } from '../../core/printable.ts';
import type { ShownBackup } from './api-client.ts';
import type { FinishedRun } from './follow.ts';
import { isVerified, type VerifiedBackup } from './verify.ts';
import { bytesText, countText, fileName, secondsText } from './words.ts';

/** The result of the run, as a table for people and as a document for programs. */
const BEFORE = ['project', 'tables', 'rows', 'size', 'time', 'status'] as const;
const RIGHT = new Set<string>(['tables', 'rows', 'size', 'time']);

const orDash = <T>(value: T | undefined, text: (value: T) => string): string =>
  value === undefined ? '-' : text(value);

/** The path of an object in the vault. */
export const fileOf = (vaultFolder: string, fileId: string): string =>
  fileName(path.join(vaultFolder, fileId));

/** The result of the run, and of the verifications if they were requested. */
export interface Result extends FinishedRun {
  readonly verified?: readonly VerifiedBackup[];
}

const columnsOf = ({ verified }: Result): string[] => [
  ...BEFORE,
  ...(verified ? ['validation'] : []),
  'file',
];

/** The run's backups after their verification. */
const backupsOf = ({ backups, verified = [] }: Result): ShownBackup[] =>
  backups.map((backup) => verified.find((one) => one.backup.id === backup.id)?.backup ?? backup);

const cells = (backup: ShownBackup, verified: boolean): string[] => [
  printable(backup.projectId),
  orDash(backup.tableCount, countText),
  orDash(backup.rowCount, countText),
  orDash(backup.size, bytesText),
  orDash(backup.durationMs, secondsText),
  backup.status,
  ...(verified ? [orDash(backup.validation, (validation) => validation)] : []),
  orDash(backup.fileId, (fileId) => fileId.slice(VAULT.prefix.length)),
];

const aligned = (columns: readonly string[], body: readonly (readonly string[])[]): string[] => {
  const rows = [columns, ...body];
  const widths = columns.map((_, column) =>
    Math.max(...rows.map((row) => Array.from(row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - Array.from(cell).length);
        return RIGHT.has(columns[column] ?? '') ? `${gap}${cell}` : `${cell}${gap}`;
      })
      .join('  ')
      .trimEnd(),
  );
};

/** The table, then the failures and further notes. */
export const tableText = (result: Result, vaultFolder: string): string => {
  const { run, verified } = result;
  const backups = backupsOf(result);
  const lines = aligned(
    columnsOf(result),
    backups.map((backup) => cells(backup, verified !== undefined)),
  );
  if (backups.some(({ fileId }) => fileId !== undefined)) {
    lines.push(`The files are in ${fileOf(vaultFolder, VAULT.prefix)}.`);
  }
  for (const { projectId, error, warnings = [] } of backups) {
    if (error) lines.push(`${printable(projectId)} failed: ${error.message}`);
    for (const warning of warnings) lines.push(`${printable(projectId)}: ${warning}`);
  }
  if (verified) lines.push(...verdictLines(verified));
  for (const [source, part] of Object.entries(run.parts)) {
    if (part.error) lines.push(`${source} could not be planned: ${part.error.message}`);
    for (const { projectId, why } of part.skipped) {
      lines.push(`${printable(projectId)} was left out: ${why}`);
    }
  }
  if (backups.length === 0) lines.push('There was no active project to back up.');
  return lines.map(printable).join('\n');
};

const verdictLine = ({ backup, verification, why }: VerifiedBackup): string => {
  const name = printable(backup.projectId);
  const verdict = verification?.result?.verdict;
  if (verdict === 'verified')
    return `${name}: verified, but the backup’s row says ${backup.validation}`;
  return `${name}: verification ${verdict === 'failed' ? 'failed' : 'could not run'}: ${why}`;
};

const verdictLines = (verified: readonly VerifiedBackup[]): string[] => {
  const bad = verified.filter((one) => !isVerified(one));
  const good = verified.length - bad.length;
  return [
    ...bad.map(verdictLine),
    ...(verified.length
      ? [`${good} of ${verified.length} backups were restored and match their source.`]
      : []),
  ];
};

/** The one document of `--json`: each backup as the API shows it, with its verification. */
export const jsonText = (result: Result): string => {
  const { run, verified } = result;
  const backups = backupsOf(result).map((backup) => {
    const found = verified?.find((one) => one.backup.id === backup.id);
    return found ? { ...backup, verification: found.verification ?? { why: found.why } } : backup;
  });
  return printableJson({ run, backups }, 2);
};
