import { factsText, listText } from '../output.ts';
import type * as shown from '../shown.ts';
import { bytesText, countText, durationText, timeText } from '../words.ts';

/** A restore as text: the checks before it and its outcome. */
const placesText = (places: readonly { readonly from: string; readonly to: string }[]): string =>
  places.map(({ from, to }) => (from === to ? from : `${from} -> ${to}`)).join(', ');

const dependentLines = (
  dependents: readonly {
    readonly kind: string;
    readonly name: string;
    readonly repoint: string;
  }[] = [],
): string[] => dependents.map(({ kind, name, repoint }) => `${kind} ${name} (repoint: ${repoint})`);

const reportLines = ({ report }: shown.Restore): string[] => {
  if (!report) return [];
  const { needs, problems, warnings, dependentObjects, namingLive = [] } = report;
  return [
    '',
    `Needs about ${bytesText(needs.databaseBytes)} on the server and ${durationText(needs.seconds * 1000)}.`,
    ...listText('Refused', problems),
    ...listText(
      'Objects of other schemas that use the live schema',
      dependentLines(dependentObjects),
    ),
    ...listText(
      'Objects whose code names the live schema',
      namingLive.map(({ what, writes }) => (writes ? `${what}: writes to it` : what)),
    ),
    ...listText('Warnings', warnings),
  ];
};

const outcomeLines = ({ outcome }: shown.Restore): string[] => {
  if (!outcome) return [];
  const { tables, rows, before, leftOut, unfinished = [], dependentObjects, warnings } = outcome;
  return [
    '',
    `Restored ${countText(tables)} tables with ${countText(rows)} rows.`,
    ...(before.length ? [`The schema that was live before is kept: ${placesText(before)}.`] : []),
    ...listText(
      'Left out',
      leftOut.map(({ what, why }) => `${what}: ${why}`),
    ),
    ...listText(
      'Unfinished, because rows violate them',
      unfinished.flatMap(({ object, why, sql }) => [
        `${object}: ${why}`,
        ...(sql ? [`  ${sql}`] : []),
      ]),
    ),
    ...listText('Objects of other schemas', dependentLines(dependentObjects)),
    ...listText('Warnings', warnings),
  ];
};

export const restoreText = (one: shown.Restore): string =>
  [
    factsText([
      ['restore', one.id],
      ['project', one.projectId],
      ['backup', one.backupId],
      ['source', one.source],
      ['kind', one.dryRun ? `${one.mode}, dry run` : one.mode],
      ['status', one.status],
      ['verdict', one.verdict],
      [
        'schemas',
        one.outcome
          ? placesText(one.outcome.schemas)
          : one.report && placesText(one.report.schemas),
      ],
      ['requested', timeText(one.createdAt)],
      ['took', one.durationMs === undefined ? undefined : durationText(one.durationMs)],
      ['error', one.error && `${one.error.name}: ${one.error.message}`],
    ]),
    // After the restore the report only repeats the outcome, which is more exact.
    ...(one.outcome ? outcomeLines(one) : reportLines(one)),
    ...(one.links.undo
      ? ['', `Undo it with: larder restore undo ${one.projectId} ${one.backupId} ${one.id}`]
      : []),
  ].join('\n');
