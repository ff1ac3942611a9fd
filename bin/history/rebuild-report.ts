import { printableJson } from '../../core/printable.ts';
import { countLines } from '../words.ts';
import { OMISSIONS, type Omission } from './candidates.ts';
import type { Rebuilt } from './rebuild.ts';
import { LISTED_AT_MOST, lineOf, moreText, type Names, whereText } from './report.ts';

/** The result of a rebuild, for people and for programs. */
const OMITTED: Readonly<
  Record<Omission['kind'], { readonly title: string; readonly next: string }>
> = {
  refused: {
    title: 'manifests that are not trusted or cannot be read',
    next: 'Look at refused manifests by hand: they are forged or damaged, or their keys are of an earlier key template, which --key-template accepts too.',
  },
  incomplete: {
    title: 'manifests whose object is missing, or another one',
    next: 'Look for earlier versions of the missing objects: the vault keeps deleted objects for 30 days.',
  },
  expired: {
    title: 'expired, and left as they are',
    next: 'Delete expired backups by hand, or let retention do it: --include-expired.',
  },
};

const omittedOf = (omitted: readonly Omission[], kind: Omission['kind']): readonly Omission[] =>
  omitted.filter((one) => one.kind === kind);

const nextOf = (rebuilt: Rebuilt, dryRun: boolean): string => {
  if (dryRun) return 'Nothing was written, because of --dry-run.';
  return rebuilt.written.length
    ? 'Compare the two: npm run larder -- history compare.'
    : 'The history had all of them already.';
};

export const rebuildText = (names: Names, rebuilt: Rebuilt, dryRun: boolean): string => {
  const kinds = OMISSIONS.map((kind) => ({ kind, found: omittedOf(rebuilt.omitted, kind) })).filter(
    ({ found }) => found.length,
  );
  return [
    `${dryRun ? 'Would rebuild' : 'Rebuilt'} the history ${whereText(names.table)} from the vault ${whereText(names.bucket)}`,
    '',
    ...countLines([
      ['manifests, of all attempts', rebuilt.manifests],
      [dryRun ? 'rows to write' : 'rows written', rebuilt.written.length],
      ['backups that had a row', rebuilt.there],
      [dryRun ? 'projects to register' : 'projects registered', rebuilt.registered],
      ...kinds.map(({ kind, found }) => [OMITTED[kind].title, found.length] as const),
    ]),
    ...kinds.flatMap(({ kind, found }) => [
      '',
      `${OMITTED[kind].title}:`,
      ...found.slice(0, LISTED_AT_MOST).map(lineOf),
      ...moreText(found.length),
    ]),
    '',
    'Next',
    `  - ${nextOf(rebuilt, dryRun)}`,
    ...kinds.map(({ kind }) => `  - ${OMITTED[kind].next}`),
  ].join('\n');
};

export const rebuildJson = (names: Names, rebuilt: Rebuilt, dryRun: boolean): string => {
  const { written, omitted, ...counts } = rebuilt;
  const omissions = Object.fromEntries(
    OMISSIONS.map((kind) => [kind, omittedOf(omitted, kind).length]),
  );
  const all = { ...counts, written: written.length, ...omissions };
  return printableJson({ ...names, dryRun, counts: all, written, omitted }, 2);
};
