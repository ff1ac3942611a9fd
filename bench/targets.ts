import { table } from './numbers.ts';

/** One target for a figure, and whether it is met. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly missed: boolean;
}

/** At most this much; `write` formats both figures with their unit. */
export const atMost = (
  what: string,
  limit: number,
  measured: number,
  write: (value: number) => string,
): Target => ({
  what,
  wanted: limit === 0 ? write(0) : `at most ${write(limit)}`,
  measured: write(measured),
  // A target counts as missed if its figure was not measured (NaN).
  missed: !(measured <= limit),
});

/** Markdown lines. */
export const targetTable = (targets: readonly Target[]): readonly string[] =>
  targets.length
    ? table(
        ['', 'wanted', 'measured', ''],
        targets.map(({ what, wanted, measured, missed }) => [
          what,
          wanted,
          measured,
          missed ? '**missed**' : 'met',
        ]),
      )
    : [];
