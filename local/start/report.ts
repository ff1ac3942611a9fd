import path from 'node:path';
import type { ShownBackup } from './api-client.ts';
import type { FinishedRun } from './follow.ts';
import { bytesText, countText, fileName, plainName, secondsText } from './words.ts';

/** What came of the run, as a table for people and as a document for programs. */
const COLUMNS = ['project', 'tables', 'rows', 'size', 'time', 'status', 'file'] as const;
const RIGHT = new Set<string>(['tables', 'rows', 'size', 'time']);

const orDash = <T>(value: T | undefined, text: (value: T) => string): string =>
  value === undefined ? '-' : text(value);

/** Where an object of the vault lies. */
export const fileOf = (vaultFolder: string, fileId: string): string =>
  fileName(path.join(vaultFolder, fileId));

const cells = (backup: ShownBackup, vaultFolder: string): string[] => [
  plainName(backup.projectId),
  orDash(backup.tableCount, countText),
  orDash(backup.rowCount, countText),
  orDash(backup.size, bytesText),
  orDash(backup.durationMs, secondsText),
  backup.status,
  orDash(backup.fileId, (fileId) => fileOf(vaultFolder, fileId)),
];

const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => Array.from(row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - Array.from(cell).length);
        return RIGHT.has(COLUMNS[column] ?? '') ? `${gap}${cell}` : `${cell}${gap}`;
      })
      .join('  ')
      .trimEnd(),
  );
};

/** The table, then what went wrong and what to know. */
export const tableText = ({ run, backups }: FinishedRun, vaultFolder: string): string => {
  const lines = aligned([[...COLUMNS], ...backups.map((backup) => cells(backup, vaultFolder))]);
  for (const { projectId, error, warnings = [] } of backups) {
    if (error) lines.push(`${plainName(projectId)} failed: ${error.message}`);
    for (const warning of warnings) lines.push(`${plainName(projectId)}: ${warning}`);
  }
  for (const [source, part] of Object.entries(run.parts)) {
    if (part.error) lines.push(`${source} could not be planned: ${part.error.message}`);
    for (const { projectId, why } of part.skipped) {
      lines.push(`${plainName(projectId)} was left out: ${why}`);
    }
  }
  if (backups.length === 0) lines.push('No active project was there to back up.');
  return lines.join('\n');
};

/** The one document of `--json`. */
export const jsonText = (finished: FinishedRun): string =>
  JSON.stringify({ run: finished.run, backups: finished.backups }, null, 2);
