import { factsText, listText, tableText } from '../output.ts';
import type * as shown from '../shown.ts';
import { agoText, bytesText, countText, durationText, orDash, timeText } from '../words.ts';

/** Backups as people read them. */
const COLUMNS = [
  { title: 'backup' },
  { title: 'created' },
  { title: 'status' },
  { title: 'verified' },
  { title: 'size', isNumber: true },
];

/** Short, so that the table fits 80 columns. */
const VERIFIED: Readonly<Record<string, string>> = {
  unverified: '-',
  verifying: 'running',
  verified: 'yes',
  'could-not-run': 'not run',
};

const rowOf = (one: shown.Backup, now: number): string[] => [
  one.id,
  agoText(one.createdAt, now),
  one.status,
  VERIFIED[one.validation] ?? one.validation,
  orDash(one.size, bytesText),
];

export const backupText = (one: shown.Backup): string =>
  [
    factsText([
      ['backup', one.id],
      ['project', one.projectId],
      ['schema', one.schemaName],
      ['source', one.source],
      ['name', one.name],
      ['status', one.status],
      ['verified', one.validationWhy ? `${one.validation}: ${one.validationWhy}` : one.validation],
      ['created', timeText(one.createdAt)],
      ['completed', one.completedAt && timeText(one.completedAt)],
      ['took', one.durationMs === undefined ? undefined : durationText(one.durationMs)],
      ['expires', one.pinned ? 'not while it is pinned' : timeText(one.expiresAt)],
      ['deleted', one.deletedAt && timeText(one.deletedAt)],
      ['deleted by', one.deletedBy],
      ['reason', one.deletedWhy],
      ['content', `${one.content}, ${one.format}${one.compression ? `, ${one.compression}` : ''}`],
      ['size', one.size === undefined ? undefined : bytesText(one.size)],
      ['tables', one.tableCount === undefined ? undefined : countText(one.tableCount)],
      ['rows', one.rowCount === undefined ? undefined : countText(one.rowCount)],
      ['SHA-256', one.checksum],
      ['error', one.error && `${one.error.name}: ${one.error.message}`],
    ]),
    ...listText('Warnings', one.warnings ?? []),
  ].join('\n');

const TABLES = [
  { title: 'table' },
  { title: 'kind' },
  { title: 'rows', isNumber: true },
  { title: 'on the server', isNumber: true },
];

/** The tables of a backup; their schema only if there are several. */
export const tablesText = ({ tables }: shown.Manifest): string => {
  const isOneSchema = new Set(tables.map(({ schema }) => schema)).size < 2;
  return tableText(
    TABLES,
    tables.map(({ schema, name, kind, rows, bytes }) => [
      isOneSchema ? name : `${schema}.${name}`,
      kind,
      rows === null ? '-' : countText(rows),
      bytesText(bytes),
    ]),
  );
};

/** Backups of several projects: their ids and states are of `larder backup list PROJECT`. */
export const dayTable = (items: readonly shown.Backup[], now: number): string =>
  tableText(
    [{ title: 'project' }, ...COLUMNS.slice(0, 3), ...COLUMNS.slice(4)],
    items.map((one) => {
      const [id = '', created = '', status = '', , size = ''] = rowOf(one, now);
      return [one.projectId, id, created, status, size];
    }),
  );

export const backupTable = (items: readonly shown.Backup[], now: number): string =>
  tableText(
    COLUMNS,
    items.map((one) => rowOf(one, now)),
  );
