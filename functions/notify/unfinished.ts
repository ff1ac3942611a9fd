import type { UnfinishedObject } from '../../core/restore.ts';
import type { Block } from './letter.ts';
import { isShowable, oneLine } from './wording.ts';

/** Objects that a restore could not restore completely, although every row is there, and one script that completes them. */
const LINES_SHOWN = 20;

const STATES = {
  'not-valid': 'holds for new rows only',
  missing: 'is missing',
  unfilled: 'has no rows',
  'not-computed': 'holds NULL in place of its values',
} as const;

const lineOf = ({ object, state, why }: UnfinishedObject): string =>
  oneLine(`${object} ${STATES[state]}: ${why}`, 500);

export const unfinishedBlocks = (all: readonly UnfinishedObject[]): Block[] => {
  if (!all.length) return [];
  const statements = all
    .slice(0, LINES_SHOWN)
    .flatMap(({ sql }) => (sql !== undefined && isShowable(sql) ? [`${sql};`] : []));
  return [
    {
      kind: 'table',
      columns: [
        { title: 'Unfinished: all rows are restored, but these objects differ from the source' },
      ],
      rows: all.slice(0, LINES_SHOWN).map((one) => [lineOf(one)]),
      more: Math.max(0, all.length - LINES_SHOWN),
    },
    ...(statements.length
      ? [
          { kind: 'heading', text: 'To complete them, after correcting the rows' } as const,
          { kind: 'code', text: statements.join('\n') } as const,
        ]
      : []),
  ];
};
