import type { Options } from './options.ts';
import type { Records } from './records.ts';
import type { Stage } from './stage.ts';
import type { Target } from './targets.ts';

/**
 * One part of the benchmark. A new one is a file in sections/ and a line in sections/all.ts: what it measures is kept in
 * benchmarks.json under its name, and its lines stand on the page in the order of that list.
 */
export interface Section<Figures> {
  /** As `--only` takes it. */
  readonly name: string;
  /** Counted up when its figures change their form; 1 where it is not said. */
  readonly form?: number;
  /** Rejects where it can't be measured; the other sections go on. */
  measure(bench: Bench): Promise<Figures>;
  /** What is wanted of its figures. */
  targets?(figures: Figures): readonly Target[];
  /** Markdown lines of its figures, without its targets, date and machine, which stand below them. */
  lines(figures: Figures, records: Records): readonly string[];
}

export interface Bench {
  readonly options: Options;
  /** Reports progress. */
  say(line: string): void;
  /** The servers that contenders run against, started with the first section that asks. */
  stage(): Promise<Stage>;
}
