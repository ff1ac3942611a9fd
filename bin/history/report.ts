import { countText, plain } from '../words.ts';

/** What both reports share. */
export interface Names {
  readonly table: string;
  readonly bucket: string;
  readonly projectId?: string;
}

/** Lines of one kind that a person is shown; a program gets all of them. */
export const LISTED_AT_MOST = 50;

export const moreText = (count: number): string[] =>
  count > LISTED_AT_MOST
    ? [`  and ${countText(count - LISTED_AT_MOST)} more: --json lists all of them`]
    : [];

export const whereText = (name: string): string => plain(name);
