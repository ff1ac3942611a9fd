import { STATUSES, type Status } from '../../core/backup.ts';

/** The kinds of differences between vault and history, in the order of the report. */
export const DIFFERENCES = [
  'object-missing',
  'manifest-missing',
  'damaged',
  'unread',
  'row-missing',
  'expired',
  'disagree',
  'refused',
  'manifest-alone',
  'object-alone',
  'left-behind',
  'foreign',
] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** The name of each kind, and what to do about it. */
export const MEANINGS: Readonly<
  Record<Difference, { readonly title: string; readonly next: string }>
> = {
  'object-missing': {
    title: 'completed rows whose object is not in the vault',
    next: 'The vault keeps deleted objects for 30 days: look for an earlier version with `aws s3api list-object-versions --bucket BUCKET --prefix KEY` and remove its delete marker. Otherwise these backups are lost: back the projects up again.',
  },
  'manifest-missing': {
    title: 'completed rows whose manifest is not in the vault',
    next: 'The backups themselves exist and can be restored by hand, but they can be neither verified nor rebuilt from the vault: look for an earlier version of the manifest, as for an object.',
  },
  damaged: {
    title: 'objects that have changed since they were stored',
    next: 'Do not restore from damaged objects. Look for an earlier version of the key, find out with CloudTrail who wrote it, and back up the project again.',
  },
  unread: {
    title: 'objects that could not be read',
    next: 'Objects that could not be read were not compared: correct the access (each line has the reason) and compare again.',
  },
  'row-missing': {
    title: 'backups in the vault without a row',
    next: 'Write their rows: `npm run larder -- history rebuild`, with --dry-run first.',
  },
  expired: {
    title: 'expired backups in the vault without a row',
    next: 'Nothing removes an expired backup without a row: delete it by hand, or let retention do it with `npm run larder -- history rebuild --include-expired`.',
  },
  disagree: {
    title: 'rows that differ from their manifests',
    next: 'A row or a manifest was changed by hand: an object that passes --checksums has the correct size and checksum. Correct the row by hand.',
  },
  refused: {
    title: 'manifests that are not trusted or cannot be read',
    next: 'Look at refused manifests by hand, and find out with CloudTrail who put them there: no row is ever written from them.',
  },
  'manifest-alone': {
    title: 'manifests whose object is missing',
    next: 'A manifest alone is not a backup: look for an earlier version of its object, or delete it.',
  },
  'object-alone': {
    title: 'objects without manifest and row',
    next: 'Objects without manifest and row are left over from attempts that ended before they wrote the manifest: without it, it is not known whether they are complete. Delete them, or restore from them by hand at your own risk.',
  },
  'left-behind': {
    title: 'objects that their row no longer names',
    next: '`sweep` removes an object that its row no longer names (deleted, failed, or of another attempt) when it is a day old. If one stays longer, check the log of sweep.',
  },
  foreign: {
    title: 'keys that match no key template',
    next: 'If these keys follow an earlier key template, give that too: --key-template, once for each. Otherwise they do not belong to Larder.',
  },
};

export interface Finding {
  readonly kind: Difference;
  readonly projectId?: string;
  readonly backupId?: string;
  readonly key?: string;
  readonly why: string;
}

/** Totals of both sides, so that users see at once whether they compare the right ones. */
export interface Tally {
  /** Projects, backup objects (no manifests), and their bytes. */
  readonly vault: { projects: number; objects: number; manifests: number; bytes: number };
  readonly history: { projects: number; rows: Record<Status, number> };
  /** Completed backups that both have and that agree. */
  same: number;
}

export interface Comparison extends Tally {
  readonly findings: readonly Finding[];
}

export const emptyTally = (): Tally => ({
  vault: { projects: 0, objects: 0, manifests: 0, bytes: 0 },
  history: {
    projects: 0,
    rows: Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>,
  },
  same: 0,
});

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** By kind, project and backup. */
export const inOrder = (one: Finding, other: Finding): number =>
  DIFFERENCES.indexOf(one.kind) - DIFFERENCES.indexOf(other.kind) ||
  order(one.projectId ?? '', other.projectId ?? '') ||
  order(one.backupId ?? '', other.backupId ?? '') ||
  order(one.key ?? '', other.key ?? '');
