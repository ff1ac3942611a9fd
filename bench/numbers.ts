/** Medians, spreads, and the format of figures. */
export const MIB = 1024 ** 2;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

/** Seconds with as many digits as are significant. */
export const seconds = (value: number): string =>
  value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;

export const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;

/** Median, with minimum and maximum. */
export const spread = (values: readonly number[], write: (value: number) => string): string =>
  `${write(median(values))} (${write(Math.min(...values))} – ${write(Math.max(...values))})`;

/** The number of measurements, in words for the page. */
export const times = (rounds: number): string => (rounds === 1 ? '1 round' : `${rounds} rounds`);

/** Markdown lines. The first column is text, the others are figures. */
export const table = (
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] => [
  `| ${heads.join(' | ')} |`,
  `| ${heads.map((_, index) => (index ? '---:' : '---')).join(' | ')} |`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];
