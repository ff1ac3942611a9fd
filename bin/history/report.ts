import { printable } from '../../core/printable.ts';
import { countText } from '../words.ts';

/** Code that both reports share. */
export interface Names {
  readonly table: string;
  readonly bucket: string;
  readonly projectId?: string;
}

/** Lines of one kind that the text report shows; the JSON report has all of them. */
export const LISTED_AT_MOST = 50;

export const moreText = (count: number): string[] =>
  count > LISTED_AT_MOST
    ? [`  and ${countText(count - LISTED_AT_MOST)} more: --json lists all of them`]
    : [];

export const whereText = (name: string): string => printable(name);

/** One finding. A key already shows its project and backup. */
export const lineOf = (one: {
  readonly projectId?: string;
  readonly backupId?: string;
  readonly key?: string;
  readonly why: string;
}): string => {
  const about = one.key ?? [one.projectId, one.backupId].filter(Boolean).join(' ');
  return `  ${printable(about)}: ${printable(one.why)}`;
};
