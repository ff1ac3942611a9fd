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
    next: 'The vault keeps what was deleted for 30 days: look for an earlier version with `aws s3api list-object-versions --bucket BUCKET --prefix KEY` and remove its delete marker. Otherwise these backups are lost: back the projects up again.',
  },
  'manifest-missing': {
    title: 'completed rows whose manifest is not in the vault',
    next: 'The backups themselves are there and can be restored by hand, but neither verified nor rebuilt from the vault: look for an earlier version of the manifest, as for an object.',
  },
  damaged: {
    title: 'objects that are not what was stored',
    next: 'Do not restore from damaged objects. Look for an earlier version of the key, find out by CloudTrail who wrote it, and back the project up again.',
  },
  unread: {
    title: 'objects that could not be read',
    next: 'What could not be read was not compared: mend the access (the reason is beside each) and compare again.',
  },
  'row-missing': {
    title: 'backups in the vault without a row',
    next: 'Write their rows: `npm run larder -- history rebuild`, with --dry-run first.',
  },
  expired: {
    title: 'backups in the vault without a row, past their time',
    next: 'Nobody will remove what has expired and has no row: delete it by hand, or let retention do it with `npm run larder -- history rebuild --include-expired`.',
  },
  disagree: {
    title: 'rows that do not say what their manifests say',
    next: 'A row or a manifest was changed by hand: the object that --checksums finds whole has the truth of its size and checksum. Nothing mends it by itself.',
  },
  refused: {
    title: 'manifests that are not believed, or can not be read',
    next: 'Look at refused manifests by hand, and find out by CloudTrail who put them there: no row is ever made from them.',
  },
  'manifest-alone': {
    title: 'manifests whose object is not there',
    next: 'A manifest alone is no backup: look for an earlier version of its object, or delete it.',
  },
  'object-alone': {
    title: 'objects without manifest and row',
    next: 'Objects without manifest and row are what an attempt left that ended before its manifest: without a manifest it is unknown whether they are whole. Delete them, or restore from them by hand at your own risk.',
  },
  'left-behind': {
    title: 'objects that their row has given up',
    next: 'What a row has given up (deleted, failed, or another attempt of it) `sweep` removes once it is a day old. What stays for longer: see the log of sweep.',
  },
  foreign: {
    title: 'keys that no key template makes',
    next: 'If these are of an earlier key template, give it as well: --key-template, once for each. Otherwise they are none of Larder.',
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
