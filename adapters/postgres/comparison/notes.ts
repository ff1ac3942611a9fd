import { quoted } from '../../../core/errors/base.ts';
import type { ManifestSequence } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';

/** Findings of a comparison that are not differences, and objects that could not be compared. */
export type ComparisonNote =
  | {
      readonly kind: 'sequence-ahead';
      readonly was: ManifestSequence;
      readonly is: ManifestSequence;
    }
  | { readonly kind: 'view-not-filled'; readonly view: TableName; readonly why?: string }
  /** No backup holds its rows: they were computed again, and may have been out of date when they were counted. */
  | {
      readonly kind: 'view-refreshed';
      readonly view: TableName;
      readonly was: number;
      readonly is: number;
    }
  | { readonly kind: 'view-uncounted'; readonly view: TableName }
  | { readonly kind: 'key-left-out'; readonly table: TableName; readonly name: string }
  | { readonly kind: 'no-definitions' }
  | {
      readonly kind: 'names-only';
      readonly because: 'major';
      readonly is: number;
      readonly was: string;
    }
  | { readonly kind: 'names-only'; readonly because: 'rule' }
  | { readonly kind: 'no-rows' }
  | { readonly kind: 'rows-counted-only'; readonly hashed: boolean }
  /** If `tables` is absent, this means all. */
  | { readonly kind: 'rows-without-hash'; readonly tables?: number };

export const named = ({ schema, name }: TableName): string => `${quoted(schema)}.${quoted(name)}`;

export const sequenceLine = (was: ManifestSequence, is: ManifestSequence): string => {
  const shown = ({ value, called }: ManifestSequence): string =>
    `${value}${called ? '' : ' (not given out yet)'}`;
  return `sequence ${named(was)} is at ${shown(is)}, and was at ${shown(was)}`;
};

/** For a verification's list of what was not compared. */
export const noteLine = (note: ComparisonNote): string => {
  switch (note.kind) {
    case 'sequence-ahead':
      return `${sequenceLine(note.was, note.is)}: it may have advanced while the backup was taken`;
    case 'view-not-filled':
      return `materialized view ${named(note.view)}: it was not filled here, since ${note.why ?? 'that failed'}`;
    case 'view-refreshed':
      return `materialized view ${named(note.view)}: it has ${note.is} rows once refreshed, and had ${note.was}; it may have been out of date, or read from outside the schema`;
    case 'view-uncounted':
      return `materialized view ${named(note.view)}: it is filled, but its rows were counted neither at the source nor here`;
    case 'key-left-out':
      return `foreign key ${quoted(note.name)} of ${named(note.table)}: it refers to a table outside the schema, whose rows the backup does not hold`;
    case 'no-definitions':
      return 'indexes, constraints and definitions: the manifest does not list them';
    case 'names-only':
      return note.because === 'major'
        ? `definitions: only their names were compared, since the scratch server is PostgreSQL ${note.is} and the source was ${note.was}`
        : 'definitions: only their names were compared, since the backup is of another version of Larder, which digested them by another rule';
    case 'no-rows':
      return 'rows: the backup holds definitions only';
    case 'rows-counted-only':
      return `rows' contents: they were counted and not compared; verify with "compare": "rows" for that${note.hashed ? '' : ', and take future backups with export.compare "rows"'}`;
    case 'rows-without-hash':
      return `rows' contents of ${note.tables ?? 'all'} tables: the backup has no hash of them; set export.compare to "rows" for future backups`;
  }
};

/** For the outcome of a restore, which reports only what differs. */
export const noteWarning = (note: ComparisonNote): string | undefined => {
  switch (note.kind) {
    case 'view-not-filled':
      return `Materialized view ${named(note.view)} could not be filled and has no rows.`;
    case 'view-refreshed':
      return `Materialized view ${named(note.view)} was refreshed and has ${note.is} rows now; it had ${note.was}, and may have been out of date.`;
    default:
      return undefined;
  }
};
