import type { Options } from './options.ts';
import type { Records } from './records.ts';
import type { Stage } from './stage.ts';
import type { Target } from './targets.ts';

/**
 * One part of the benchmark. A new one is a file in sections/ and a line in sections/all.ts. Its figures are stored in
 * benchmarks.json under its name, and its lines appear on the page in the order of that list.
 */
export interface Section<Figures> {
  /** As `--only` takes it. */
  readonly name: string;
  /** Increased when its figures change their form; 1 if it is missing. */
  readonly form?: number;
  /** Rejects if it can't be measured; the other sections continue. */
  measure(bench: Bench): Promise<Figures>;
  /** The targets for its figures. */
  targets?(figures: Figures): readonly Target[];
  /** Markdown lines of its figures, without its targets, date and machine, which follow below them. */
  lines(figures: Figures, records: Records): readonly string[];
}

export interface Bench {
  readonly options: Options;
  /** Reports progress. */
  say(line: string): void;
  /** The servers that contenders run against, started with the first section that needs them. */
  stage(): Promise<Stage>;
}
